from __future__ import annotations

import pytest

from wikipayam_async.errors import InvalidInputError
from wikipayam_async.lab.fields import Fields

FIELDS = Fields({"text": " a ", "empty": "", "lines": "1\n\n 2 \n", "limit": "۲۰", "bad": "2.5", "huge": "9" * 19})


def test_values_are_unchanged_and_empty_ones_are_missing() -> None:
    """Texts keep their spaces, lines lose theirs, numbers may have any digits."""
    assert FIELDS.text("text") == " a "
    assert FIELDS.given("text", "empty", "absent") == {"text": " a "}
    assert FIELDS.lines("lines") == ["1", "2"]
    assert FIELDS.numbers("limit", "empty") == {"limit": 20}


@pytest.mark.parametrize("name", ["empty", "absent"])
def test_a_missing_value_is_an_error_with_its_name(name: str) -> None:
    """A required value that is missing is named."""
    for read in (FIELDS.text, FIELDS.lines):
        with pytest.raises(InvalidInputError) as raised:
            read(name)
        assert str(raised.value) == f"{name}: expected a value; got an empty field"


@pytest.mark.parametrize("name", ["text", "bad", "huge"])
def test_a_number_is_whole_and_fits_64_bits(name: str) -> None:
    """Anything but a whole number of up to 18 digits is an error."""
    with pytest.raises(InvalidInputError, match=f"{name}: expected a whole number"):
        FIELDS.numbers(name)
