"""Which message of a request does which item of the answer speak of? Pure; promise P5 rests on it.

The answer is matched by track id, never by position alone: nothing promises that the gateway keeps the order or that
all items come back. What it does not speak of, or speaks of ambiguously, stays untold.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Sequence
from typing import Any

import msgspec

from wikipayam_async.core.converter import JsonValue, to_items
from wikipayam_async.core.operation import format_track_ids
from wikipayam_async.errors import InvalidInputError, ResponseError, UnknownOutcomeError
from wikipayam_async.messages.models import SentMessage
from wikipayam_async.messages.payload import Batch, Payload
from wikipayam_async.numbers import normalize_receiver

__all__ = ["match_answer", "match_documented_answer", "unmentioned_error"]


def match_answer(data: JsonValue, batch: Batch[Any]) -> tuple[SentMessage | None, ...]:
    """Return for each message what the gateway said of it; None where it said nothing that can be told apart."""
    items = tuple(item for item in to_items(data, SentMessage) if item.id)
    echoed = [item.track_id for item in items]
    if echoed == batch.track_ids and len(set(echoed)) == len(echoed):
        return items  # the documented answer
    return _match(items, batch.payloads)


class _Told(msgspec.Struct, gc=False):
    """As much of an item of the documented answer as a bulk send needs."""

    id: str
    track_id: str


class _Documented(msgspec.Struct):
    data: list[_Told]


_decode_documented = msgspec.json.Decoder(_Documented).decode


def match_documented_answer(body: bytes, batch: Batch[Any]) -> list[str] | None:
    """Return the id that the gateway gave each message, if this is the documented answer; None if it is any other.

    It says nothing that `match_answer` would not: it is the short way for bulk sends, without an object for every field. Fields
    that it has no use for are not read, so that a number out of range does no harm there.
    """
    try:
        told = _decode_documented(str(body, "utf-8")).data  # of bytes, strings that are skipped may hold anything
    except (ValueError, RecursionError):
        return None
    echoed = [one.track_id for one in told]
    ids = [one.id for one in told]
    return ids if echoed == batch.track_ids and len(set(echoed)) == len(echoed) and all(ids) else None


def _match(items: Sequence[SentMessage], payloads: Sequence[Payload]) -> tuple[SentMessage | None, ...]:
    told: list[SentMessage | None] = [None] * len(payloads)
    by_track_id: dict[Hashable, list[int]] = defaultdict(list)
    for index, one in enumerate(payloads):
        by_track_id[one.track_id].append(index)
    groups: dict[str, list[SentMessage]] = defaultdict(list)
    nameless: list[SentMessage] = []
    for item in items:
        if item.track_id is None:
            nameless.append(item)
        elif item.track_id in by_track_id:
            groups[item.track_id].append(item)
    for track_id, group in groups.items():
        _assign(group, by_track_id[track_id], payloads, told)
    if nameless:
        _assign_nameless(nameless, payloads, told)
    return tuple(told)


def _assign(
    group: Sequence[SentMessage],
    indexes: Sequence[int],
    payloads: Sequence[Payload],
    told: list[SentMessage | None],
) -> None:
    """Give the items of one track id to its messages: one to one, or told apart by their receivers."""
    if len(indexes) == 1:
        told[indexes[0]] = group[0]  # a doubled item still speaks of the one message
        return
    by_receiver: dict[str, list[SentMessage]] = defaultdict(list)
    for item in group:
        by_receiver[_local(item.receiver)].append(item)
    wanted: dict[str, list[int]] = defaultdict(list)
    for index in indexes:
        wanted[_local(payloads[index].receiver)].append(index)
    for receiver, places in wanted.items():
        found = by_receiver.get(receiver, [])
        if len(found) == len(places):  # equal in every respect that the gateway shows, so any order is right
            for place, item in zip(places, found, strict=True):
                told[place] = item


def _assign_nameless(
    nameless: Sequence[SentMessage], payloads: Sequence[Payload], told: list[SentMessage | None]
) -> None:
    """Give items without a track id to the one message that they can speak of: by receiver, or as the only one."""
    if len(payloads) == 1:
        if told[0] is None and len(nameless) == 1 and _speaks_of(nameless[0], payloads[0]):
            told[0] = nameless[0]
        return
    items: dict[str, list[SentMessage]] = defaultdict(list)
    for item in nameless:
        if item.receiver is not None:
            items[_local(item.receiver)].append(item)
    places: dict[str, list[int]] = defaultdict(list)
    for index, one in enumerate(payloads):
        places[_local(one.receiver)].append(index)
    for receiver, found in items.items():
        open_places = places.get(receiver, [])
        if len(found) == len(open_places) == 1 and told[open_places[0]] is None:
            told[open_places[0]] = found[0]


def _speaks_of(item: SentMessage, one: Payload) -> bool:
    return item.receiver is None or _local(item.receiver) == _local(one.receiver)


def _local(receiver: str | None) -> str:
    try:
        return normalize_receiver(receiver or "")
    except InvalidInputError:
        return receiver or ""


def unmentioned_error(
    name: str,
    messages: Sequence[object],
    track_ids: Sequence[str | None],
    positions: Sequence[int],
    accepted: Sequence[object] = (),
) -> UnknownOutcomeError:
    """Return the error of the messages, at `positions` in a request, whose outcome the gateway did not report."""
    unknown = [track_ids[position] for position in positions]
    error = UnknownOutcomeError(
        f"{name}: the gateway did not report the outcome of {len(positions)} of {len(messages)} messages "
        f"({format_track_ids([str(track_id) for track_id in unknown])}); they may have been accepted. "
        "Do not resend blindly: look up the track ids in the panel first",
        messages=[messages[position] for position in positions],
        track_ids=unknown,
        accepted=accepted,
    )
    error.__cause__ = ResponseError(f"{name}: no outcome for {len(positions)} messages")
    return error
