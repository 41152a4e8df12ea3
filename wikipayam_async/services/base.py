"""What every service stands on, and the checks that several share."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from wikipayam_async.core.operation import Call, Consignment, Observer, Operation, name_some
from wikipayam_async.core.options import Options
from wikipayam_async.core.pipeline import Pipeline
from wikipayam_async.dates import DateLike, parse_day
from wikipayam_async.errors import (
    APIConnectionError,
    InvalidInputError,
    RateLimitError,
    ResponseError,
    ServerError,
    UnknownOutcomeError,
)
from wikipayam_async.messages.matching import settle, settle_documented
from wikipayam_async.messages.models import SentMessage
from wikipayam_async.messages.payload import Batch
from wikipayam_async.redact import shape_of

__all__ = [
    "TRANSIENT",
    "Service",
    "check_date",
    "check_id",
    "check_ids",
    "chunked",
    "insist",
    "is_id",
    "send_all",
    "send_batch",
    "send_told",
]

T = TypeVar("T")

TRANSIENT = (APIConnectionError, RateLimitError, ResponseError, ServerError)
"""What a reader that goes on asking (a consumer, a watch) waits out; anything else it raises."""

_ID = re.compile(r"[0-9A-Za-z_-]{1,64}")


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


def check_date(value: DateLike, *, field: str) -> str:
    """Return a day as the gateway writes it, `YYYY-MM-DD`. See `parse_day` for how it may be given.

    Raises:
        InvalidInputError: There is no such day, or it is written in another way.
        ConfigurationError: It is a Jalali string, and the package `jdatetime` is not installed.
    """
    return parse_day(value, field=field).isoformat()


def chunked(values: Sequence[T], size: int) -> list[Sequence[T]]:
    """Cut a sequence into pieces of at most so many."""
    return [values[start : start + size] for start in range(0, len(values), size)]


async def send_batch(
    pipeline: Pipeline, operation: Operation, batch: Batch[Any], observer: Observer | None = None
) -> Sequence[str | None]:
    """Send messages as one request; return the id of each, None where nothing was told of it.

    Args:
        pipeline: Carries out the call.
        operation: The service's way to send.
        batch: The messages.
        observer: Handed the fate of every message, also if the call is cancelled.

    Raises:
        UnknownOutcomeError: It is not known whether any was accepted.
        APIStatusError: All were refused.
        APIConnectionError: None reached the gateway.
    """
    return await pipeline.run(
        Call(
            operation=operation,
            read=lambda data: [None if sent is None else sent.id for sent in settle(data, batch)],
            shortcut=lambda body: settle_documented(body, batch),
            body=batch.body,
            consignment=Consignment(batch.messages, batch.track_ids, lambda id_: id_),
            observer=observer,
        )
    )


async def send_told(
    pipeline: Pipeline, operation: Operation, batch: Batch[Any], observer: Observer | None = None
) -> Sequence[SentMessage | None]:
    """Send messages as one request; return what was told of each, None where that is nothing.

    Args:
        pipeline: Carries out the call.
        operation: The service's way to send.
        batch: The messages.
        observer: Handed the fate of every message, also if the call is cancelled.

    Raises:
        UnknownOutcomeError: It is not known whether any was accepted.
        APIStatusError: All were refused.
        APIConnectionError: None reached the gateway.
    """
    return await pipeline.run(
        Call(
            operation=operation,
            read=lambda data: settle(data, batch),
            body=batch.body,
            consignment=Consignment(batch.messages, batch.track_ids, lambda sent: sent.id),
            observer=observer,
        )
    )


async def send_all(pipeline: Pipeline, operation: Operation, batch: Batch[Any]) -> list[SentMessage]:
    """Send messages as one request; return what was told of them, which has to be something of each.

    Raises:
        UnknownOutcomeError: Of some it is not known whether they were accepted.
        APIStatusError: All were refused.
        APIConnectionError: None reached the gateway.
    """
    told = await send_told(pipeline, operation, batch)
    return insist(operation, told, batch.messages, batch.track_ids)


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
