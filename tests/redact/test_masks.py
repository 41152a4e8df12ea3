from typing import Any

import pytest

from wikipayam_async.redact.masks import mask_mapping, mask_number, mask_text, shape_of
from wikipayam_async.redact.sealed import Secret


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("09123456789", "0912*****89"),
        ("989123456789", "9891******89"),
        ("12345678", "1234**78"),
        ("1234567", "***"),
        ("", "***"),
        (None, "None"),
        (9123456789, "<a number (int)>"),
        (True, "<True>"),
        (b"09123456789", "<an object of type bytes>"),
    ],
)
def test_a_number_is_masked(number: Any, shown: str) -> None:
    """A number keeps its first four and last two digits; any other value shows its type."""
    assert mask_number(number) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("secret", "<6 characters>"),
        ("", "<0 characters>"),
        (None, "None"),
        (123456, "<a number (int)>"),
        (["secret"], "<an object of type list>"),
    ],
)
def test_a_text_is_masked(text: Any, shown: str) -> None:
    """A text or a code shows its length; any other value shows its type."""
    assert mask_text(text) == shown


@pytest.mark.parametrize(
    ("values", "shown"),
    [({"b": "secret", "a": 1}, "<a, b>"), ({}, "{}"), ({3: "x"}, "<3>"), (None, "{}"), ("secret", "{}")],
)
def test_a_mapping_is_masked(values: Any, shown: str) -> None:
    """A mapping shows its sorted names and no values."""
    assert mask_mapping(values) == shown


@pytest.mark.parametrize(
    ("value", "shape"),
    [
        ("", "a string of 0 characters"),
        ("abc", "a string of 3 characters with letters"),
        ("0912", "a string of 4 characters with digits"),
        ("سلام ۱\n!", "a string of 8 characters with digits, letters, spaces, symbols"),
        (None, "None"),
        (True, "True"),
        (17, "a number (int)"),
        (1.5, "a number (float)"),
        (float("nan"), "a number (float)"),
        (b"x", "an object of type bytes"),
        ({"a": 1}, "an object of type dict"),
        (Secret("x"), "an object of type Secret"),
    ],
)
def test_the_shape_of_a_value(value: Any, shape: str) -> None:
    """An invalid value is described by type, length and kinds of characters."""
    assert shape_of(value) == shape
