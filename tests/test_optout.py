from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wikipayam_async.errors import InvalidInputError
from wikipayam_async.optout import OPT_OUT_WORDS, OptOutList, Reply, is_opt_out, read_reply

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
def test_an_opt_out_is_recognised(text: str) -> None:
    """A word, with or without the code, or the code alone is an opt-out in any spelling."""
    assert is_opt_out(text) is True
    assert read_reply(text) is Reply.OPT_OUT


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
        "لغو ۴۵۲",
        "لغو 7",
        "off 50",
        "7 لغو",
        "لغو ۱۱۱",
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
def test_other_texts_are_not_opt_outs(text: str) -> None:
    """A sentence that contains a word, a longer number or another number is not an opt-out."""
    assert is_opt_out(text) is False


@pytest.mark.parametrize(
    "text",
    [
        "لغو ۴۵۲",
        "لغو 7",
        "off 50",
        "50% off",
        "لغو ارسال",
        "لطفا لغو",
        "لغو کن",
        "لغوکن",
        "لطفاً لغوش کنید!",
        "laghv",
        "Laghv 11",
        "سفارشم را لغو کنید",
        "دیگر پیامک نفرستید",
        "11 لغو 11",
        "stop please",
        "لغو" + "." * 62,
    ],
)
def test_a_doubtful_reply_is_for_a_person(text: str) -> None:
    """A word with anything but the code, and a word that is often meant as one, may be an opt-out, and is not taken as one."""
    assert read_reply(text) is Reply.PERHAPS
    assert is_opt_out(text) is False


@pytest.mark.parametrize(
    "text", ["", "!", "سلام", "ملغو", "nonstop", "office", "12", "11 11", "450", "من " * 70 + "لغو"]
)
def test_other_replies(text: str) -> None:
    """A text without such a word, or a long one, says nothing about further messages."""
    assert read_reply(text) is Reply.OTHER


def test_hints_can_be_changed() -> None:
    """Words of your own make a reply doubtful, also two words, and without any only the opt-out words do."""
    assert read_reply("بسه دیگه", hints={"بسه"}) is Reply.PERHAPS
    assert read_reply("I want no more sms", hints={"no more"}) is Reply.PERHAPS
    assert (read_reply("laghv", hints=frozenset()), read_reply("لغو کن", hints={""})) == (Reply.OTHER, Reply.PERHAPS)


def test_words_and_code_can_be_changed() -> None:
    """Words may be added or removed, contain spaces and have any spelling, and the code may be changed."""
    assert is_opt_out("خاموش ۱۱", words=OPT_OUT_WORDS | {"خاموش"}) is True
    assert is_opt_out("لغو  عضويت", words={"لغو عضویت"}) is True
    assert is_opt_out("stop", words={"لغو"}) is False
    assert (is_opt_out("stop2", words={"STOP2"}), is_opt_out("stop2 11", words={"STOP2"})) == (True, True)
    assert (is_opt_out("11", code=None), is_opt_out("لغو", code=None)) == (False, True)
    assert (is_opt_out("لغو۱۱", code=None), is_opt_out("لغو۲۲", code="22")) == (False, True)
    assert (is_opt_out("۲", code="2"), is_opt_out("11", code="۲"), is_opt_out("", code="")) == (True, False, False)


@pytest.mark.parametrize(
    ("text", "got"),
    [
        (None, "None"),
        (11, "a number (int)"),
        (b"stop", "an object of type bytes"),
        (["stop"], "an object of type list"),
    ],
)
def test_a_value_that_is_not_a_string_is_refused(text: Any, got: str) -> None:
    """Any value but a string raises an error."""
    with pytest.raises(InvalidInputError) as caught:
        is_opt_out(text)
    assert str(caught.value) == f"text: expected a string; got {got}"


@given(
    st.sampled_from(sorted(OPT_OUT_WORDS)),
    st.sampled_from(["", "11", "۱۱", "١١"]),
    st.text(" \t\n.,!؟،«»\u200c\u200f\u2068*-_", max_size=8),
    st.text(" \t\n.,!؟،«»\u200c\u200f\u2068*-_", max_size=8),
    st.text(" ‌-،", max_size=4),
)
def test_punctuation_case_and_order_are_ignored(word: str, number: str, before: str, after: str, between: str) -> None:
    """Surrounding punctuation, spaces, case and the position of the number make no difference."""
    assert is_opt_out(f"{before}{word.title()}{between}{number}{after}") is True
    assert is_opt_out(f"{before}{number}{between}{word.upper()}{after}") is True


