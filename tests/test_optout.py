from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wikipayam_async.errors import InvalidInputError
from wikipayam_async.optout import OPT_OUT_WORDS, OptOutList, is_opt_out

RULE = "expected an Iranian mobile number such as 09123456789"


@pytest.mark.parametrize(
    "text",
    [
        "لغو",
        "لغو۱۱",
        "لغو 11",
        "لغو١١",
        "لغو ۱۱ ",
        "لغو\u200c۱۱",
        "۱۱ لغو",
        "11لغو",
        "لغو 1",
        "لغو 111",
        "\u200fلغو\n",
        "ل\u200cغو",
        "لـغـو",
        "لَغو",
        "ﻟﻐﻮ",
        "«لغو»!",
        "*لغو*",
        "لغو، ۱۱.",
        "لغو-11",
        "لغو 🙏🏽",
        "cancel",
        "Cancel",
        "STOP",
        "Stop 11!",
        " stop. ",
        "ＳＴＯＰ",
        "off",
        "OFF",
        "Unsubscribe",
        "11",
        "۱۱",
        "١١",
        " «11» ",
        "1\ufe0f\u20e31\ufe0f\u20e3",
        "لغو" + " " * 500,
        "لغو" + "." * 61,
    ],
)
def test_an_opt_out(text: str) -> None:
    """A word, with a short number or without, or the code alone; however it is spelt and whatever is around it."""
    assert is_opt_out(text) is True


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "!",
        "\u200c",
        "سفارشم را لغو کنید",
        "لغو کنید",
        "لطفا لغو",
        "لغو لغو",
        "لغو نشود",
        "لغو ۴۵۲۱۸",
        "لغو 1234",
        "1234 لغو",
        "11 لغو 11",
        "لغو 11 12",
        "ملغو",
        "cancel my order",
        "do not stop",
        "nonstop",
        "stopping",
        "of f",
        "11 11",
        "111",
        "12",
        "1",
        "1 1",
        "سلام",
        "لغو" + "." * 62,
    ],
)
def test_no_opt_out(text: str) -> None:
    """A sentence with the word, a longer number, which is that of an order, or another number."""
    assert is_opt_out(text) is False


def test_words_and_codes_of_ones_own() -> None:
    """Words may be added or taken away, of more than one word too and in any spelling; and the code is a choice."""
    assert is_opt_out("خاموش ۱۱", words=OPT_OUT_WORDS | {"خاموش"}) is True
    assert is_opt_out("لغو  عضويت", words={"لغو عضویت"}) is True
    assert is_opt_out("stop", words={"لغو"}) is False
    assert is_opt_out("stop2", words={"STOP2"}) is True
    assert (is_opt_out("11", code=None), is_opt_out("لغو", code=None)) == (False, True)
    assert (is_opt_out("۲", code="2"), is_opt_out("11", code="۲"), is_opt_out("", code="")) == (True, False, False)


@pytest.mark.parametrize("text", [None, 11, b"stop", ["stop"]])
def test_what_is_no_text(text: Any) -> None:
    """Anything but a string is a mistake of the caller's."""
    with pytest.raises(InvalidInputError, match=r"^text: expected a string; got "):
        is_opt_out(text)


@given(
    st.sampled_from(sorted(OPT_OUT_WORDS)),
    st.sampled_from(["", "11", "۱۱", "١", "۱۲۳"]),
    st.text(" \t\n.,!؟،«»\u200c\u200f\u2068*-_", max_size=8),
    st.text(" \t\n.,!؟،«»\u200c\u200f\u2068*-_", max_size=8),
    st.text(" ‌-،", max_size=4),
)
def test_an_opt_out_in_any_dress(word: str, number: str, before: str, after: str, between: str) -> None:
    """Signs around it, spaces between, capitals and the place of the number make no difference."""
    assert is_opt_out(f"{before}{word.title()}{between}{number}{after}") is True
    assert is_opt_out(f"{before}{number}{between}{word.upper()}{after}") is True


@given(st.text(max_size=80), st.sampled_from(sorted(OPT_OUT_WORDS)))
def test_a_word_more_is_a_sentence(text: str, word: str) -> None:
    """With another word beside it, an opt-out word is part of a sentence."""
    assert is_opt_out(f"سفارش {word} {text}") is False


SPELLINGS = ["09123456789", "9123456789", "+98 912 345 6789", "0098-912-345-6789", "۰۹۱۲۳۴۵۶۷۸۹", "989123456789"]


