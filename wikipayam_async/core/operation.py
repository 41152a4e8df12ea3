"""What a call is, as data: an operation of the gateway and one use of it."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, TypeAlias, TypeVar

from attrs import field, frozen

from wikipayam_async.outcomes import MessageOutcome
from wikipayam_async.redact.sealed import SealedBytes

__all__ = ["Call", "SendBatch", "JsonValue", "Observer", "Operation", "Replay", "name_some"]

T = TypeVar("T")

Observer: TypeAlias = Callable[[Callable[[], Sequence[MessageOutcome]]], None]
"""Handed what tells the outcomes of a send's messages, once they are known. Telling costs, so it is done on demand."""

_NAMED = 5

JsonValue: TypeAlias = dict[str, Any] | list[Any] | str | int | float | bool | None
"""What JSON can hold. The inner values are `Any`, because a recursive type helps nobody who has to look into one."""


class Replay(enum.StrEnum):
    """What it would mean to carry out a call twice."""

    READ = "read"
    """Nothing."""
    IDEMPOTENT = "idempotent"
    """Nothing more than once."""
    SEND = "send"
    """A second SMS, and its price. Retried only if it is provable that nothing was accepted."""


@frozen
class Operation:
    """An endpoint of the gateway.

    Attributes:
        name: How logs, events and errors call it, as in `sms.send`.
        method: The HTTP method.
        path: Below the API prefix, without a slash in front.
        replay: What it would mean to carry it out twice.
        secret_query: The query holds the token: keep it below everything that logs URLs, and send no headers.
    """

    name: str
    method: str
    path: str
    replay: Replay
    secret_query: bool = False


@frozen
class SendBatch(Generic[T]):
    """What a send carries, so that its outcome can be told whatever happens.

    Attributes:
        messages: The messages as the caller handed them in.
        track_ids: Their track ids, in the same order; None where the service has none.
        id_of: The gateway's id of one item of the answer.
    """

    messages: Sequence[object] = field(repr=False)
    track_ids: Sequence[str | None]
    id_of: Callable[[T], str | None] = field(repr=False)


@frozen(kw_only=True)
class Call(Generic[T]):
    """One use of an operation.

    Attributes:
        operation: What is called.
        read: Makes the answer of what stood under `data`; raises `ValueError` or `TypeError` if it cannot.
        shortcut: Makes the same of the body of the answer that nearly always comes, at a lower price; None of any other.
        path: The path, where it depends on the call; otherwise the operation's.
        query: Query parameters, in order.
        body: The JSON body; None for none.
        batch: What is sent, for a send. `read` then returns a sequence of the same length, with None for each
            message that the answer does not tell of.
        observer: Handed the outcome of every message as soon as it is known, also if the call is cancelled.
    """

    operation: Operation
    read: Callable[[JsonValue], T] = field(repr=False)
    shortcut: Callable[[bytes], T | None] | None = field(default=None, repr=False)
    path: str = ""
    query: Mapping[str, str] = field(factory=dict, repr=False)
    body: SealedBytes | None = None
    batch: SendBatch[Any] | None = None
    observer: Observer | None = field(default=None, repr=False)


def name_some(track_ids: Sequence[str | None]) -> str:
    """Name the first track ids in an error's text."""
    return ", ".join(filter(None, track_ids[:_NAMED])) + (", …" if len(track_ids) > _NAMED else "")