@given(st.text(max_size=80), st.sampled_from(sorted(OPT_OUT_WORDS)))
def test_a_word_within_a_sentence_is_not_an_opt_out(text: str, word: str) -> None:
    """An opt-out word beside another word is part of a sentence."""
    assert is_opt_out(f"سفارش {word} {text}") is False


SPELLINGS = ["09123456789", "9123456789", "+98 912 345 6789", "0098-912-345-6789", "۰۹۱۲۳۴۵۶۷۸۹", "989123456789"]


@pytest.mark.parametrize("added", SPELLINGS)
def test_all_spellings_of_a_number_are_equal(added: str) -> None:
    """A number added in any spelling is found in every spelling."""
    numbers = OptOutList([added])
    assert [spelling in numbers for spelling in SPELLINGS] == [True] * len(SPELLINGS)
    assert (list(numbers), len(numbers)) == (["09123456789"], 1)


def test_a_list_is_a_set() -> None:
    """Numbers can be added and removed, lists joined and compared, and no other value is ever contained."""
    numbers = OptOutList()
    numbers.add("+989123456789")
    numbers.add("09123456789")
    numbers.discard("09350000000")
    others: list[object] = ["09350000000", "x", 9123456789, None]
    assert (len(numbers), [one for one in others if one in numbers]) == (1, [])
    assert numbers | {"09350000000"} == OptOutList(["9350000000", "9123456789"])
    numbers.discard("989123456789")
    assert numbers == OptOutList()


def test_the_repr_shows_no_number() -> None:
    """The `repr` shows only how many numbers there are."""
    assert repr(OptOutList(["09123456789"])) == "<OptOutList of 1 numbers>"


@pytest.mark.parametrize(
    ("numbers", "text"),
    [
        (["09123456789", "0912"], f"opt_out[1]: {RULE}; got a string of 4 characters with digits"),
        ([None], f"opt_out[0]: {RULE}; got None"),
        ("09123456789", "opt_out: expected an iterable of numbers; got a string of 11 characters with digits"),
        (b"09123456789", "opt_out: expected an iterable of numbers; got an object of type bytes"),
        (None, "opt_out: expected an iterable of numbers; got None"),
    ],
)
def test_an_invalid_number_in_a_list_is_refused(numbers: Any, text: str) -> None:
    """The error names the index of the invalid number."""
    with pytest.raises(InvalidInputError) as caught:
        OptOutList(numbers)
    assert str(caught.value) == text


@pytest.mark.parametrize("change", [OptOutList.add, OptOutList.discard])
def test_adding_or_removing_an_invalid_number_is_refused(change: Any) -> None:
    """The error does not quote the value."""
    with pytest.raises(InvalidInputError) as caught:
        change(OptOutList(), "SECRET")
    assert str(caught.value) == f"number: {RULE}; got a string of 6 characters with letters"


def test_a_file_is_read(tmp_path: Path) -> None:
    """Each line holds one number in any spelling; comments, empty lines and a byte order mark are ignored."""
    path = tmp_path / "opted-out.txt"
    path.write_bytes("\ufeff09123456789\r\n\r\n# asked by phone\n +98 935 000 0000  # in May\n۰۹۱۲۳۴۵۶۷۸۹\n".encode())
    for given_path in (path, str(path)):
        assert OptOutList.read(given_path) == OptOutList(["09123456789", "09350000000"])


@pytest.mark.parametrize("content", [b"", b"\n# nobody\n", "\ufeff# nobody\n".encode()])
def test_a_file_without_numbers_gives_an_empty_list(tmp_path: Path, content: bytes) -> None:
    """An empty file, or one with comments only, is valid."""
    path = tmp_path / "opted-out.txt"
    path.write_bytes(content)
    assert len(OptOutList.read(path)) == 0


@pytest.mark.parametrize(
    ("content", "text"),
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
def test_an_invalid_file_is_refused(tmp_path: Path, content: bytes, text: str) -> None:
    """The error names the line and does not quote it."""
    path = tmp_path / "opted-out.txt"
    path.write_bytes(content)
    with pytest.raises(InvalidInputError) as caught:
        OptOutList.read(path)
    assert (str(caught.value), caught.value.__context__) == (text, None)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    """A missing file or a directory raises an error and never gives an empty list."""
    for path, kind in ((tmp_path / "none.txt", "FileNotFoundError"), (tmp_path, "IsADirectoryError")):
        with pytest.raises(InvalidInputError) as caught:
            OptOutList.read(path)
        assert str(caught.value) == f"opt_out: expected a readable text file in UTF-8; got {kind}"
