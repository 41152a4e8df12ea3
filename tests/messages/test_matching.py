import json
import random
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wikipayam_async.core.protocol import Answer, UnreadableAnswerError, data_of, decode_answer
from wikipayam_async.messages import SentMessage
from wikipayam_async.messages.matching import match_answer, match_documented_answer, match_documented_items
from wikipayam_async.messages.models import names_message
from wikipayam_async.messages.payload import Batch, SmsPayload
from wikipayam_async.redact.sealed import SealedBytes

A, B, C = "09121111111", "09122222222", "09123333333"


def batch_of(*pairs: tuple[str, str]) -> Batch[str]:
    """Return a batch of messages with these track ids and receivers."""
    payloads = [SmsPayload("1", receiver, "hi", msgspec.UNSET, track_id) for track_id, receiver in pairs]
    return Batch.of([""] * len(pairs), payloads)


def item(id_: Any, track_id: Any = None, receiver: Any = None) -> dict[str, Any]:
    """Return an item of an answer."""
    return {"id": id_, "sender": "1000", "receiver": receiver, "track_id": track_id}


def ids(data: Any, *pairs: tuple[str, str]) -> list[str | None]:
    """Return the id that was assigned to each message."""
    return [None if sent is None else sent.id for sent in match_answer(data, batch_of(*pairs))]


def test_the_documented_answer() -> None:
    """Items in the order sent, with the track ids sent, are returned unchanged."""
    found = match_answer([item("1", "T1", A), {**item("2", "T2", B), "parts": 2}], batch_of(("T1", A), ("T2", B)))
    assert found == (
        SentMessage("1", "1000", A, "T1"),
        SentMessage("2", "1000", B, "T2", {"parts": 2}),
    )


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ([item("2", "T2", B), item("1", "T1", A)], ["1", "2"]),
        ([item("2", "T2", B)], [None, "2"]),
        ([item("1", "T1", C), item("2", "T2", C)], ["1", "2"]),
        ([item("1", "T1", A), item("9", "T1", A), item("2", "T2", B)], ["1", "2"]),
        ([item("9", "X", A), item("2", "T2", B)], [None, "2"]),
        ([item("1", None, A), item("2", None, B)], ["1", "2"]),
        ([item("1", None, "98" + A[1:]), item("2", "T2", B)], ["1", "2"]),
        ([item("1", None, A), item("9", None, A), item("2", None, B)], [None, "2"]),
        ([item("1", None, None), item("2", None, None)], [None, None]),
        ([item("1", None, None)], [None, None]),
        ([item("9", None, B), item("2", "T2", B)], [None, "2"]),
        ([item("", "T1", A), item(None, "T2", B)], [None, None]),
        ([item({}, "T1", A), item(True, "T2", B)], [None, None]),
        ([item(17, "T1", A), item(1.5, "T2", B)], ["17", "1.5"]),
        ([item("1", ["T1"], A), item("2", {"T2": 1}, B)], ["1", "2"]),
        ([item("9", "", A)], [None, None]),
        ([None, 3, "T1", [item("1", "T1", A)], item("2", "T2", B)], [None, "2"]),
        (item("2", "T2", B), [None, "2"]),
        ([], [None, None]),
        ({}, [None, None]),
        (None, [None, None]),
        ("accepted", [None, None]),
        (True, [None, None]),
    ],
)
def test_two_messages_to_two_receivers(data: Any, expected: list[str | None]) -> None:
    """An item is assigned by its track id, or by its receiver if it has no track id."""
    assert ids(data, ("T1", A), ("T2", B)) == expected


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ([item("1", "T1", A)], "1"),
        ([item("1", "T1", None)], "1"),
        ([item("1", None, A)], "1"),
        ([item("1", None, "+98 912 111 1111")], "1"),
        ([item("1", None, None)], "1"),
        (item("1"), "1"),
        ({"id": "1"}, "1"),
        ([item("1", None, B)], None),
        ([item("1", "X", A)], None),
        ([item("1"), item("2")], None),
        ([item("1"), item("2", "T1")], "2"),
        ([item("1", "T1"), item("2")], "1"),
        ([], None),
    ],
)
def test_one_message_alone(data: Any, expected: str | None) -> None:
    """An answer to one message belongs to it, unless it has another track id or receiver, or two ids."""
    assert ids(data, ("T1", A)) == [expected]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ([item("1", "T", A), item("2", "T", B)], ["1", "2"]),
        ([item("2", "T", B), item("1", "T", A)], ["1", "2"]),
        ([item("2", "T", B)], [None, "2"]),
        ([item("1", "T", A), item("9", "T", A), item("2", "T", B)], [None, "2"]),
        ([item("1", "T", None), item("2", "T", None)], [None, None]),
        ([item("1", None, A), item("2", None, B)], ["1", "2"]),
    ],
)
def test_a_duplicate_track_id_is_resolved_by_the_receivers(data: Any, expected: list[str | None]) -> None:
    """If a track id is used twice, items are assigned by receiver; ambiguous messages have no result."""
    assert ids(data, ("T", A), ("T", B)) == expected


