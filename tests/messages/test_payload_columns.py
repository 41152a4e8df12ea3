from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wikipayam_async import SmsMessage
from wikipayam_async.core.converter import encode_json
from wikipayam_async.messages.columns import MessageColumn
from wikipayam_async.messages.payload import SmsPayload, prepare_some
from wikipayam_async.messages.payload_columns import PayloadColumn, batch_of, prepare_messages
from wikipayam_async.messages.track_ids import TrackIds

A, B = "09120000001", "09120000002"


class Loud(str):
    """A string whose own code raises."""

    __slots__ = ()

    def strip(self, chars: str | None = None, /) -> str:
        """Raise."""
        raise RuntimeError("no")


RECEIVERS = st.sampled_from(
    [A, B, "+989120000003", "۰۹۱۲۰۰۰۰۰۰۴", "021", "", "0912000000\n", "\ud800", Loud(A), None, 9120000005]
)
TEXTS = st.sampled_from(["سلام", 'a"\\\n', "😀", "", "\ud800", Loud("x"), None])
TRACK_IDS = st.sampled_from(["ORDER-1", 'o"1', "o\\1", "o 1", "", "سفارش", "o\n1", Loud("o"), None])
ROWS = st.lists(st.tuples(RECEIVERS, TEXTS, TRACK_IDS), max_size=6)


def described(prepared: tuple[Sequence[SmsPayload], dict[int, Exception]], *, minted: bool) -> Any:
    """Return what can be compared: generated track ids differ from call to call."""
    payloads, refused = prepared
    fields = [msgspec.structs.asdict(one) for one in payloads]
    if minted:
        assert len({one.pop("track_id") for one in fields}) == len(fields)
    return fields, {at: (type(error), str(error)) for at, error in refused.items()}


@given(
    rows=ROWS,
    common=st.none() | TEXTS,
    has_ids=st.booleans(),
    sender=st.sampled_from([None, "", "10002000", "+98 1000", 5]),
    line=st.sampled_from([None, "30003000"]),
    normalize=st.booleans(),
    validate=st.booleans(),
)
def test_a_column_is_checked_as_its_messages_are(
    rows: list[tuple[Any, Any, Any]],
    common: Any,
    has_ids: bool,
    sender: Any,
    line: Any,
    normalize: bool,
    validate: bool,
) -> None:
    """The same payloads and the same errors come of a column and of a list of its messages, whatever the fields hold."""
    column = MessageColumn(
        [receiver for receiver, _, _ in rows],
        [text if common is None else common for _, text, _ in rows],
        is_one_text=common is not None,
        sender=sender,
        track_ids=[track_id for _, _, track_id in rows] if has_ids else None,
    )
    both = [
        prepare(messages, sender=line, track_ids=TrackIds(), normalize=normalize, validate=validate)
        for prepare, messages in ((prepare_messages, column), (prepare_some, list(column)))
    ]
    minted = not has_ids or None in (column.track_ids or ())
    found, expected = (described(one, minted=minted) for one in both)
    assert found == expected
    payloads = both[0][0]
    batch = batch_of(list(column), payloads)
    assert batch.body == encode_json(list(payloads))
    assert batch.track_ids == [one.track_id for one in payloads]


def test_a_text_that_is_no_unicode() -> None:
    """It is refused for itself; the other messages of the column are sent."""
    column = MessageColumn([A, B], ["x", "\ud800"])
    payloads, refused = prepare_messages(column, sender="1", track_ids=TrackIds(), normalize=True)
    assert [one.receiver for one in payloads] == [A]
    assert {at: str(error) for at, error in refused.items()} == {
        1: "message: expected valid Unicode; got a lone surrogate"
    }


def test_a_column_of_payloads() -> None:
    """Its items are made when they are looked at; what is picked and joined is a column and encodes as its items do."""
    messages = MessageColumn([A, B], ["x"] * 2, is_one_text=True)
    payloads, _ = prepare_messages(messages, sender="10002000", track_ids=TrackIds(), normalize=True)
    assert isinstance(payloads, PayloadColumn)
    made = [
        SmsPayload("10002000", one, "x", msgspec.UNSET, name)
        for one, name in zip([A, B], payloads.track_ids, strict=True)
    ]
    assert [payloads[0], payloads[-1], *payloads[:1]] == [made[0], made[1], made[0]]
    assert list(payloads.join(payloads.pick([1]))) == [*made, made[1]]
    assert payloads.pick([1]).encode() == encode_json(made[1:])
    assert payloads.minted
    assert repr(payloads) == "<PayloadColumn of 2 messages>"


@pytest.mark.parametrize(("track_ids", "minted"), [(None, True), (["a", "a"], False)])
def test_generated_track_ids_are_known_to_differ(track_ids: Any, minted: bool) -> None:
    """Only those that were generated need no look at each; two equal ones of the caller are found."""
    column = MessageColumn([A, B], ["x", "y"], track_ids=track_ids)
    payloads, _ = prepare_messages(column, sender="1", track_ids=TrackIds(), normalize=True)
    assert batch_of([SmsMessage(A, "x"), SmsMessage(B, "y")], payloads).has_distinct_ids is minted


def test_receivers_that_are_not_validated() -> None:
    """Without `validate`, a column with a number of another country is checked message by message, and sent."""
    column = MessageColumn([A, "+49 30 1234"], ["x", "y"])
    payloads, refused = prepare_messages(column, sender="1", track_ids=TrackIds(), normalize=True, validate=False)
    assert [(one.receiver, one.text) for one in payloads] == [(A, "x"), ("+49 30 1234", "y")]
    assert refused == {}


def test_one_text_that_is_no_unicode() -> None:
    """It is refused for every message."""
    column = MessageColumn([A, B], ["\ud800"] * 2, is_one_text=True)
    payloads, refused = prepare_messages(column, sender="1", track_ids=TrackIds(), normalize=True)
    assert list(payloads) == []
    assert {str(error) for error in refused.values()} == {"message: expected valid Unicode; got a lone surrogate"}
    assert list(refused) == [0, 1]


def test_a_body_is_encoded_once() -> None:
    """What checked the payloads by encoding them keeps the body for the request."""
    payloads, _ = prepare_messages([SmsMessage(A, "x")], sender="1", track_ids=TrackIds(), normalize=True)
    assert isinstance(payloads, PayloadColumn)
    assert payloads.encode() is payloads.encode()
    assert batch_of([SmsMessage(A, "x")], payloads).is_plain
