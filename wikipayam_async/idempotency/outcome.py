"""Outcomes as a store keeps them: the result or the error as JSON, without the receiver and the text.

Where an answer repeats the receiver or the text, a placeholder stands for it. A call with the same key has the same
receiver and text, from which the answer is restored.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import attrs

from wikipayam_async import errors
from wikipayam_async.errors import APIStatusError, RateLimitError, WikipayamError
from wikipayam_async.outcomes import Attempt, Phase, SendStatus
from wikipayam_async.redact.masks import MASK
from wikipayam_async.redact.sealed import Sealed

__all__ = ["dump_error", "dump_result", "is_verdict", "load_error", "load_result"]

T = TypeVar("T")

_TEXT, _RECEIVER, _ESCAPE = "\ue000t\ue000", "\ue000r\ue000", "\ue000"
_SIGNIFICANT_DIGITS = 10
_SHORTEST_TEXT = 3
"""Shorter texts are found in anything."""


def dump_result(result: object, receiver: Sealed[str], text: Sealed[str]) -> str:
    """Return the answer to an accepted message as JSON.

    Args:
        result: A `SentMessage`, a `VoiceOtp` or a `HolooResult`.
        receiver: The receiver, as it was sent.
        text: The text or the code, as it was sent.
    """
    fields = attrs.asdict(result, recurse=False)  # type: ignore[arg-type] # an attrs class
    core, content = _core_of(receiver.reveal()), text.reveal()

    def hide(value: str) -> str:
        value = value.replace(_ESCAPE, MASK)
        for secret, placeholder in ((content, _TEXT), (core, _RECEIVER)):
            if secret:
                value = value.replace(secret, placeholder)
            if _holds(value, secret):
                return MASK
        return value

    def hide_number(value: float) -> float | str:
        return MASK if _holds(str(value), core, content) else value

    return json.dumps(_map(fields, hide, hide_number), ensure_ascii=False, default=lambda _: None)


def load_result(outcome: str, kind: type[T], receiver: Sealed[str], text: Sealed[str]) -> T:
    """Return the answer that `dump_result` made JSON of.

    Raises:
        ValueError: It cannot be read.
    """
    core, content = _core_of(receiver.reveal()), text.reveal()

    def show(value: str) -> str:
        return value.replace(_RECEIVER, core).replace(_TEXT, content)

    fields = _map(json.loads(outcome), show, lambda value: value)
    try:
        return kind(**fields)
    except TypeError as error:  # of a version with other fields
        raise ValueError(f"a stored {kind.__name__} cannot be read") from error


def is_verdict(error: BaseException) -> bool:
    """Return whether an error is the gateway's verdict on a message, which stays when it is sent again.

    A 429 is not a verdict: the gateway asks for the same request later.
    """
    return (
        isinstance(error, APIStatusError)
        and error.send_status is SendStatus.REJECTED
        and not isinstance(error, RateLimitError)
    )


def dump_error(error: APIStatusError) -> str:
    """Return the error of a refused message as JSON. Its texts are masked already."""
    return json.dumps(
        {
            "class": type(error).__name__,
            "text": str(error),
            "status_code": error.status_code,
            "message": error.message,
            "errors": {field: list(texts) for field, texts in error.errors.items()},
            "retry_after": error.retry_after,
            "attempts": [attrs.asdict(attempt) for attempt in error.attempts],
        },
        ensure_ascii=False,
    )


def load_error(outcome: str) -> WikipayamError:
    """Return the error that `dump_error` made JSON of: the same class, the same fields.

    Raises:
        ValueError: It cannot be read.
    """
    try:
        fields: dict[str, Any] = json.loads(outcome)
        kind = getattr(errors, str(fields["class"]), APIStatusError)
        if not (isinstance(kind, type) and issubclass(kind, APIStatusError)):
            kind = APIStatusError
        error = kind(
            fields["text"],
            status_code=fields["status_code"],
            message=fields["message"],
            errors={name: tuple(texts) for name, texts in fields["errors"].items()},
            retry_after=fields["retry_after"],
            attempts=[Attempt(**{**one, "phase": Phase(one["phase"])}) for one in fields["attempts"]],
        )
    except (KeyError, TypeError, AttributeError) as unreadable:
        raise ValueError("a stored error cannot be read") from unreadable
    error.send_status = SendStatus.REJECTED
    return error


def _map(value: Any, change: Callable[[str], str], change_number: Callable[[float], float | str]) -> Any:
    """Return JSON with every string and every number changed, keys included."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {change(str(key)): _map(item, change, change_number) for key, item in value.items()}
    if isinstance(value, Sequence):
        return [_map(item, change, change_number) for item in value]
    if isinstance(value, int | float) and not isinstance(value, bool):
        return change_number(value)
    return value


def _core_of(receiver: str) -> str:
    """Return the part of a number that all its spellings share: the last ten digits of a mobile number."""
    digits = receiver[-_SIGNIFICANT_DIGITS:]
    return digits if len(digits) == _SIGNIFICANT_DIGITS and digits.isascii() and digits.isdigit() else receiver


def _holds(value: str, *secrets: str) -> bool:
    """Return whether a text holds a secret in another spelling: other digits, other signs between them, other cases."""
    squeezed = _squeeze(value)
    return any(len(found) >= _SHORTEST_TEXT and found in squeezed for found in map(_squeeze, secrets))


def _squeeze(text: str) -> str:
    return "".join(str(int(c)) if c.isdecimal() else c.lower() for c in text if c.isalnum())
