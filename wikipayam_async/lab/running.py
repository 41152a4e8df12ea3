"""Makes a call, and describes its answer, its attempts and its error."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence

import anyio
import msgspec
from attrs import field, frozen

from wikipayam_async.core.events import AttemptFinished, Event
from wikipayam_async.core.operation import received
from wikipayam_async.core.protocol import Answer
from wikipayam_async.errors import APIStatusError, WikipayamError
from wikipayam_async.lab.call import SdkCall
from wikipayam_async.lab.gateway import LabGateway

__all__ = ["AttemptMade", "GatewayAnswer", "Made", "RaisedError", "described", "make"]

MAX_SHOWN = 100_000
"""The number of bytes of a body that are shown."""


@frozen(kw_only=True)
class AttemptMade:
    """One request of a call.

    Attributes:
        number: Its number, from 1.
        milliseconds: The time it took.
        status: The status of the answer; None without one.
        failure: The failure in one word; None if an answer arrived.
    """

    number: int
    milliseconds: float
    status: int | None
    failure: str | None


@frozen(kw_only=True)
class GatewayAnswer:
    """The last answer of the gateway.

    Attributes:
        status: The status.
        headers: The headers, without cookies.
        body: The body as text; JSON is indented.
        cut: Whether the body is longer than what is shown.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: str = field(repr=False)
    cut: bool


@frozen(kw_only=True)
class RaisedError:
    """An error of the client.

    Attributes:
        type: Its class, as it is imported.
        text: Its text.
        send_status: For a send, whether the message may have been sent.
        status_code: The status of the answer; None without one.
        errors: The messages of the gateway by field.
        retry_after: Seconds that the gateway asks to wait; None if it does not.
    """

    type: str
    text: str
    send_status: str | None = None
    status_code: int | None = None
    errors: Mapping[str, Sequence[str]] = field(factory=dict)
    retry_after: float | None = None


@frozen(kw_only=True)
class Made:
    """A call that was made.

    Attributes:
        milliseconds: The time of the whole call, delays before retries included.
        attempts: Its requests.
        answer: The last answer; None if none arrived.
        result: What the method returned, as Python shows it; None after an error.
        error: The error that the method raised; None without one.
    """

    milliseconds: float
    attempts: Sequence[AttemptMade]
    answer: GatewayAnswer | None
    result: str | None
    error: RaisedError | None


async def make(call: SdkCall, gateway: LabGateway) -> Made:
    """Make a call.

    Args:
        call: The call.
        gateway: The gateway.
    """
    attempts: list[AttemptMade] = []
    answers: deque[Answer] = deque(maxlen=1)

    def record(event: Event) -> None:
        if isinstance(event, AttemptFinished):
            attempts.append(
                AttemptMade(
                    number=event.number,
                    milliseconds=_milliseconds(event.elapsed),
                    status=event.status_code,
                    failure=event.failure,
                )
            )

    start, error, result = anyio.current_time(), None, None
    token = received.set(answers)
    try:
        async with gateway.connect(record) as client:
            result = repr(await call.make(client))
    except WikipayamError as raised:
        error = described(raised)
    finally:
        received.reset(token)
    return Made(
        milliseconds=_milliseconds(anyio.current_time() - start),
        attempts=attempts,
        answer=_shown(answers[-1]) if answers else None,
        result=result,
        error=error,
    )


def described(error: WikipayamError) -> RaisedError:
    """Return an error as the page shows it.

    Args:
        error: The error.
    """
    cls = type(error)
    return RaisedError(
        type=f"{cls.__module__}.{cls.__qualname__}",
        text=str(error),
        send_status=None if error.send_status is None else error.send_status.value,
        status_code=getattr(error, "status_code", None),
        errors={name: [*texts] for name, texts in error.errors.items()} if isinstance(error, APIStatusError) else {},
        retry_after=getattr(error, "retry_after", None),
    )


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1000, 1)


def _shown(answer: Answer) -> GatewayAnswer:
    body = bytes(answer.body)
    cut = body[:MAX_SHOWN].decode("utf-8", "replace")
    headers = {name: value for name, value in answer.headers.items() if name != "set-cookie"}
    is_cut = len(body) > MAX_SHOWN
    return GatewayAnswer(status=answer.status, headers=headers, body=cut if is_cut else _indented(cut), cut=is_cut)


def _indented(body: str) -> str:
    try:
        return msgspec.json.format(body.encode(), indent=2).decode()
    except (msgspec.DecodeError, RecursionError):
        return body
