"""Matching the items of the gateway's answer to the messages of the batch. Pure; the accounted-for promise rests on it.

Items are matched by track id, never by position alone: the gateway does not promise to keep the order or to return all
items. A message that the answer does not mention, or mentions ambiguously, has no result.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Sequence
from typing import Any

import msgspec

from wikipayam_async.core.converter import JsonValue, to_items, to_mapping
from wikipayam_async.errors import InvalidInputError
from wikipayam_async.messages.models import SentMessage, names_message
from wikipayam_async.messages.payload import Batch, Payload
from wikipayam_async.numbers import normalize_receiver

_MOST_ITEMS_PER_MESSAGE = 10
_SURELY_AN_ID = 10
"""The number of letters and digits from which an id is no word such as `undefined`."""

__all__ = ["match_answer", "match_documented_answer", "match_documented_items"]


def match_answer(data: JsonValue, batch: Batch[Any]) -> tuple[SentMessage | None, ...]:
    """Return the item of each message; None for a message to which no item can be assigned unambiguously.

    Raises:
        ValueError: The answer has far more items than the request has messages.
    """
    if isinstance(data, list) and len(data) > _MOST_ITEMS_PER_MESSAGE * len(batch.payloads):
        raise ValueError("expected an item for each message")
    named = [one for one in (data if isinstance(data, list) else [data]) if names_message(to_mapping(one).get("id"))]
    items = to_items(named, SentMessage)
    echoed = [item.track_id for item in items]
    if echoed == batch.track_ids and batch.has_distinct_ids:
        return items  # the documented answer
    return _match(items, batch.payloads)


class _Item(msgspec.Struct, gc=False):
    """The fields of an item of the documented answer that a bulk send needs."""

    id: str
    track_id: str


class _DocumentedAnswer(msgspec.Struct, gc=False):
    data: list[_Item]


_decode_documented = msgspec.json.Decoder(_DocumentedAnswer).decode


def match_documented_answer(body: bytes, batch: Batch[Any]) -> list[str] | None:
    """Return the id of each message if this is the documented answer; None if it is any other.

    It returns the same ids as `match_answer`, but is faster for bulk sends: it builds no model per item. Other fields
    are skipped, so that a number out of range in one of them does no harm.
    """
    try:
        items = _decode_documented(str(body, "utf-8")).data  # given bytes, msgspec would not validate skipped strings
    except (ValueError, RecursionError):
        return None
    echoed = [item.track_id for item in items]
    ids = [item.id for item in items]
    return ids if echoed == batch.track_ids and batch.has_distinct_ids and _name_messages(ids) else None


def _name_messages(ids: Sequence[str]) -> bool:
    """Return whether all ids name messages; the usual ones are told without a call each, by their ASCII letters and digits."""
    are_usual = min(map(len, ids), default=0) >= _SURELY_AN_ID and "".join(ids).encode("ascii", "replace").isalnum()
    return are_usual or all(map(names_message, ids))


class _WholeItem(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    """All fields of an item of the documented answer."""

    id: str
    track_id: str
    sender: str | None = None
    receiver: str | None = None


class _WholeAnswer(msgspec.Struct, gc=False):
    data: list[_WholeItem]


_decode_whole = msgspec.json.Decoder(_WholeAnswer).decode


def match_documented_items(body: bytes, batch: Batch[Any]) -> tuple[SentMessage, ...] | None:
    """Return the item of each message if this is the documented answer without new fields; None if it is any other.

    It returns the same items as `match_answer`, in a third of the time. See `match_documented_answer`.
    """
    try:
        items = _decode_whole(str(body, "utf-8")).data
    except (ValueError, RecursionError):
        return None
    ids = [item.id for item in items]
    if not ([item.track_id for item in items] == batch.track_ids and batch.has_distinct_ids and _name_messages(ids)):
        return None
    return tuple([SentMessage(item.id, item.sender, item.receiver, item.track_id) for item in items])


def _match(items: Sequence[SentMessage], payloads: Sequence[Payload]) -> tuple[SentMessage | None, ...]:
    results: list[SentMessage | None] = [None] * len(payloads)
    by_track_id: dict[Hashable, list[int]] = defaultdict(list)
    for index, payload in enumerate(payloads):
        by_track_id[payload.track_id].append(index)
    groups: dict[str, list[SentMessage]] = defaultdict(list)
    without_track_id: list[SentMessage] = []
    for item in items:
        if item.track_id is None:
            without_track_id.append(item)
        elif item.track_id in by_track_id:
            groups[item.track_id].append(item)
    for track_id, group in groups.items():
        _assign(group, by_track_id[track_id], payloads, results)
    if without_track_id:
        _assign_by_receiver(without_track_id, payloads, results)
    return tuple(results)


def _assign(
    group: Sequence[SentMessage],
    indexes: Sequence[int],
    payloads: Sequence[Payload],
    results: list[SentMessage | None],
) -> None:
    """Assign the items of one track id to its messages; if there are several, by their receivers."""
    if len(indexes) == 1:
        results[indexes[0]] = group[0]  # a duplicated item still means the one message
        return
    by_receiver: dict[str, list[SentMessage]] = defaultdict(list)
    for item in group:
        by_receiver[_local(item.receiver)].append(item)
    wanted: dict[str, list[int]] = defaultdict(list)
    for index in indexes:
        wanted[_local(payloads[index].receiver)].append(index)
    for receiver, same_receiver in wanted.items():
        found = by_receiver.get(receiver, [])
        if len(found) == len(same_receiver):  # the gateway shows no difference between them, so any order is right
            for index, item in zip(same_receiver, found, strict=True):
                results[index] = item


def _assign_by_receiver(
    without_track_id: Sequence[SentMessage], payloads: Sequence[Payload], results: list[SentMessage | None]
) -> None:
    """Assign items without a track id to the one message that they can mean: by receiver, or the only one."""
    if len(payloads) == 1:
        if results[0] is None and len(without_track_id) == 1 and _may_mean(without_track_id[0], payloads[0]):
            results[0] = without_track_id[0]
        return
    items: dict[str, list[SentMessage]] = defaultdict(list)
    for item in without_track_id:
        if item.receiver is not None:
            items[_local(item.receiver)].append(item)
    indexes: dict[str, list[int]] = defaultdict(list)
    for index, payload in enumerate(payloads):
        indexes[_local(payload.receiver)].append(index)
    for receiver, found in items.items():
        candidates = indexes.get(receiver, [])
        if len(found) == len(candidates) == 1 and results[candidates[0]] is None:
            results[candidates[0]] = found[0]


def _may_mean(item: SentMessage, payload: Payload) -> bool:
    return item.receiver is None or _local(item.receiver) == _local(payload.receiver)


def _local(receiver: str | None) -> str:
    try:
        return normalize_receiver(receiver or "")
    except InvalidInputError:
        return receiver or ""