@pytest.mark.parametrize("added", SPELLINGS)
def test_a_number_is_the_same_in_every_spelling(added: str) -> None:
    """However a number is put on the list, it is found however it is asked for."""
    numbers = OptOutList([added])
    assert [spelling in numbers for spelling in SPELLINGS] == [True] * len(SPELLINGS)
    assert (list(numbers), len(numbers)) == (["09123456789"], 1)


def test_a_list_is_a_set() -> None:
    """Numbers come and go, lists are joined and compared, and nothing is on them that cannot be."""
    numbers = OptOutList()
    numbers.add("+989123456789")
    numbers.add("09123456789")
    numbers.discard("09350000000")
    others: list[object] = ["09350000000", "x", 9123456789, None]
    assert (len(numbers), [one for one in others if one in numbers]) == (1, [])
    assert numbers | {"09350000000"} == OptOutList(["9350000000", "9123456789"])
    numbers.discard("989123456789")
    assert numbers == OptOutList()


def test_a_list_shows_no_number() -> None:
    """Its repr says how many there are."""
    assert repr(OptOutList(["09123456789"])) == "<OptOutList of 1 numbers>"


@pytest.mark.parametrize(
    ("numbers", "complaint"),
    [
        (["09123456789", "0912"], f"opt_out[1]: {RULE}; got a string of 4 characters with digits"),
        ([None], f"opt_out[0]: {RULE}; got None"),
        ("09123456789", "opt_out: expected an iterable of numbers; got a string of 11 characters with digits"),
        (b"09123456789", "opt_out: expected an iterable of numbers; got an object of type bytes"),
        (None, "opt_out: expected an iterable of numbers; got None"),
    ],
)
def test_a_list_of_what_are_no_numbers(numbers: Any, complaint: str) -> None:
    """Nobody is left off a list in silence: a number that cannot be read is named by its place."""
    with pytest.raises(InvalidInputError) as caught:
        OptOutList(numbers)
    assert str(caught.value) == complaint


@pytest.mark.parametrize("change", [OptOutList.add, OptOutList.discard])
def test_a_change_with_what_is_no_number(change: Any) -> None:
    """It is refused and not quoted."""
    with pytest.raises(InvalidInputError) as caught:
        change(OptOutList(), "SECRET")
    assert str(caught.value) == f"number: {RULE}; got a string of 6 characters with letters"


def test_a_file(tmp_path: Path) -> None:
    """One number a line, in any spelling; comments and empty lines do not count, nor does the mark at its beginning."""
    path = tmp_path / "opted-out.txt"
    path.write_bytes("\ufeff09123456789\r\n\r\n# asked by phone\n +98 935 000 0000  # in May\n۰۹۱۲۳۴۵۶۷۸۹\n".encode())
    for given_path in (path, str(path)):
        assert OptOutList.read(given_path) == OptOutList(["09123456789", "09350000000"])


@pytest.mark.parametrize("content", [b"", b"\n# nobody\n"])
def test_a_file_without_numbers(tmp_path: Path, content: bytes) -> None:
    """Nobody on the list is a list."""
    path = tmp_path / "opted-out.txt"
    path.write_bytes(content)
    assert len(OptOutList.read(path)) == 0


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"09123456789\n\nhello\n", f"opt_out, line 3: {RULE}; got a string of 5 characters with letters"),
        (b"number\n09123456789\n", f"opt_out, line 1: {RULE}; got a string of 6 characters with letters"),
        (b"0912\xff", "opt_out: expected a readable text file in UTF-8; got UnicodeDecodeError"),
        (
            "09123456789".encode("utf-16"),
            "opt_out: expected a readable text file in UTF-8; got UnicodeDecodeError",
        ),
    ],
)
def test_a_bad_file(tmp_path: Path, content: bytes, complaint: str) -> None:
    """The line is named and not quoted."""
    path = tmp_path / "opted-out.txt"
    path.write_bytes(content)
    with pytest.raises(InvalidInputError) as caught:
        OptOutList.read(path)
    assert (str(caught.value), caught.value.__context__) == (complaint, None)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """It is an error before anything is sent, and never an empty list."""
    for path, kind in ((tmp_path / "none.txt", "FileNotFoundError"), (tmp_path, "IsADirectoryError")):
        with pytest.raises(InvalidInputError) as caught:
            OptOutList.read(path)
        assert str(caught.value) == f"opt_out: expected a readable text file in UTF-8; got {kind}"
