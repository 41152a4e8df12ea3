import gzip
import zlib
from typing import Any

import msgspec
import pytest

from wikipayam_async.emulator import Action, Exchange, Fault, Response, When
from wikipayam_async.emulator.faults.apply import throw

ITEMS = [{"id": name, "track_id": f"T{name}"} for name in "abc"]
JSON = {"content-type": "application/json"}
ANSWER = Response(200, JSON, msgspec.json.encode({"data": ITEMS}))


def spoiled(fault: Fault, answer: Response = ANSWER) -> Response:
    """Let a fault strike an answer that is still answered."""
    exchange = throw(fault, lambda: answer)
    assert exchange.action is Action.RESPOND
    assert exchange.response is not None
    return exchange.response


@pytest.mark.parametrize(
    ("fault", "action"), [(Fault.reset, Action.RESET), (Fault.close, Action.CLOSE), (Fault.hang, Action.HANG)]
)
@pytest.mark.parametrize(("when", "calls"), [(When.BEFORE, 0), (When.AFTER, 1)])
def test_a_broken_connection_gives_no_answer(fault: Any, action: Action, when: When, calls: int) -> None:
    """The request is processed once or not at all, and nothing is answered."""
    processed: list[Response] = []

    def answer() -> Response:
        processed.append(ANSWER)
        return ANSWER

    assert throw(fault(when=when), answer) == Exchange(None, action)
    assert len(processed) == calls


@pytest.mark.parametrize(
    ("fault", "exchange"),
    [
        (Fault.delay(2.0), Exchange(ANSWER, delay=2.0)),
        (Fault.drip(0.5), Exchange(ANSWER, Action.DRIP, pause=0.5)),
        (Fault.truncated(), Exchange(ANSWER, Action.TRUNCATE, keep=len(ANSWER.body) // 2)),
        (Fault.truncated(keep=3), Exchange(ANSWER, Action.TRUNCATE, keep=3)),
        (Fault.truncated(keep=10**6), Exchange(ANSWER, Action.TRUNCATE, keep=len(ANSWER.body) - 1)),
    ],
)
def test_a_slow_or_short_answer_is_the_same_answer(fault: Fault, exchange: Exchange) -> None:
    """The answer stays whole, and only its delivery changes."""
    assert throw(fault, lambda: ANSWER) == exchange


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
def test_items_are_lost_doubled_and_mixed_up(fault: Fault, names: str) -> None:
    """The list of the answer is changed as asked."""
    by_name = {item["id"]: item for item in ITEMS}
    assert spoiled(fault).json() == {"data": [by_name[name] for name in names]}


def test_strangers_are_added() -> None:
    """Extra items look like receipts of somebody else."""
    answer: Any = spoiled(Fault.extra_items(2)).json()
    assert answer["data"][:3] == ITEMS
    assert [item["track_id"] for item in answer["data"][3:]] == ["EXTRA_0", "EXTRA_1"]


def test_track_ids_are_lost() -> None:
    """Every item keeps its id and loses its track id; what is no item stays."""
    answer = Response(200, JSON, b'{"data":[{"id":"a","track_id":"T"},7]}')
    assert spoiled(Fault.null_track_ids(), answer).json() == {"data": [{"id": "a", "track_id": None}, 7]}


def test_received_messages_are_items_as_well() -> None:
    """A list under `data.receives` is changed as one under `data`."""
    answer = Response(200, JSON, b'{"data":{"receives":[1,2]}}')
    assert spoiled(Fault.reordered_items(), answer).json() == {"data": {"receives": [2, 1]}}


@pytest.mark.parametrize(
    "answer", [Response(200, JSON, b'{"data":{"balance":1}}'), Response(422, JSON, b"[]"), Response(413, {}, b"<html>")]
)
def test_an_answer_without_items_stays_as_it_is(answer: Response) -> None:
    """Where there is no list there is nothing to change."""
    assert spoiled(Fault.reordered_items(), answer) == answer


def test_json_is_broken() -> None:
    """The body ends too early for a parser, and fits its length."""
    with pytest.raises(msgspec.DecodeError) as caught:
        spoiled(Fault.malformed_json()).json()
    assert str(caught.value) == "Input data was truncated"


def test_text_is_broken() -> None:
    """The body is no UTF-8."""
    with pytest.raises(UnicodeDecodeError) as caught:
        spoiled(Fault.invalid_utf8()).body.decode()
    assert caught.value.reason == "invalid start byte"


def test_an_empty_answer_keeps_its_status() -> None:
    """A success without a body is still a success."""
    assert spoiled(Fault.empty()) == Response(200, JSON)


@pytest.mark.parametrize(("layers", "encoding"), [(1, "gzip"), (2, "gzip, gzip")])
def test_a_bomb_is_small_until_it_goes_off(layers: int, encoding: str) -> None:
    """A few bytes unpack to as many as asked, layer by layer."""
    size = 3 * 1024 * 1024 + 5
    response = spoiled(Fault.bomb(size, layers=layers))
    body = response.body
    assert len(body) < 4_000
    for _ in range(layers):
        body = gzip.decompress(body)
    assert (response.headers["content-encoding"], body) == (encoding, b" " * size)
    assert zlib.decompressobj(wbits=31).decompress(response.body) != b""


def test_an_oversized_answer_is_valid() -> None:
    """The body is as large as asked, and JSON all the same."""
    response = spoiled(Fault.oversized(1_000))
    assert (len(response.body), response.json()) == (1_000, {"data": "0" * 988})
