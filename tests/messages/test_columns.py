from __future__ import annotations

from typing import Any

import pytest

from wikipayam_async import ConfigurationError, InvalidInputError, SmsMessage
from wikipayam_async.messages.columns import MessageColumn, OneTextReader, joined, messages_of_call, picked
from wikipayam_async.redact.sealed import Sealed

A, B, C = "09120000001", "09120000002", "09120000003"


def test_a_column_is_a_sequence_of_messages() -> None:
    """Its items are made when they are looked at: by index, from the end, in slices and in loops."""
    column = MessageColumn([A, B, C], ["x", "y", "z"], sender="10002000", track_ids=["1", "2", "3"])
    made = [
        SmsMessage(A, "x", sender="10002000", track_id="1"),
        SmsMessage(B, "y", sender="10002000", track_id="2"),
        SmsMessage(C, "z", sender="10002000", track_id="3"),
    ]
    assert list(column) == made
    assert [column[0], column[-1]] == [made[0], made[2]]
    assert list(column[1:]) == made[1:]
    assert len(column) == 3
    with pytest.raises(IndexError):
        column[3]


@pytest.mark.parametrize(("sender", "track_ids"), [(None, None), ("10002000", None), (None, ["1", "2"])])
def test_fields_that_are_left_out(sender: Any, track_ids: Any) -> None:
    """Without track ids or a line the messages have none."""
    column = MessageColumn([A, B], ["x", "x"], is_one_text=True, sender=sender, track_ids=track_ids)
    first, second = track_ids or (None, None)
    made = [SmsMessage(A, "x", sender=sender, track_id=first), SmsMessage(B, "x", sender=sender, track_id=second)]
    assert list(column) == made
    assert [column[0], column[1]] == made
    assert list(column.pick([1, 0])) == made[::-1]
    assert list(column.join(column)) == made * 2


def test_columns_stay_columns() -> None:
    """What is picked from a column, and what is joined to one, is a column; of a list it is a list."""
    column = MessageColumn([A, B], ["x", "x"], is_one_text=True)
    assert isinstance(picked(column, [1]), MessageColumn)
    assert isinstance(joined(column, column), MessageColumn)
    assert picked(["a", "b", "c"], [2, 0]) == ["c", "a"]
    assert joined(column, [SmsMessage(C, "y")]) == [*column, SmsMessage(C, "y")]


def test_a_column_shows_its_size_alone() -> None:
    """Neither numbers nor texts are in its repr."""
    assert repr(MessageColumn([A], ["secret"])) == "<MessageColumn of 1 messages>"


def test_one_text_to_many() -> None:
    """A reader makes columns of numbers, with the line that was given and with the text as it is changed."""
    reader = OneTextReader([A, B], "x", sender="۱۰۰۰ ۲۰۰۰")
    assert reader.items == [A, B]
    assert list(reader.column_of([A])) == [SmsMessage(A, "x", sender="10002000")]
    changed = reader.with_texts(lambda text: text + "!")
    assert list(changed.column_of([B])) == [SmsMessage(B, "x!", sender="10002000")]


@pytest.mark.parametrize(
    ("receivers", "text", "sender", "field"),
    [(A, "x", None, "receivers"), (5, "x", None, "receivers"), ([A], "", None, "message"), ([A], 5, None, "message")],
)
def test_what_is_no_text_or_no_iterable(receivers: Any, text: Any, sender: Any, field: str) -> None:
    """A lone number, a value that is no iterable, and what is no text are refused before anything is read."""
    with pytest.raises(InvalidInputError) as caught:
        OneTextReader(receivers, text, sender=sender)
    assert caught.value.field == field


def test_an_invalid_line() -> None:
    """A line that cannot be sent from is refused."""
    with pytest.raises((InvalidInputError, ConfigurationError), match="sender"):
        OneTextReader([A], "x", sender="")


NUMBERS_RULE = "expected an iterable of mobile numbers; send() sends to a single one"


@pytest.mark.parametrize(("receivers", "got"), [(A, "a string of 11 characters with digits"), (5, "a number (int)")])
def test_receivers_that_are_no_iterable_of_numbers(receivers: Any, got: str) -> None:
    """The error says what is expected, and what sends to a single number."""
    with pytest.raises(InvalidInputError) as caught:
        OneTextReader(receivers, "x")
    assert str(caught.value) == f"receivers: {NUMBERS_RULE}; got {got}"


def test_a_call_sends_its_messages_or_one_text() -> None:
    """With a text, what was given are receivers; a line goes with them alone."""
    messages = [SmsMessage(A, "x")]
    assert messages_of_call(Sealed(messages), None, None) is messages
    reader = messages_of_call(Sealed([A]), Sealed("x"), "10002000")
    assert list(reader.column_of([A])) == [SmsMessage(A, "x", sender="10002000")]
    assert messages_of_call(Sealed([A]), Sealed("x"), None).column_of([A]).is_one_text is True
    with pytest.raises(InvalidInputError) as caught:
        messages_of_call(Sealed(messages), None, "10002000")
    assert str(caught.value) == (
        "sender: expected none beside messages, which have their own; it goes with one text to many receivers; "
        "got a string of 8 characters with digits"
    )


def test_columns_of_different_kinds_are_joined_as_a_list() -> None:
    """And a part of a column keeps what it says of its texts."""
    column = MessageColumn([A, B], ["x", "x"], is_one_text=True, sender="1")
    assert (column.pick([1]).is_one_text, column.join(column).is_one_text) == (True, True)
    assert MessageColumn([A], ["x"]).is_one_text is False
    assert joined([SmsMessage(C, "y")], column) == [SmsMessage(C, "y"), *column]
