from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wikipayam_async.core.operation import Operation, Replay
from wikipayam_async.core.options import Options, Origin
from wikipayam_async.errors import ResponseError, UnknownOutcomeError
from wikipayam_async.messages.models import OtpMessage, SentMessage, SmsMessage
from wikipayam_async.outcomes import AnyMessage
from wikipayam_async.redact.sealed import Secret
from wikipayam_async.services.base import Service, chunked, require_all_accepted


@given(st.lists(st.integers(), max_size=30), st.integers(1, 40))
def test_chunks_are_full_and_complete(values: list[int], size: int) -> None:
    """Chunks joined are the input; all but the last are full, and none is empty."""
    pieces = chunked(values, size)
    assert [value for piece in pieces for value in piece] == values
    assert [len(piece) for piece in pieces[:-1]] == [size] * max(0, len(pieces) - 1)
    assert all(pieces)


def test_a_service_keeps_its_pipeline_and_options() -> None:
    """A service works with the client's pipeline and options."""
    pipeline: Any = object()
    options = Options(token=Secret("t"), origin=Origin.parse("https://wikipayam.ir"))
    service = Service(pipeline, options)
    assert (service._pipeline is pipeline, service._options is options) == (True, True)


SEND = Operation("sms.send", "POST", "sms/send", Replay.SEND)
MESSAGES: list[AnyMessage] = [
    SmsMessage("09120000001", "one", track_id="T1"),
    SmsMessage("09120000002", "two", track_id="T2"),
    SmsMessage("09120000003", "three", track_id="T3"),
    OtpMessage("09120000004", "1234"),
]
SENT = [SentMessage("69e5", track_id="T1"), SentMessage("69e6", track_id="T3")]


def texts(count: int) -> list[AnyMessage]:
    """Return the given number of messages."""
    return [SmsMessage("09120000001", str(number)) for number in range(count)]


def test_complete_results_are_returned() -> None:
    """If every message has a result, the results are returned."""
    assert require_all_accepted(SEND, SENT, [MESSAGES[0], MESSAGES[2]], ["T1", "T3"]) == SENT


def test_missing_results_raise() -> None:
    """The error holds the messages without a result, and the results of the others."""
    with pytest.raises(UnknownOutcomeError) as caught:
        require_all_accepted(SEND, (SENT[0], None, SENT[1], None), MESSAGES, ["T1", "T2", "T3", None])
    error = caught.value
    assert str(error) == (
        "sms.send: the gateway did not report the outcome of 2 of 4 messages (T2, None); they may have been accepted. "
        "Do not resend blindly: look up the track ids in the panel first"
    )
    assert (error.messages, error.track_ids, error.accepted) == (
        (MESSAGES[1], MESSAGES[3]),
        ("T2", None),
        tuple(SENT),
    )
    assert error.messages[0] is MESSAGES[1]
    assert (type(error.__cause__), str(error.__cause__)) == (
        ResponseError,
        "sms.send: no outcome for 2 messages",
    )


def test_the_error_names_at_most_five_track_ids() -> None:
    """The error text names the first five track ids and an ellipsis."""
    with pytest.raises(UnknownOutcomeError, match=r"\(T0, T1, T2, T3, T4, …\)"):
        require_all_accepted(SEND, [None] * 6, texts(6), [f"T{n}" for n in range(6)])
    with pytest.raises(UnknownOutcomeError, match=r"\(T0, T1, T2, T3, T4\)"):
        require_all_accepted(SEND, [None] * 5, texts(5), [f"T{n}" for n in range(5)])
