"""One request that sends messages: what every service that sends has in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from wikipayam_async.core.operation import Call, Observer, Operation, SendBatch, format_track_ids
from wikipayam_async.core.pipeline import Pipeline
from wikipayam_async.errors import ResponseError, UnknownOutcomeError
from wikipayam_async.messages.matching import match_answer, match_documented_answer
from wikipayam_async.messages.models import SentMessage
from wikipayam_async.messages.payload import Batch

__all__ = ["require_all_accepted", "send_all", "send_batch", "send_detailed"]


async def send_batch(
    pipeline: Pipeline, operation: Operation, batch: Batch[Any], observer: Observer | None = None
) -> Sequence[str | None]:
    """Send messages as one request; return the id of each, None where nothing was told of it.

    Args:
        pipeline: Carries out the call.
        operation: The service's way to send.
        batch: The messages.
        observer: Handed the outcome of every message, also if the call is cancelled.

    Raises:
        UnknownOutcomeError: It is not known whether any was accepted.
        APIStatusError: All were refused.
        APIConnectionError: None reached the gateway.
    """
    return await pipeline.run(
        Call(
            operation=operation,
            read=lambda data: [None if sent is None else sent.id for sent in match_answer(data, batch)],
            shortcut=lambda body: match_documented_answer(body, batch),
            body=batch.body,
            batch=SendBatch(batch.messages, batch.track_ids, lambda id_: id_),
            observer=observer,
        )
    )


async def send_detailed(
    pipeline: Pipeline, operation: Operation, batch: Batch[Any], observer: Observer | None = None
) -> Sequence[SentMessage | None]:
    """Send messages as one request; return what was told of each, None where that is nothing.

    Args:
        pipeline: Carries out the call.
        operation: The service's way to send.
        batch: The messages.
        observer: Handed the outcome of every message, also if the call is cancelled.

    Raises:
        UnknownOutcomeError: It is not known whether any was accepted.
        APIStatusError: All were refused.
        APIConnectionError: None reached the gateway.
    """
    return await pipeline.run(
        Call(
            operation=operation,
            read=lambda data: match_answer(data, batch),
            body=batch.body,
            batch=SendBatch(batch.messages, batch.track_ids, lambda sent: sent.id),
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
    told = await send_detailed(pipeline, operation, batch)
    return require_all_accepted(operation, told, batch.messages, batch.track_ids)


def require_all_accepted(
    operation: Operation, told: Sequence[Any], messages: Sequence[object], track_ids: Sequence[str | None]
) -> list[Any]:
    """Return what was told, if something was told of every message.

    Raises:
        UnknownOutcomeError: Of some messages the answer says nothing; `accepted` holds the others.
    """
    missing = [index for index, item in enumerate(told) if item is None]
    if not missing:
        return list(told)
    names = format_track_ids([str(track_ids[index]) for index in missing])
    raise UnknownOutcomeError(
        f"{operation.name}: the gateway's answer does not mention {len(missing)} of {len(told)} messages ({names}); "
        "they may have been accepted. Do not resend blindly: look up the track ids in the panel first",
        messages=[messages[index] for index in missing],
        track_ids=[track_ids[index] for index in missing],
        accepted=[item for item in told if item is not None],
        phase=None,
    ) from ResponseError(f"{operation.name}: a success that says nothing of {len(missing)} messages")