def test_identical_messages_take_the_items_in_any_order() -> None:
    """Two messages with one track id and one receiver get both ids, but a single item is assigned to neither."""
    twins = (("T", A), ("T", A))
    assert ids([item("1", "T", A), item("2", "T", A)], *twins) == ["1", "2"]
    assert ids([item("1", "T", A)], *twins) == [None, None]
    assert ids([item("1", None, A), item("2", None, A)], *twins) == [None, None]


def test_receivers_that_are_no_mobiles_are_compared_as_they_are() -> None:
    """Without normalization, an unusual receiver still finds its item."""
    assert ids([item("1", None, "+49 30 1"), item("2", None, "x")], ("T1", "+49 30 1"), ("T2", "y")) == ["1", None]


MESSAGES = st.lists(
    st.tuples(st.sampled_from(["T1", "T2", "T3", "T4"]), st.sampled_from([A, B, C])), min_size=1, max_size=6
)


@given(MESSAGES, st.data())
def test_no_message_gets_an_item_that_may_mean_another(pairs: list[tuple[str, str]], data: st.DataObject) -> None:
    """In a shuffled, incomplete, duplicated or unrelated answer, an item is assigned only to a message it fits."""
    items = []
    for index, (track_id, receiver) in enumerate(pairs):
        for copy in range(data.draw(st.sampled_from([0, 1, 1, 1, 2]))):
            shown = data.draw(st.sampled_from([track_id, track_id, None]))
            items.append(
                item(f"{index}-{copy}", shown, data.draw(st.sampled_from([receiver, "98" + receiver[1:], None])))
            )
    unrelated: st.SearchStrategy[Any] = st.builds(
        item, st.just("unrelated"), st.sampled_from(["X", "Y"]), st.sampled_from([A, B, None])
    )
    rubbish: st.SearchStrategy[Any] = st.sampled_from([None, 1, "x", [], {}, {"id": None, "track_id": "T1"}])
    items += data.draw(st.lists(unrelated | rubbish, max_size=3))
    random.Random(data.draw(st.integers(0, 99))).shuffle(items)
    results = match_answer(items, batch_of(*pairs))
    assert len(results) == len(pairs)
    for index, (sent, (track_id, receiver)) in enumerate(zip(results, pairs, strict=True)):
        if sent is None:
            continue
        origin = sent.id.partition("-")[0]
        alike = {str(n) for n, pair in enumerate(pairs) if pair == (track_id, receiver)}
        if sent.track_id is None and sent.receiver is None:
            assert len(pairs) == 1
        elif sent.track_id is None:
            assert (origin in {str(n) for n, pair in enumerate(pairs) if pair[1] == receiver}, alike) == (
                True,
                {str(index)},
            )
        else:
            assert (sent.track_id, origin in alike) == (track_id, True)


@given(MESSAGES)
def test_no_item_is_assigned_to_two_messages(pairs: list[tuple[str, str]]) -> None:
    """An id that the answer holds once is assigned at most once."""
    items = [item(str(index), track_id, receiver) for index, (track_id, receiver) in enumerate(pairs)]
    assigned = [sent.id for sent in match_answer(items[::-1], batch_of(*pairs)) if sent is not None]
    assert sorted(assigned) == sorted(set(assigned))


