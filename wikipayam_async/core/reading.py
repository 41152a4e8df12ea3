"""Reading the answer of a call: its result, or the gateway's message if it has no result. Pure."""

from __future__ import annotations

import functools
from typing import Any

from attrs import frozen

from wikipayam_async.core.converter import JsonValue, encode_json
from wikipayam_async.core.operation import Call, Replay, Results
from wikipayam_async.core.protocol import (
    MAX_QUOTED_BODY_BYTES,
    Answer,
    Outgoing,
    UnreadableAnswerError,
    data_of,
    decode_answer,
    is_blank,
    sensitive_values,
)
from wikipayam_async.core.quotes import is_failure, page_text, plain_text, quote_answer, whole_answer, without_items
from wikipayam_async.redact.scrub import Scrubber

__all__ = ["Unreadable", "read_answer"]


@frozen
class Unreadable:
    """Why an answer with a success status gives no result.

    Attributes:
        reason: The reason, in the package's words.
        message: What the gateway says, scrubbed; empty if it says nothing.
    """

    reason: str
    message: str = ""

    def __str__(self) -> str:
        return f'{self.reason}; the gateway said "{self.message}"' if self.message else self.reason


def read_answer(call: Call[Any], answer: Answer, outgoing: Outgoing) -> tuple[Any, Unreadable | None]:
    """Return the result of an answer with a success status, or the reason why it has no result."""
    value: JsonValue = None
    is_decoded = False
    try:
        result = None if call.shortcut is None else call.shortcut(answer.body)
        if result is not None:
            return result, None
        value, is_decoded = _value_of(call, answer), True
        if _reports_failure(call, value):
            return None, Unreadable(
                f"a {answer.status} answer that reports a failure", _said(call, answer, value, outgoing)
            )
        result = call.read(data_of(value))
    except UnreadableAnswerError as error:
        return None, Unreadable(str(error), _said_in_page(call, answer, outgoing))
    except Exception as error:  # noqa: BLE001 - a malformed answer may raise anything; the caller gets a package error
        reason = f"a {answer.status} answer without what the call needs ({type(error).__name__})"
        return None, Unreadable(reason, _said(call, answer, value, outgoing) if is_decoded else "")
    if call.batch is not None and None in result:
        is_partial = any(item is not None for item in result)
        said = _said_in_words(call, answer, value, outgoing) if is_partial else _said(call, answer, value, outgoing)
        return (Results(result, said) if said else result), None
    return result, None


def _value_of(call: Call[Any], answer: Answer) -> JsonValue:
    operation = call.operation
    may_be_empty = not operation.needs_content and operation.replay is not Replay.SEND
    return None if may_be_empty and is_blank(answer) else decode_answer(answer)


def _reports_failure(call: Call[Any], value: JsonValue) -> bool:
    """Return whether the answer to a call that sends nothing says that the call failed.

    An answer with data is read: the data counts. A send is read in any case: what has an id is accepted.
    """
    operation = call.operation
    if operation.replay is Replay.SEND or not operation.is_documented:
        return False
    return is_failure(value, data_counts=operation.needs_content)


def _said(call: Call[Any], answer: Answer, value: JsonValue, outgoing: Outgoing) -> str:
    """Return what an answer says, scrubbed: of a send, the answer itself if it says nothing in words."""
    said = _said_in_words(call, answer, value, outgoing)
    if said or call.operation.replay is not Replay.SEND or len(answer.body) > MAX_QUOTED_BODY_BYTES:
        return said
    return _scrub(outgoing, encode_json(whole_answer(value)).decode())


def _said_in_words(call: Call[Any], answer: Answer, value: JsonValue, outgoing: Outgoing) -> str:
    if len(answer.body) > MAX_QUOTED_BODY_BYTES:
        return ""
    # The answer to a read may hold other people's messages.
    quotable = value if call.operation.replay is Replay.SEND else without_items(value)
    return quote_answer(quotable, functools.partial(_scrub, outgoing))


def _said_in_page(call: Call[Any], answer: Answer, outgoing: Outgoing) -> str:
    if len(answer.body) > MAX_QUOTED_BODY_BYTES:
        return ""
    is_send = call.operation.replay is Replay.SEND
    return _scrub(outgoing, page_text(answer.body) if is_send else plain_text(answer.body))


def _scrub(outgoing: Outgoing, text: str) -> str:
    return Scrubber(sensitive_values(outgoing))(text)
