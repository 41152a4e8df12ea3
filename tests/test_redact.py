import copy
import pickle
import re
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from wikipayam_async.redact.masks import mask_mapping, mask_number, mask_text, shape_of
from wikipayam_async.redact.scrub import scrub
from wikipayam_async.redact.sealed import SealedBytes, Secret


def test_a_secret_shows_nothing_of_itself() -> None:
    """Only `reveal()` gives the string; everything that prints gives a mask."""
    secret = Secret("t0ken")
    assert [repr(secret), str(secret), f"{secret}", f"{secret!r}", "%s" % secret, f"{[secret]}"] == [  # noqa: UP031 - a format like any other
        "Secret('***')",
        "Secret('***')",
        "Secret('***')",
        "Secret('***')",
        "Secret('***')",
        "[Secret('***')]",
    ]
    assert secret.reveal() == "t0ken"
    assert hasattr(secret, "__dict__") is False


def test_secrets_are_compared_by_what_they_hold() -> None:
    """Equal secrets are equal and hash alike; a secret equals no plain string."""
    assert [Secret("a") == Secret("a"), Secret("a") == Secret("b"), Secret("a") == "a"] == [True, False, False]
    assert len({Secret("a"), Secret("a"), Secret("b")}) == 2


@pytest.mark.parametrize("carry_off", [pickle.dumps, copy.copy, copy.deepcopy])
def test_a_secret_is_not_carried_off(carry_off: Any) -> None:
    """Pickling or copying a secret is an error that says what to do."""
    with pytest.raises(TypeError) as caught:
        carry_off(Secret("t0ken"))
    assert str(caught.value) == "a Secret cannot be pickled: pass the token to the other process in its environment"


def test_sealed_bytes_show_their_length() -> None:
    """They are bytes in every respect but in what they show."""
    sealed = SealedBytes(b"0912")
    assert [repr(sealed), str(sealed), f"{sealed}"] == ["<4 bytes>"] * 3
    assert (sealed, len(sealed), sealed + b"!") == (b"0912", 4, b"0912!")


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
def test_a_masked_number(number: Any, shown: str) -> None:
    """A number shows its network and its end; what is no string shows its type."""
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
def test_a_masked_text(text: Any, shown: str) -> None:
    """A text or a code shows its length; what is no string shows its type."""
    assert mask_text(text) == shown


@pytest.mark.parametrize(
    ("values", "shown"),
    [({"b": "secret", "a": 1}, "<a, b>"), ({}, "{}"), ({3: "x"}, "<3>"), (None, "{}"), ("secret", "{}")],
)
def test_a_masked_mapping(values: Any, shown: str) -> None:
    """A mapping shows its names in order, never its values."""
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
def test_a_shape(value: Any, shape: str) -> None:
    """A bad value is described without being shown."""
    assert shape_of(value) == shape


@pytest.mark.parametrize(
    ("text", "sensitive", "quoted"),
    [
        ("The receiver is invalid.", (), "The receiver is invalid."),
        ("bad: سلام", ("سلام",), "bad: ***"),
        ("token abcdef here", ("abc", "abcdef"), "token *** here"),
        ("ab is short", ("ab", ""), "ab is short"),
        ("two\n lines\tand\x00\x1b[31m a \u202etrick", (), "two lines and??[31m a ?trick"),
        ("hello\r\n  world", ("hello world",), "***"),
        ("hello world", ("hello\n\nworld",), "***"),
        ("your code\u200c is", ("code\u200c is",), "your ***"),
        ("0912 is a prefix", (), "0912 is a prefix"),
        ("call 09123456789 now", (), "call *** now"),
        ("call ۰۹۱۲۳۴۵۶۷۸۹ now", (), "call *** now"),
        ("call 0912 345-6789, now", (), "call ***, now"),
        ("call 0912\n345\t6789", (), "call ***"),
        ("call 0912.345.6789", (), "call ***"),
        ("call (0912) 345 (67) 89", (), "call (***"),
        ("call 0912\u200c345\u200c6789", (), "call ***"),
        ("id 123456", (), "id 123456"),
        ("12 messages, 34 parts, 56 lines", (), "12 messages, 34 parts, 56 lines"),
        ("", ("abc",), ""),
        ("a" * 301, (), "a" * 300 + "…"),
        ("a" * 300, (), "a" * 300),
    ],
)
def test_a_quotation(text: str, sensitive: tuple[str, ...], quoted: str) -> None:
    """What a stranger says is quoted without values, long numbers, control characters or line breaks."""
    assert scrub(text, sensitive) == quoted


def test_a_value_that_the_cut_goes_through_leaves_no_half() -> None:
    """A text is read only so far; the half of a value at that place is not quoted."""
    assert scrub(" " * 2995 + "secret" * 3, ["secret" * 3]) == "***"
    assert scrub(" " * 3010 + "secret" * 3, ["secret" * 3]) == ""


LETTERS = st.text("abcdefgh \n\t\u200c\u00a0سلام", min_size=3, max_size=12)


@given(
    values=st.lists(LETTERS, min_size=1, max_size=4),
    rest=st.lists(st.text("xyz \n\x00*?", max_size=5), min_size=5, max_size=5),
    far=st.sampled_from([0, 250, 2990, 3000]),
)
@example(values=["a b"], rest=["", "", "", "", ""], far=0)
def test_no_sensitive_value_ever_comes_through(values: list[str], rest: list[str], far: int) -> None:
    """Wherever the values stand in a text, with whatever spaces, none is in what is quoted of it."""
    text = " " * far
    for value, between in zip(values, rest, strict=False):
        text += between + re.sub(r"\s", "\r\n ", value)
    quoted = scrub(text, values)
    tidy = [" ".join(re.sub("\u200c", "?", value).split()) for value in values]
    assert [value for value in tidy if len(value) >= 3 and value in quoted] == []


@given(text=st.text(max_size=400), sensitive=st.lists(st.text(max_size=6), max_size=3))
def test_a_quotation_is_short_printable_and_on_one_line(text: str, sensitive: list[str]) -> None:
    """Whatever comes, what is quoted fits into a line of a log."""
    quoted = scrub(text, sensitive)
    assert (len(quoted) <= 301, quoted.isprintable(), len(quoted.splitlines()) <= 1) == (True, True, True)


@given(
    digits=st.lists(st.sampled_from("0123456789۰۱۲٣"), min_size=7, max_size=15),
    separators=st.lists(st.sampled_from(["", " ", "-", ".", "\n", "\u200c", " - ", ") "]), min_size=15, max_size=15),
)
def test_no_long_number_comes_through(digits: list[str], separators: list[str]) -> None:
    """Seven digits and more are masked however they are grouped."""
    number = "".join(a + b for a, b in zip(digits, separators, strict=False))
    assert re.search(r"\d", scrub(f"call {number} now")) is None