@given(st.permutations(range(6)), st.sets(st.integers(0, 5)))
def test_distinct_track_ids_are_all_found_in_any_order(order: list[int], left_out: set[int]) -> None:
    """Every item with its own track id is assigned, and every other message has no result."""
    pairs = [(f"T{index}", A) for index in range(6)]
    answer = [item(str(index), f"T{index}") for index in order if index not in left_out]
    assert ids(answer, *pairs) == [None if index in left_out else str(index) for index in range(6)]


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=3)
    | st.sampled_from([A, "T1"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["id", "track_id", "receiver", "sender", "data"]), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(JSON)
def test_no_answer_raises(data: Any) -> None:
    """Any JSON value is read as a result or None for each message."""
    assert len(match_answer(data, batch_of(("T1", A), ("T2", B)))) == 2


def read(body: bytes, batch: Batch[str]) -> list[str | None] | None:
    """Return the id that `match_answer` finds for each message; None if the answer cannot be read."""
    try:
        data = data_of(decode_answer(Answer(200, {}, SealedBytes(body))))
    except UnreadableAnswerError:
        return None
    return [None if sent is None else sent.id for sent in match_answer(data, batch)]


TWO = (("T1", A), ("T2", B))
ITEMS = b'{"id": "1", "track_id": "T1"}, {"id": "2", "track_id": "T2"}'


@pytest.mark.parametrize(
    "body",
    [
        b'{"data": [' + ITEMS + b"]}",
        b' {"data":\n[' + ITEMS.replace(b" ", b"") + b"]}\r\n",
        b'{"data": [], "data": [' + ITEMS + b"]}",
        b'{"message": "\\u0633\xd8\xb3", "data": [' + ITEMS + b'], "n": [[{}]], "data2": null}',
        b'{"data": [{"id": "0", "x": {"id": 7}, "track_id": "T1", "id": "1"}, {"track_id": "T\\u0032", "id": "2"}]}',
        b'{"data": [' + ITEMS + b'], "deep": ' + b"[" * 50 + b"]" * 50 + b"}",
        b'{"data": [' + ITEMS + b'], "large": 1' + b"0" * 400 + b"}",
    ],
)
def test_the_shortcut_reads_the_documented_answer(body: bytes) -> None:
    """Whatever other fields it has, the documented answer gives the ids that `match_answer` finds."""
    batch = batch_of(*TWO)
    assert (match_documented_answer(body, batch), read(body, batch)) == (["1", "2"], ["1", "2"])


def test_a_number_out_of_range_does_not_break_the_shortcut() -> None:
    """The shortcut skips other fields, so that a number out of range, which breaks a full read, does no harm."""
    body, batch = b'{"data": [' + ITEMS + b'], "x": 1e999}', batch_of(*TWO)
    assert (match_documented_answer(body, batch), read(body, batch)) == (["1", "2"], None)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"<html>",
        b'{"data": [' + ITEMS,
        b'{"data": [' + ITEMS + b"]} x",
        b'\xef\xbb\xbf{"data": [' + ITEMS + b"]}",
        b"[" + ITEMS + b"]",
        b'{"items": [' + ITEMS + b"]}",
        b'{"data": {"id": "1", "track_id": "T1"}}',
        b'{"data": null}',
        b'{"data": []}',
        b'{"data": [' + ITEMS + b'], "data": []}',
        b'{"data": [7], "data": [' + ITEMS + b"]}",
        b'{"data": [{"id": "1", "track_id": "T1"}]}',
        b'{"data": [' + ITEMS + b', {"id": "3", "track_id": "T3"}]}',
        b'{"data": [' + ITEMS + b", null]}",
        b'{"data": [{"id": "2", "track_id": "T2"}, {"id": "1", "track_id": "T1"}]}',
        b'{"data": [' + ITEMS.replace(b'"2"', b"2") + b"]}",
        b'{"data": [' + ITEMS.replace(b'"2"', b'""') + b"]}",
        b'{"data": [' + ITEMS.replace(b'"2"', b'" "') + b"]}",
        b'{"data": [' + ITEMS.replace(b'"2"', b'"null"') + b"]}",
        b'{"data": [' + ITEMS.replace(b'"2"', b'"-1"') + b"]}",
        b'{"data": [' + ITEMS.replace(b'"2"', b"null") + b"]}",
        b'{"data": [' + ITEMS.replace(b'"T2"', b"null") + b"]}",
        b'{"data": [' + ITEMS.replace(b'"T2"', b"2") + b"]}",
        b'{"data": [' + ITEMS.replace(b'"T2"', b'"T1"') + b"]}",
        b'{"data": [' + ITEMS.replace(b'"T2"', b'"t2"') + b"]}",
        b'{"data": [' + ITEMS.replace(b', "track_id": "T2"', b"") + b"]}",
        b'{"data": [' + ITEMS.replace(b'"id": "2", ', b"") + b"]}",
        b'{"data": [' + ITEMS.replace(b'"id"', b'"ID"') + b"]}",
        b'{"data": [["1", "T1"], ["2", "T2"]]}',
        b'{"data": [' + ITEMS.replace(b'"2"', b"NaN") + b"]}",
        b'{"data": [' + ITEMS + b'], "x": NaN}',
        b'{"data": [' + ITEMS + b'], "x": 01}',
        b'{"data": [' + ITEMS + b'], "x": "\xff"}',
        b'{"data": [' + ITEMS + b'], "\xff": 1}',
        b'{"data": [' + ITEMS + b'], "x": "\xed\xa0\x80"}',
        b'{"data": [' + ITEMS + b'], "x": "\\ud800"}',
        b'{"data": [' + ITEMS.replace(b'"2"', b'"\xff"') + b"]}",
        b'{"data": [' + ITEMS + b'], "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b"[" * 100_000,
        b'{"data": ' * 100_000,
    ],
)
def test_the_shortcut_refuses_any_other_answer(body: bytes) -> None:
    """The shortcut returns None unless the answer is the documented one to exactly these messages."""
    assert match_documented_answer(body, batch_of(*TWO)) is None
    assert match_documented_items(body, batch_of(*TWO)) is None


