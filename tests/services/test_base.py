import pytest
from hypothesis import given
from hypothesis import strategies as st

from wikipayam_async.core.operation import Operation, Replay
from wikipayam_async.core.options import Options, Origin
from wikipayam_async.errors import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    ClosedError,
    InvalidInputError,
    RateLimitError,
    ResponseError,
    ServerError,
    UnknownOutcomeError,
)
from wikipayam_async.messages import SentMessage, SmsMessage
from wikipayam_async.redact.sealed import Secret
from wikipayam_async.services.base import (
    FailureScope,
    Service,
    ServiceAttribute,
    chunked,
    failure_scope,
    optional_timeout,
    require_all_accepted,
)


@given(st.lists(st.integers(), max_size=30), st.integers(1, 40))
def test_chunks_are_full_and_complete(values: list[int], size: int) -> None:
    """Chunks joined are the input; all but the last are full, and none is empty."""
    pieces = chunked(values, size)
    assert [value for piece in pieces for value in piece] == values
    assert [len(piece) for piece in pieces[:-1]] == [size] * max(0, len(pieces) - 1)
    assert all(pieces)


class Lines(Service):
    """A service that tells where it sends, and through what."""

    def line(self) -> tuple[object, str | None]:
        """Return the pipeline and the sender."""
        return self._pipeline, self._options.sender


def test_a_service_uses_the_pipeline_and_the_options_of_its_client() -> None:
    """Each client has its own service, made once; the class of the client has the service's class."""

    class Client:
        """A client with one service."""

        lines = ServiceAttribute(lambda: Lines)
        other = ServiceAttribute(lambda: Service)

        def __init__(self, sender: str) -> None:
            self._pipeline = f"pipeline of {sender}"
            self._options = Options(token=Secret("t"), origin=Origin.parse("https://wikipayam.ir"), sender=sender)

    first, second = Client("1000"), Client("2000")
    assert [client.lines.line() for client in (first, second)] == [
        ("pipeline of 1000", "1000"),
        ("pipeline of 2000", "2000"),
    ]
    assert first.lines is first.lines
    assert [type(service) for service in (first.lines, first.other)] == [Lines, Service]
    assert Client.lines is Lines


SEND = Operation("sms.send", "POST", "sms/send", Replay.SEND)


def messages_of(*track_ids: str | None) -> list[SmsMessage]:
    """Return messages with these track ids."""
    return [SmsMessage("09123456789", "m", track_id=track_id) for track_id in track_ids]


def test_complete_results_are_returned() -> None:
    """If every message has a result, the results are returned."""
    assert require_all_accepted(SEND, ("a", "b"), messages_of("T1", "T2"), ["T1", "T2"]) == ["a", "b"]


def test_missing_results_raise() -> None:
    """The error holds the messages without a result, and the results of the others."""
    messages = messages_of("T1", "T2", "T3", None)
    first, third = SentMessage("a"), SentMessage("c")
    with pytest.raises(UnknownOutcomeError) as caught:
        require_all_accepted(SEND, (first, None, third, None), messages, ["T1", "T2", "T3", None])
    error = caught.value
    assert str(error) == (
        "sms.send: the gateway did not report the outcome of 2 of 4 messages (T2); they may have been accepted. "
        "Do not resend blindly: look in the panel first, by receiver, text and time, or by track id if it shows one"
    )
    assert (error.messages, error.track_ids, error.accepted) == (
        (messages[1], messages[3]),
        ("T2", None),
        (first, third),
    )
    assert (type(error.__cause__), str(error.__cause__)) == (
        ResponseError,
        "sms.send: no outcome for 2 messages",
    )


def test_the_error_names_at_most_five_track_ids() -> None:
    """The error text names the first five track ids and an ellipsis."""
    with pytest.raises(UnknownOutcomeError, match=r"\(T0, T1, T2, T3, T4, …\)"):
        require_all_accepted(SEND, [None] * 6, messages_of(*[None] * 6), [f"T{n}" for n in range(6)])
    with pytest.raises(UnknownOutcomeError, match=r"\(T0, T1, T2, T3, T4\)"):
        require_all_accepted(SEND, [None] * 5, messages_of(*[None] * 5), [f"T{n}" for n in range(5)])


def test_the_timeout_of_later_calls() -> None:
    """A time-out is checked before the first call; None stands for the client's."""
    assert (optional_timeout(None), optional_timeout(2.5)) == (None, 2.5)
    with pytest.raises(InvalidInputError) as caught:
        optional_timeout(0)
    assert caught.value.field == "timeout"


@pytest.mark.parametrize(
    ("error", "scope"),
    [
        (APIConnectionError("away"), FailureScope.TEMPORARY),
        (APITimeoutError("late"), FailureScope.TEMPORARY),
        (RateLimitError("slow", status_code=429), FailureScope.TEMPORARY),
        *[(APIStatusError("", status_code=status), FailureScope.TEMPORARY) for status in (408, 425)],
        *[(ServerError("", status_code=status), FailureScope.TEMPORARY) for status in (502, 503, 504)],
        (ResponseError("gibberish"), FailureScope.UNCLEAR),
        *[(ServerError("", status_code=status), FailureScope.UNCLEAR) for status in (500, 501, 520)],
        *[(APIStatusError("", status_code=status), FailureScope.ITEM) for status in (400, 404, 409, 410, 413, 422)],
        *[(APIStatusError("", status_code=status), FailureScope.ENDPOINT) for status in (301, 302, 399, 405, 407)],
        (ClosedError("closed"), FailureScope.ACCOUNT),
        (ValueError(), FailureScope.ACCOUNT),
    ],
)
def test_what_a_request_failed_at(error: Exception, scope: FailureScope) -> None:
    """The status tells whether a failure is temporary, of one item, of the endpoint or of the account; 500 and gibberish leave it open."""
    assert failure_scope(error) is scope
