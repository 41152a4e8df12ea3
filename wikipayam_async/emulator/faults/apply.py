"""Carries faults out on answers: pure functions from an answer to what is delivered in its place."""

import zlib
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TypeAlias

import msgspec
from attrs import evolve

from wikipayam_async.emulator.exchange import Action, Exchange, Json, Response
from wikipayam_async.emulator.faults.fault import MEBIBYTE, Fault, FaultKind, When
from wikipayam_async.emulator.gateway.laravel import JSON_TYPE

_Spoil: TypeAlias = Callable[[Fault, Response], Exchange]
_Items: TypeAlias = list[Json]

_ACTIONS: Mapping[FaultKind, Action] = {
    FaultKind.RESET: Action.RESET,
    FaultKind.CLOSE: Action.CLOSE,
    FaultKind.HANG: Action.HANG,
}


def throw(fault: Fault, answer: Callable[[], Response]) -> Exchange:
    """Let a fault strike.

    Args:
        fault: The fault.
        answer: Has the request processed and gives the gateway's own answer; called only where the fault lets the
            request be processed.

    Returns:
        What is to be delivered.
    """
    if fault.kind in _SPOILERS:
        return _SPOILERS[fault.kind](fault, answer())
    if fault.when is When.AFTER:
        answer()
    return Exchange(fault.response, _ACTIONS.get(fault.kind, Action.RESPOND))


def _delayed(fault: Fault, response: Response) -> Exchange:
    return Exchange(response, delay=fault.seconds)


def _dripping(fault: Fault, response: Response) -> Exchange:
    return Exchange(response, Action.DRIP, pause=fault.seconds)


def _truncated(fault: Fault, response: Response) -> Exchange:
    most = len(response.body) - 1
    keep = len(response.body) // 2 if fault.size is None else fault.size
    return Exchange(response, Action.TRUNCATE, keep=max(0, min(keep, most)))


def _malformed(_: Fault, response: Response) -> Exchange:
    return Exchange(evolve(response, body=response.body[:-1]))


def _invalid_utf8(_: Fault, response: Response) -> Exchange:
    return Exchange(evolve(response, body=response.body.replace(b'":', b'\xff\xfe":', 1)))


def _empty(_: Fault, response: Response) -> Exchange:
    return Exchange(Response(response.status, {"content-type": JSON_TYPE}))


def _bomb(fault: Fault, response: Response) -> Exchange:
    headers = {**response.headers, "content-encoding": ", ".join(["gzip"] * fault.layers)}
    return Exchange(Response(response.status, headers, _packed(fault.size or 0, fault.layers)))


def _oversized(fault: Fault, response: Response) -> Exchange:
    frame = b'{"data": ""}'
    filling = b"0" * max(0, (fault.size or 0) - len(frame))
    return Exchange(evolve(response, body=frame[:-2] + filling + frame[-2:]))


def _on_items(change: Callable[[Fault, _Items], _Items]) -> _Spoil:
    """Make a fault of a change to a list: ``data`` itself, or ``data.receives``."""

    def spoil(fault: Fault, response: Response) -> Exchange:
        if response.headers.get("content-type") != JSON_TYPE:
            return Exchange(response)
        payload = response.json()
        data = payload.get("data") if isinstance(payload, dict) else None
        if isinstance(payload, dict) and isinstance(data, list):
            payload["data"] = change(fault, data)
        elif isinstance(data, dict) and isinstance(items := data.get("receives"), list):
            data["receives"] = change(fault, items)
        return Exchange(evolve(response, body=msgspec.json.encode(payload)))

    return spoil


def _meant(fault: Fault, items: _Items) -> set[int]:
    # An index may count from the end.
    return {index % len(items) for index in fault.indexes if -len(items) <= index < len(items)}


def _without_some(fault: Fault, items: _Items) -> _Items:
    gone = _meant(fault, items)
    return [item for index, item in enumerate(items) if index not in gone]


def _backwards(_: Fault, items: _Items) -> _Items:
    return items[::-1]


def _with_doubles(fault: Fault, items: _Items) -> _Items:
    doubled = _meant(fault, items)
    return [item for index, item in enumerate(items) for _ in range(2 if index in doubled else 1)]


def _with_more(fault: Fault, items: _Items) -> _Items:
    strangers: _Items = [
        {"id": f"{index:024x}", "sender": "10002000", "receiver": "09000000000", "track_id": f"EXTRA_{index}"}
        for index in range(fault.size or 0)
    ]
    return items + strangers


def _without_track_ids(_: Fault, items: _Items) -> _Items:
    return [{**item, "track_id": None} if isinstance(item, dict) else item for item in items]


@lru_cache(maxsize=8)
def _packed(size: int, layers: int) -> bytes:
    """Compress blanks, piece by piece, so that a bomb costs its maker little memory."""
    body = _gzip([b" " * MEBIBYTE] * (size // MEBIBYTE) + [b" " * (size % MEBIBYTE)])
    for _ in range(layers - 1):
        body = _gzip([body])
    return body


def _gzip(pieces: list[bytes]) -> bytes:
    packer = zlib.compressobj(9, wbits=31)
    return b"".join([packer.compress(piece) for piece in pieces]) + packer.flush()


_SPOILERS: Mapping[FaultKind, _Spoil] = {
    FaultKind.DELAY: _delayed,
    FaultKind.DRIP: _dripping,
    FaultKind.TRUNCATED: _truncated,
    FaultKind.MALFORMED_JSON: _malformed,
    FaultKind.INVALID_UTF8: _invalid_utf8,
    FaultKind.EMPTY: _empty,
    FaultKind.BOMB: _bomb,
    FaultKind.OVERSIZED: _oversized,
    FaultKind.MISSING_ITEMS: _on_items(_without_some),
    FaultKind.REORDERED_ITEMS: _on_items(_backwards),
    FaultKind.DUPLICATED_ITEMS: _on_items(_with_doubles),
    FaultKind.EXTRA_ITEMS: _on_items(_with_more),
    FaultKind.NULL_TRACK_IDS: _on_items(_without_track_ids),
}
