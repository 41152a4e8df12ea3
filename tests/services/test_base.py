from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wikipayam_async.core.operation import Call, Operation, Replay
from wikipayam_async.core.options import Options, Origin
from wikipayam_async.errors import ResponseError, UnknownOutcomeError
from wikipayam_async.messages import SentMessage, SmsMessage
from wikipayam_async.messages.payload import Batch, TrackIds, prepare_sms
from wikipayam_async.outcomes import MessageOutcome, SendStatus
from wikipayam_async.redact.sealed import Secret
from wikipayam_async.services.base import Service, chunked
from wikipayam_async.services.sending import require_all_accepted, send_all, send_batch

SEND = Operation("sms.send", "POST", "sms/send", Replay.SEND)


@given(st.lists(st.integers(), max_size=30), st.integers(1, 40))
def test_pieces_put_together_are_the_whole(values: list[int], size: int) -> None:
    """Every piece but the last is full, and none is empty."""
    pieces = chunked(values, size)
    assert [value for piece in pieces for value in piece] == values
    assert [len(piece) for piece in pieces[:-1]] == [size] * max(0, len(pieces) - 1)
    assert all(pieces)


def test_insisting_on_what_is_complete() -> None:
    """If something was told of every message, that is the answer."""
    assert require_all_accepted(SEND, ("a", "b"), ["m1", "m2"], ["T1", "T2"]) == ["a", "b"]


def test_insisting_on_what_is_not() -> None:
    """The error holds the messages that the answer leaves out, and those that were accepted."""
    with pytest.raises(UnknownOutcomeError) as caught:
        require_all_accepted(SEND, ("a", None, "c", None), ["m1", "m2", "m3", "m4"], ["T1", "T2", "T3", None])
    error = caught.value
    assert str(error) == (
        "sms.send: the gateway did not report the outcome of 2 of 4 messages (T2, None); they may have been accepted. "
        "Do not resend blindly: look up the track ids in the panel first"
    )
    assert (error.messages, error.track_ids, error.accepted) == (("m2", "m4"), ("T2", None), ("a", "c"))
    assert (type(error.__cause__), str(error.__cause__)) == (
        ResponseError,
        "sms.send: no outcome for 2 messages",
    )


def test_insisting_names_a_few_track_ids() -> None:
    """A thousand names help nobody."""
    with pytest.raises(UnknownOutcomeError, match=r"\(T0, T1, T2, T3, T4, …\)"):
        require_all_accepted(SEND, [None] * 6, list("abcdef"), [f"T{n}" for n in range(6)])
    with pytest.raises(UnknownOutcomeError, match=r"\(T0, T1, T2, T3, T4\)"):
        require_all_accepted(SEND, [None] * 5, list("abcde"), [f"T{n}" for n in range(5)])


class Echo:
    """A pipeline that answers at once, with what a gateway would say of the second message alone."""

    def __init__(self) -> None:
        self.calls: list[Call[Any]] = []

    async def run(self, call: Call[Any]) -> Any:
        """Note the call, and read an answer to it."""
        self.calls.append(call)
        return call.read([{"id": "69e5", "track_id": "T2"}])


def batch_of(*names: str) -> Batch[SmsMessage]:
    """Make messages with these track ids."""
    messages = [SmsMessage("09123456789", "hi", sender="1", track_id=name) for name in names]
    return Batch(messages, [prepare_sms(one, sender=None, track_ids=TrackIds(), normalize=True) for one in messages])


ITEM = b'{"sender":"1","receiver":"09123456789","message":"hi","track_id":"T%d"}'
ANSWER = b'{"data": [{"id": "a", "track_id": "T1"}, {"id": "b", "track_id": "T2"}]}'


@pytest.mark.anyio
async def test_a_batch_is_sent_as_one_call() -> None:
    """Body, batch and observer belong together, and the answer is settled by track id."""
    pipeline: Any = Echo()
    heard: list[MessageOutcome] = []
    batch = batch_of("T1", "T2")
    assert await send_batch(pipeline, SEND, batch, lambda outcomes: heard.extend(outcomes())) == [None, "69e5"]
    [call] = pipeline.calls
    assert (call.operation, call.path, call.query) == (SEND, "", {})
    assert bytes(call.body) == b"[" + ITEM % 1 + b"," + ITEM % 2 + b"]"
    assert (call.batch.messages, call.batch.track_ids) == (batch.messages, ["T1", "T2"])
    assert call.batch.id_of("69e5") == "69e5"
    call.observer(lambda: [MessageOutcome("T1", SendStatus.UNKNOWN)])
    assert [one.track_id for one in heard] == ["T1"]


@pytest.mark.anyio
async def test_the_documented_answer_to_a_batch_has_a_shortcut() -> None:
    """The short way to the ids is that of the very messages, and takes no other answer."""
    pipeline: Any = Echo()
    await send_batch(pipeline, SEND, batch_of("T1", "T2"))
    await send_batch(pipeline, SEND, batch_of("T2", "T1"))
    first, second = pipeline.calls
    assert (first.shortcut(ANSWER), second.shortcut(ANSWER), first.shortcut(b"{}")) == (["a", "b"], None, None)
    assert first.observer is None


@pytest.mark.anyio
async def test_all_of_a_batch_has_to_be_told_of() -> None:
    """Single sends read the whole answer, and require_all_accepted on a word about each message."""
    pipeline: Any = Echo()
    assert await send_all(pipeline, SEND, batch_of("T2")) == [SentMessage("69e5", track_id="T2")]
    with pytest.raises(UnknownOutcomeError) as caught:
        await send_all(pipeline, SEND, batch := batch_of("T1", "T2"))
    assert (caught.value.messages, caught.value.track_ids) == ((batch.messages[0],), ("T1",))
    assert caught.value.accepted == (SentMessage("69e5", track_id="T2"),)
    _, call = pipeline.calls
    assert (call.operation, call.path, call.query, call.shortcut, call.observer) == (SEND, "", {}, None, None)
    assert bytes(call.body) == b"[" + ITEM % 1 + b"," + ITEM % 2 + b"]"
    assert (call.batch.messages, call.batch.track_ids) == (batch.messages, ["T1", "T2"])
    assert call.batch.id_of(SentMessage("69e5")) == "69e5"


def test_a_service_holds_what_it_is_made_with() -> None:
    """Every service works with the client's pipeline and settings."""
    pipeline: Any = Echo()
    options = Options(token=Secret("t"), origin=Origin.parse("https://wikipayam.ir"))
    service = Service(pipeline, options)
    assert (service._pipeline is pipeline, service._options is options) == (True, True)
