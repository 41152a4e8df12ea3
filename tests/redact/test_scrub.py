import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from wikipayam_async.redact.scrub import scrub


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
def test_a_text_is_scrubbed(text: str, sensitive: tuple[str, ...], quoted: str) -> None:
    """Sensitive values, long numbers, control characters and line breaks are masked or removed."""
    assert scrub(text, sensitive) == quoted


def test_a_value_at_the_read_limit_leaves_no_part() -> None:
    """A sensitive value that the read limit cuts in two is not quoted in part."""
    assert scrub(" " * 2995 + "secret" * 3, ["secret" * 3]) == "***"
    assert scrub(" " * 3010 + "secret" * 3, ["secret" * 3]) == ""


LETTERS = st.text("abcdefgh \n\t\u200c\u00a0سلام", min_size=3, max_size=12)


@given(
    values=st.lists(LETTERS, min_size=1, max_size=4),
    rest=st.lists(st.text("xyz \n\x00*?", max_size=5), min_size=5, max_size=5),
    far=st.sampled_from([0, 250, 2990, 3000]),
)
@example(values=["a b"], rest=["", "", "", "", ""], far=0)
def test_no_sensitive_value_is_quoted(values: list[str], rest: list[str], far: int) -> None:
    """No value is quoted, wherever it stands in a text and with whatever spacing."""
    text = " " * far
    for value, between in zip(values, rest, strict=False):
        text += between + re.sub(r"\s", "\r\n ", value)
    quoted = scrub(text, values)
    tidy = [" ".join(re.sub("\u200c", "?", value).split()) for value in values]
    assert [value for value in tidy if len(value) >= 3 and value in quoted] == []


@given(text=st.text(max_size=400), sensitive=st.lists(st.text(max_size=6), max_size=3))
def test_a_scrubbed_text_is_short_printable_and_on_one_line(text: str, sensitive: list[str]) -> None:
    """Any text becomes at most 301 printable characters without line breaks."""
    quoted = scrub(text, sensitive)
    assert (len(quoted) <= 301, quoted.isprintable(), len(quoted.splitlines()) <= 1) == (True, True, True)


@given(
    digits=st.lists(st.sampled_from("0123456789۰۱۲٣"), min_size=7, max_size=15),
    separators=st.lists(st.sampled_from(["", " ", "-", ".", "\n", "\u200c", " - ", ") "]), min_size=15, max_size=15),
)
def test_no_long_number_is_quoted(digits: list[str], separators: list[str]) -> None:
    """Seven or more digits are masked, however they are grouped."""
    number = "".join(a + b for a, b in zip(digits, separators, strict=False))
    assert re.search(r"\d", scrub(f"call {number} now")) is None
