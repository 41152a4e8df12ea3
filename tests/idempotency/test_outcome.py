"""Outcomes as JSON, without receiver and text."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from wikipayam_async import (
    APIConnectionError,
    APIStatusError,
    Attempt,
    HolooResult,
    InsufficientBalanceError,
    Phase,
    RateLimitError,
    SendStatus,
    SentMessage,
    UnprocessableError,
)
from wikipayam_async.idempotency.outcome import dump_error, dump_result, is_verdict, load_error, load_result
from wikipayam_async.redact.sealed import Sealed
from wikipayam_async.services.voice import VoiceOtp

RECEIVER, TEXT = Sealed("09123456789"), Sealed("سلام Sara, code 09123456789")

RESULTS = [
    SentMessage("a" * 24),
    SentMessage("a" * 24, sender="10002000", receiver="09123456789", track_id="t-1"),
    SentMessage(
        "a" * 24, receiver="989123456789", extra={"to": ["+989123456789"], "parts": 2, "ok": True, "none": None}
    ),
    SentMessage(
        "a" * 24, extra={TEXT.reveal(): {"echo": f"« {TEXT.reveal()} »"}, "price": 1.5, "at": "2026-03-21 08:30:00"}
    ),
    VoiceOtp("a" * 24, message="queued for 09123456789", track_id="t-2", extra={"retry": 0}),
    HolooResult("7", message="ok", data={"id": 7, "message": "ok", "list": [1, "x"]}, extra={"list": [1, "x"]}),
]


@pytest.mark.parametrize("result", RESULTS)
def test_a_result_is_restored(result: Any) -> None:
    """Also where the answer repeats the receiver or the text, which are not stored."""
    stored = dump_result(result, RECEIVER, TEXT)
    assert [word for word in ("9123456789", "Sara", "سلام") if word in stored] == []
    assert load_result(stored, type(result), RECEIVER, TEXT) == result


@pytest.mark.parametrize(
    "echo",
    [
        "۰۹۱۲۳۴۵۶۷۸۹",
        "0912 345 6789",
        "0912-345-67-89",
        "سلام sara code 09123456789",
        9123456789,
        989123456789,
        "a\ue000b",
    ],
)
def test_another_spelling_is_masked(echo: object) -> None:
    """It cannot be restored, and must not be stored."""
    stored = dump_result(SentMessage("a" * 24, extra={"echo": echo}), RECEIVER, TEXT)
    shown = load_result(stored, SentMessage, RECEIVER, TEXT).extra["echo"]
    assert shown in {"***", "a***b"}


@pytest.mark.parametrize("echo", [48213, 48213.0, 9123456789, 989123456789])
def test_a_number_that_holds_the_code_or_the_receiver_is_hidden(echo: float) -> None:
    """An answer may repeat them as numbers."""
    stored = dump_result(SentMessage("a", extra={"echo": echo, "parts": 1}), RECEIVER, Sealed("48213"))
    assert load_result(stored, SentMessage, RECEIVER, Sealed("48213")).extra == {"echo": "***", "parts": 1}


@pytest.mark.parametrize("text", ["1", "12", "t", "\ue000", ""])
def test_short_texts_change_nothing_else(text: str) -> None:
    """A text of one letter occurs in every id."""
    result = SentMessage("1t" * 12, track_id="t-1", extra={"parts": 1, "cost": 12})
    stored = dump_result(result, Sealed("1"), Sealed(text))
    assert load_result(stored, SentMessage, Sealed("1"), Sealed(text)) == result


@pytest.mark.parametrize("stored", ["", "[", '{"id": "a", "new_field": 1}', "{}"])
def test_what_cannot_be_read_is_an_error(stored: str) -> None:
    """As the outcome of a later version."""
    with pytest.raises(ValueError, match=r".+"):
        load_result(stored, SentMessage, RECEIVER, TEXT)
    with pytest.raises(ValueError, match=r".+"):
        load_error(stored)


def test_what_cannot_be_read_is_named() -> None:
    """Without the content."""
    with pytest.raises(ValueError, match=r"^a stored SentMessage cannot be read$"):
        load_result('{"id": "a", "new_field": 1}', SentMessage, RECEIVER, TEXT)
    with pytest.raises(ValueError, match=r"^a stored error cannot be read$"):
        load_error("{}")


def test_what_json_has_no_word_for_is_left_out() -> None:
    """An answer is stored nevertheless."""
    stored = dump_result(SentMessage("a", extra={"at": dt.date(2026, 3, 21), "parts": 1}), RECEIVER, TEXT)
    assert load_result(stored, SentMessage, RECEIVER, TEXT).extra == {"at": None, "parts": 1}


@pytest.mark.parametrize("text", ["true", "none", "false"])
def test_truth_values_are_no_texts(text: str) -> None:
    """They stay, whatever the message says."""
    result = SentMessage("a", extra={"ok": True, "failed": False, "next": None})
    assert load_result(dump_result(result, RECEIVER, Sealed(text)), SentMessage, RECEIVER, Sealed(text)) == result


@pytest.mark.parametrize("receiver", ["customer-of-mine", "۰۹۱۲۳۴۵۶۷۸۹"])
def test_a_receiver_that_is_no_plain_number_is_hidden_as_a_whole(receiver: str) -> None:
    """Its end alone is somebody else's."""
    result = SentMessage("a", receiver=receiver, extra={"end": receiver[-10:]})
    stored = dump_result(result, Sealed(receiver), TEXT)
    assert (receiver in stored, receiver[-10:] in stored) == (False, True)
    assert load_result(stored, SentMessage, Sealed(receiver), TEXT) == result


def error_of(
    kind: type[APIStatusError], status: SendStatus | None = SendStatus.REJECTED, **fields: Any
) -> APIStatusError:
    """Make an error of a send."""
    error = kind("sms.send: 402 no", status_code=402, **fields)
    error.send_status = status
    return error


def test_an_error_is_restored() -> None:
    """Its class, its text and its fields, but not the headers."""
    first = error_of(
        UnprocessableError,
        message="no",
        errors={"0.receiver": ("bad", "worse")},
        headers={"x-request-id": "7"},
        retry_after=1.5,
        attempts=[Attempt(1, Phase.ANSWERED, 0.25, 422), Attempt(2, Phase.CONNECTING, 0.1, None, "connect")],
    )
    again = load_error(dump_error(first))
    assert isinstance(again, UnprocessableError)
    assert (str(again), again.send_status, again.headers) == (str(first), SendStatus.REJECTED, {})
    names = ("status_code", "message", "errors", "retry_after", "attempts")
    assert [getattr(again, name) for name in names] == [getattr(first, name) for name in names]


@pytest.mark.parametrize("name", ["TeapotError", "SendStatus", "WikipayamError", "annotations"])
def test_an_unknown_class_becomes_the_general_one(name: str) -> None:
    """As one of a later version, or what is no error of an answer."""
    stored = dump_error(error_of(InsufficientBalanceError)).replace("InsufficientBalanceError", name)
    assert type(load_error(stored)) is APIStatusError


def test_a_verdict_is_what_stays_when_a_message_is_sent_again() -> None:
    """A refusal, but not a throttled request, nor one that did not arrive."""
    errors = [
        error_of(InsufficientBalanceError),
        error_of(RateLimitError),
        error_of(UnprocessableError, None),
        APIConnectionError("x"),
    ]
    assert [is_verdict(error) for error in errors] == [True, False, False, False]
