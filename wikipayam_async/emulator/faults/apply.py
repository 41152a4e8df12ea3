"""Applies faults: pure functions from a response to the exchange that replaces it."""

import re
import zlib
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TypeAlias

import msgspec
from attrs import evolve

from wikipayam_async.emulator.exchange import Action, Exchange, Json, Response
from wikipayam_async.emulator.faults.fault import MEBIBYTE, Fault, FaultKind, When
from wikipayam_async.emulator.gateway.laravel import JSON_TYPE

_Change: TypeAlias = Callable[[Fault, Response], Exchange]
_Items: TypeAlias = list[Json]


def apply_fault(fault: Fault, process: Callable[[], Response]) -> Exchange:
    """Apply a fault to a request.

    Args:
        fault: The fault.
        process: Processes the request and returns the gateway's response. Not called if the fault occurs before
            processing.
    """
    if fault.kind in _CHANGES:
        return _CHANGES[fault.kind](fault, process())
    if fault.when is When.AFTER:
        process()
    return Exchange(fault.response, Action(fault.kind) if fault.response is None else Action.RESPOND)


def _delay(fault: Fault, response: Response) -> Exchange:
    return Exchange(response, delay=fault.seconds)


def _drip(fault: Fault, response: Response) -> Exchange:
    return Exchange(response, Action.DRIP, pause=fault.seconds)


def _truncate(fault: Fault, response: Response) -> Exchange:
    maximum = len(response.body) - 1
    keep = len(response.body) // 2 if fault.size is None else fault.size
    return Exchange(response, Action.TRUNCATE, keep=max(0, min(keep, maximum)))


def _malform_json(_: Fault, response: Response) -> Exchange:
    return Exchange(evolve(response, body=response.body[:-1]))


def _invalidate_utf8(_: Fault, response: Response) -> Exchange:
    return Exchange(evolve(response, body=response.body.replace(b'":', b'\xff\xfe":', 1)))


def _empty(_: Fault, response: Response) -> Exchange:
    return Exchange(Response(response.status, {"content-type": JSON_TYPE}))


def _bomb(fault: Fault, response: Response) -> Exchange:
    headers = {**response.headers, "content-encoding": ", ".join(["gzip"] * fault.layers)}
    return Exchange(Response(response.status, headers, _compressed_blanks(fault.size or 0, fault.layers)))


def _oversize(fault: Fault, response: Response) -> Exchange:
    envelope = b'{"data": ""}'
    filling = b"0" * max(0, (fault.size or 0) - len(envelope))
    return Exchange(evolve(response, body=envelope[:-2] + filling + envelope[-2:]))


def _on_items(change: Callable[[Fault, _Items], _Items]) -> _Change:
    """Turn a change of a list into a change of a response. The list is `data` or `data.receives`."""

    def change_response(fault: Fault, response: Response) -> Exchange:
        if response.headers.get("content-type") != JSON_TYPE:
            return Exchange(response)
        payload = response.json()
        data = payload.get("data") if isinstance(payload, dict) else None
        if isinstance(payload, dict) and isinstance(data, list):
            payload["data"] = change(fault, data)
        elif isinstance(data, dict) and isinstance(items := data.get("receives"), list):
            data["receives"] = change(fault, items)
        return Exchange(evolve(response, body=msgspec.json.encode(payload)))

    return change_response


def _selected(fault: Fault, items: _Items) -> set[int]:
    # A negative index counts from the end; one out of range is ignored.
    return {index % len(items) for index in fault.indexes if -len(items) <= index < len(items)}


def _remove(fault: Fault, items: _Items) -> _Items:
    selected = _selected(fault, items)
    return [item for index, item in enumerate(items) if index not in selected]


def _reverse(_: Fault, items: _Items) -> _Items:
    return items[::-1]


def _duplicate(fault: Fault, items: _Items) -> _Items:
    selected = _selected(fault, items)
    return [item for index, item in enumerate(items) for _ in range(2 if index in selected else 1)]


def _append(fault: Fault, items: _Items) -> _Items:
    extra: _Items = [
        {"id": f"{index:024x}", "sender": "10002000", "receiver": "09000000000", "track_id": f"EXTRA_{index}"}
        for index in range(fault.size or 0)
    ]
    return items + extra


def _clear_track_ids(_: Fault, items: _Items) -> _Items:
    return [{**item, "track_id": None} if isinstance(item, dict) else item for item in items]


def _refuse_to_encode(fault: Fault, response: Response) -> Exchange:
    return Exchange(fault.response if fault.item.encode() in response.body else response)


def _replace_item(fault: Fault, response: Response) -> Exchange:
    item = re.compile(rb'\{[^{}]*"' + re.escape(fault.item.encode()) + rb'"[^{}]*\}')
    return Exchange(evolve(response, body=item.sub(lambda _: fault.raw, response.body)))


@lru_cache(maxsize=8)
def _compressed_blanks(size: int, layers: int) -> bytes:
    """Compress blanks piece by piece, so that building a bomb takes little memory."""
    body = _gzip([b" " * MEBIBYTE] * (size // MEBIBYTE) + [b" " * (size % MEBIBYTE)])
    for _ in range(layers - 1):
        body = _gzip([body])
    return body


def _gzip(pieces: list[bytes]) -> bytes:
    compressor = zlib.compressobj(9, wbits=31)
    return b"".join([compressor.compress(piece) for piece in pieces]) + compressor.flush()


_CHANGES: Mapping[FaultKind, _Change] = {
    FaultKind.DELAY: _delay,
    FaultKind.DRIP: _drip,
    FaultKind.TRUNCATED: _truncate,
    FaultKind.MALFORMED_JSON: _malform_json,
    FaultKind.INVALID_UTF8: _invalidate_utf8,
    FaultKind.EMPTY: _empty,
    FaultKind.BOMB: _bomb,
    FaultKind.OVERSIZED: _oversize,
    FaultKind.MISSING_ITEMS: _on_items(_remove),
    FaultKind.REORDERED_ITEMS: _on_items(_reverse),
    FaultKind.DUPLICATED_ITEMS: _on_items(_duplicate),
    FaultKind.EXTRA_ITEMS: _on_items(_append),
    FaultKind.NULL_TRACK_IDS: _on_items(_clear_track_ids),
    FaultKind.UNENCODABLE: _refuse_to_encode,
    FaultKind.RAW_ITEM: _replace_item,
}
