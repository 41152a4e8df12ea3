"""What every service stands on, and the checks that several share."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from typing import Any, TypeVar

from wikipayam_async.core.events import MessageOutcome
from wikipayam_async.core.operation import Call, Consignment, Operation, name_some
from wikipayam_async.core.options import Options
from wikipayam_async.core.pipeline import Pipeline
from wikipayam_async.core.redact import shape_of
from wikipayam_async.errors import (
    APIConnectionError,
    InvalidInputError,
    RateLimitError,
    ResponseError,
    ServerError,
    UnknownOutcomeError,
)
from wikipayam_async.messages import Prepared, SentMessage, join_bodies
from wikipayam_async.settlement import settle

__all__ = [
    "TRANSIENT",
    "Service",
    "check_date",
    "check_id",
    "check_ids",
    "check_number",
    "chunked",
    "insist",
    "is_id",
    "send_all",
    "send_array",
]

T = TypeVar("T")

TRANSIENT = (APIConnectionError, RateLimitError, ResponseError, ServerError)
"""What a reader that goes on asking (a consumer, a watch) waits out; anything else it raises."""

_ID = re.compile(r"[0-9A-Za-z_-]{1,64}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class Service:
    """One service of the gateway, as a sub-resource of the client. Made by the client."""

    def __init__(self, pipeline: Pipeline, options: Options) -> None:
        self._pipeline = pipeline
        self._options = options


def is_id(value: str) -> bool:
    """Tell whether an id of the gateway's may be sent back to it."""
    return _ID.fullmatch(value) is not None


def check_id(value: object, *, field: str = "id") -> str:
    """Return an id of the gateway's that is fit to stand in a path.

    Raises:
        InvalidInputError: It holds more than letters, digits, `-` and `_`, or is longer than 64.
    """
    if not isinstance(value, str) or not is_id(value):
        raise InvalidInputError(field, rule="expected 1 to 64 letters, digits, '-' or '_'", got=shape_of(value))
    return value


def check_ids(values: str | Iterable[str], *, field: str = "ids") -> list[str]:
    """Return one id or many as a list without repetitions, in the order given."""
    if isinstance(values, str):
        return [check_id(values, field=field)]
    if not isinstance(values, Iterable):
        raise InvalidInputError(field, rule="expected an id or an iterable of ids", got=shape_of(values))
    return list(dict.fromkeys(check_id(value, field=f"{field}[{index}]") for index, value in enumerate(values)))


def check_number(value: object, *, field: str, least: int, most: int | None = None) -> int:
    """Return a whole number within its bounds.

    Raises:
        InvalidInputError: It is none, or out of bounds.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < least or (most is not None and value > most):
        bounds = f"from {least} to {most}" if most is not None else f"of at least {least}"
        got = str(value) if isinstance(value, int) else shape_of(value)
        raise InvalidInputError(field, rule=f"expected a whole number {bounds}", got=got)
    return value


def check_date(value: date | str, *, field: str) -> str:
    """Return a date as the gateway writes it, `YYYY-MM-DD`. Of a datetime only the date counts.

    Raises:
        InvalidInputError: It is neither a date nor written like one.
    """
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str) and _DATE.fullmatch(value):
        try:
            return date.fromisoformat(value).isoformat()
        except ValueError:
            pass
    raise InvalidInputError(field, rule="expected a date, or a string like 2024-01-31", got=shape_of(value))


def chunked(values: Sequence[T], size: int) -> list[Sequence[T]]:
    """Cut a sequence into pieces of at most so many."""
    return [values[start : start + size] for start in range(0, len(values), size)]


async def send_array(
    pipeline: Pipeline,
    operation: Operation,
    prepared: Sequence[Prepared[Any]],
    observer: Callable[[Sequence[MessageOutcome]], None] | None = None,
) -> tuple[SentMessage | None, ...]:
    """Send messages as one request; return what was told of each.

    Args:
        pipeline: Carries out the call.
        operation: The service's way to send.
        prepared: The messages.
        observer: Told the fate of every message, also if the call is cancelled.

    Raises:
        UnknownOutcomeError: It is not known whether any was accepted.
        APIStatusError: All were refused.
        APIConnectionError: None reached the gateway.
    """
    return await pipeline.run(
        Call(
            operation=operation,
            read=lambda data: settle(data, prepared),
            body=join_bodies(prepared),
            consignment=Consignment(
                [one.message for one in prepared], [one.track_id for one in prepared], lambda sent: sent.id
            ),
            observer=observer,
        )
    )


async def send_all(pipeline: Pipeline, operation: Operation, prepared: Sequence[Prepared[Any]]) -> list[SentMessage]:
    """Send messages as one request; return what was told of them, which has to be something of each.

    Raises:
        UnknownOutcomeError: Of some it is not known whether they were accepted.
        APIStatusError: All were refused.
        APIConnectionError: None reached the gateway.
    """
    told = await send_array(pipeline, operation, prepared)
    return insist(operation, told, [one.message for one in prepared], [one.track_id for one in prepared])


def insist(
    operation: Operation, told: Sequence[Any], messages: Sequence[object], track_ids: Sequence[str | None]
) -> list[Any]:
    """Return what was told, if something was told of every message.

    Raises:
        UnknownOutcomeError: Of some messages the answer says nothing; `accepted` holds the others.
    """
    missing = [index for index, item in enumerate(told) if item is None]
    if not missing:
        return list(told)
    names = name_some([str(track_ids[index]) for index in missing])
    raise UnknownOutcomeError(
        f"{operation.name}: the gateway's answer does not mention {len(missing)} of {len(told)} messages ({names}); "
        "they may have been accepted. Do not resend blindly: look up the track ids in the panel first",
        messages=[messages[index] for index in missing],
        track_ids=[track_ids[index] for index in missing],
        accepted=[item for item in told if item is not None],
        phase=None,
    ) from ResponseError(f"{operation.name}: a success that says nothing of {len(missing)} messages")