def test_the_shortcut_for_items_keeps_their_fields() -> None:
    """It returns the items that `match_answer` finds, and leaves new fields, which are kept, to it."""
    items = [{**item("1", "T1", A), "sender": None}, item("2", "T2")]
    batch = batch_of(*TWO)
    assert match_documented_items(json.dumps({"n": 1, "data": items}).encode(), batch) == match_answer(items, batch)
    new = json.dumps({"data": [item("1", "T1", A), {**item("2", "T2"), "parts": 2}]}).encode()
    assert match_documented_items(new, batch) is None


def test_the_shortcut_refuses_duplicate_track_ids() -> None:
    """Messages with one track id are not assigned by order."""
    batch = batch_of(("T", A), ("T", B))
    body = json.dumps({"data": [item("2", "T", B), item("1", "T", A)]}).encode()
    assert (match_documented_answer(body, batch), read(body, batch)) == (None, ["1", "2"])


ANSWERS = st.fixed_dictionaries(
    {
        "id": st.sampled_from(["1", "2", "1", "2", "3", "", "é", "null", " "]) | st.sampled_from([1, None, 1.5, True]),
        "track_id": st.sampled_from(["T1", "T2", "T1", "T2", "T3", ""]) | st.sampled_from([2, None]),
    },
    optional={"receiver": JSON, "sender": JSON, "extra": JSON, "x": JSON},
)
ENVELOPES = st.fixed_dictionaries(
    {"data": st.lists(ANSWERS, min_size=1, max_size=3) | JSON}, optional={"id": JSON, "message": JSON}
)


@given(ENVELOPES | JSON, st.booleans(), st.lists(st.sampled_from(TWO), min_size=1, max_size=3))
def test_the_shortcut_agrees_with_the_full_match(data: Any, ascii_only: bool, pairs: list[tuple[str, str]]) -> None:
    """For any answer, the shortcut returns the result of `match_answer` or None."""
    body, batch = json.dumps(data, ensure_ascii=ascii_only).encode(), batch_of(*pairs)
    found = match_documented_answer(body, batch)
    assert found is None or found == read(body, batch)
    items = match_documented_items(body, batch)
    assert items is None or items == match_answer(data_of(json.loads(body)), batch)


@given(st.lists(st.text("abT12", min_size=1, max_size=3), min_size=1, max_size=8), st.data())
def test_the_shortcut_takes_every_documented_answer(names: list[str], data: st.DataObject) -> None:
    """If every message is answered in order and has a track id of its own, the shortcut returns all ids."""
    ids = st.text(min_size=1, max_size=24).filter(names_message)
    sent_ids = data.draw(st.lists(ids, min_size=len(names), max_size=len(names)))
    body = json.dumps({"data": [item(id_, name, A) for id_, name in zip(sent_ids, names, strict=True)]}).encode()
    batch = batch_of(*[(name, A) for name in names])
    assert match_documented_answer(body, batch) == (sent_ids if len(set(names)) == len(names) else None)


@given(st.binary(max_size=40))
def test_no_body_raises(body: bytes) -> None:
    """Bytes that are not JSON, or only begin like it, give None."""
    for raw in (body, b'{"data": [' + body + b"]}", b'{"data": [' + ITEMS + b'], "x": "' + body + b'"}'):
        found = match_documented_answer(raw, batch_of(*TWO))
        assert found is None or found == read(raw, batch_of(*TWO))
