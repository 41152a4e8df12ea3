import gzip
import zlib
from typing import Any

import msgspec
import pytest

from wikipayam_async.emulator import Action, Exchange, Fault, Response, When
from wikipayam_async.emulator.faults.apply import apply_fault

ITEMS = [{"id": name, "track_id": f"T{name}"} for name in "abc"]
JSON = {"content-type": "application/json"}
RESPONSE = Response(200, JSON, msgspec.json.encode({"data": ITEMS}))


def apply(fault: Fault, response: Response = RESPONSE) -> Response:
    """Apply a fault that still responds, and return the response."""
    exchange = apply_fault(fault, lambda: response)
    assert exchange.action is Action.RESPOND
    assert exchange.response is not None
    return exchange.response


@pytest.mark.parametrize(
    ("fault", "action"), [(Fault.reset, Action.RESET), (Fault.close, Action.CLOSE), (Fault.hang, Action.HANG)]
)
@pytest.mark.parametrize(("when", "calls"), [(When.BEFORE, 0), (When.AFTER, 1)])
def test_a_broken_connection_has_no_response(fault: Any, action: Action, when: When, calls: int) -> None:
    """The request is processed once or not at all, and there is no response."""
    processed: list[Response] = []

    def process() -> Response:
        processed.append(RESPONSE)
        return RESPONSE

    assert apply_fault(fault(when=when), process) == Exchange(None, action)
    assert len(processed) == calls


@pytest.mark.parametrize(
    ("fault", "exchange"),
    [
        (Fault.delay(2.0), Exchange(RESPONSE, delay=2.0)),
        (Fault.drip(0.5), Exchange(RESPONSE, Action.DRIP, pause=0.5)),
        (Fault.truncated(), Exchange(RESPONSE, Action.TRUNCATE, keep=len(RESPONSE.body) // 2)),
        (Fault.truncated(keep=3), Exchange(RESPONSE, Action.TRUNCATE, keep=3)),
        (Fault.truncated(keep=10**6), Exchange(RESPONSE, Action.TRUNCATE, keep=len(RESPONSE.body) - 1)),
    ],
)
def test_a_slow_or_truncated_response_is_unchanged(fault: Fault, exchange: Exchange) -> None:
    """The response is unchanged, and only its delivery differs."""
    assert apply_fault(fault, lambda: RESPONSE) == exchange


@pytest.mark.parametrize(
    ("fault", "names"),
    [
        (Fault.missing_items(), "ab"),
        (Fault.missing_items(0, 2, 9, -9), "b"),
        (Fault.reordered_items(), "cba"),
        (Fault.duplicated_items(), "aabc"),
        (Fault.duplicated_items(1, -1), "abbcc"),
    ],
)
def test_items_are_removed_reordered_and_duplicated(fault: Fault, names: str) -> None:
    """The list in the response changes as the fault says."""
    by_name = {item["id"]: item for item in ITEMS}
    assert apply(fault).json() == {"data": [by_name[name] for name in names]}


def test_extra_items_are_appended() -> None:
    """Extra items look like receipts of other messages."""
    payload: Any = apply(Fault.extra_items(2)).json()
    assert payload["data"][:3] == ITEMS
    assert [item["track_id"] for item in payload["data"][3:]] == ["EXTRA_0", "EXTRA_1"]


def test_track_ids_are_set_to_null() -> None:
    """Every item keeps its id and loses its track id; a value that is not an object is unchanged."""
    response = Response(200, JSON, b'{"data":[{"id":"a","track_id":"T"},7]}')
    assert apply(Fault.null_track_ids(), response).json() == {"data": [{"id": "a", "track_id": None}, 7]}


def test_an_item_that_cannot_be_encoded() -> None:
    """Every response that contains the item becomes a 500, and others are unchanged."""
    assert apply(Fault.unencodable("b")).status == 500
    assert apply(Fault.unencodable("z")) == RESPONSE


def test_an_item_is_replaced_by_bytes() -> None:
    """The bytes stand in the body where the item was; a response without the item is unchanged."""
    assert apply(Fault.raw_item("b", b"\xff")).body == (
        b'{"data":[{"id":"a","track_id":"Ta"},\xff,{"id":"c","track_id":"Tc"}]}'
    )
    assert apply(Fault.raw_item("z", b"null")) == RESPONSE


def test_received_messages_are_items_too() -> None:
    """A list under `data.receives` is changed like one under `data`."""
    response = Response(200, JSON, b'{"data":{"receives":[1,2]}}')
    assert apply(Fault.reordered_items(), response).json() == {"data": {"receives": [2, 1]}}


@pytest.mark.parametrize(
    "response",
    [Response(200, JSON, b'{"data":{"balance":1}}'), Response(422, JSON, b"[]"), Response(413, {}, b"<html>")],
)
def test_a_response_without_items_is_unchanged(response: Response) -> None:
    """A response without a list is not changed."""
    assert apply(Fault.reordered_items(), response) == response


def test_the_json_is_malformed() -> None:
    """The body ends before the JSON does."""
    with pytest.raises(msgspec.DecodeError) as caught:
        apply(Fault.malformed_json()).json()
    assert str(caught.value) == "Input data was truncated"


def test_the_body_is_invalid_utf8() -> None:
    """The body cannot be decoded as UTF-8."""
    with pytest.raises(UnicodeDecodeError) as caught:
        apply(Fault.invalid_utf8()).body.decode()
    assert caught.value.reason == "invalid start byte"


def test_an_empty_response_keeps_its_status() -> None:
    """The status is unchanged, and the body is empty."""
    assert apply(Fault.empty()) == Response(200, JSON)


@pytest.mark.parametrize(("layers", "encoding"), [(1, "gzip"), (2, "gzip, gzip")])
def test_a_bomb_is_small_until_it_is_decompressed(layers: int, encoding: str) -> None:
    """A few bytes decompress to the requested size, layer by layer."""
    size = 3 * 1024 * 1024 + 5
    response = apply(Fault.bomb(size, layers=layers))
    body = response.body
    assert len(body) < 4_000
    for _ in range(layers):
        body = gzip.decompress(body)
    assert (response.headers["content-encoding"], body) == (encoding, b" " * size)
    assert zlib.decompressobj(wbits=31).decompress(response.body) != b""


def test_an_oversized_response_is_valid() -> None:
    """The body has the requested size and is valid JSON."""
    response = apply(Fault.oversized(1_000))
    assert (len(response.body), response.json()) == (1_000, {"data": "0" * 988})
