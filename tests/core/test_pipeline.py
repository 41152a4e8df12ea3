from __future__ import annotations

import logging
import math
from collections.abc import Callable, Sequence
from typing import Any

import anyio
import httpx
import pytest

from tests.support.clock import VirtualClock
from tests.support.net import RECEIVER, EventRecorder, longest_delay
from wikipayam_async import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    AttemptStarted,
    BadRequestError,
    CallOutcome,
    ConfigurationError,
    InvalidInputError,
    MessageOutcome,
    Phase,
    RateLimitError,
    ResponseError,
    RetryPolicy,
    RetryScheduled,
    SendStatus,
    SmsMessage,
    UnknownOutcomeError,
    WikipayamError,
)
from wikipayam_async.core.fault import ExchangeFault, ExchangeFaultKind
from wikipayam_async.core.loops import current_time
from wikipayam_async.core.operation import Call, Operation, Replay, SendBatch, captured, received
from wikipayam_async.core.options import Options, Origin
from wikipayam_async.core.pipeline import Pipeline
from wikipayam_async.core.progress import AttemptProgress
from wikipayam_async.core.protocol import Answer, Outgoing
from wikipayam_async.core.shared_state import SharedState
from wikipayam_async.outcomes import LOOK_FIRST, Attempt
from wikipayam_async.redact.sealed import SealedBytes, Secret

pytestmark = pytest.mark.anyio

SEND = Operation("x.send", "POST", "x", Replay.SEND)
READ = Operation("x.read", "GET", "x", Replay.READ)


class FakeCarrier:
    """Returns or raises the given results in order."""

    def __init__(self, *results: Answer | BaseException, phase: Phase = Phase.ANSWERED) -> None:
        self.http = httpx.AsyncClient(transport=httpx.MockTransport(lambda _: httpx.Response(204)))
        self.results = list(results)
        self.phase = phase
        self.attempts = 0

    async def carry(self, outgoing: Outgoing, progress: AttemptProgress) -> Answer:
        """Return or raise the next result."""
        if progress.ready is not None:
            await progress.ready()
        self.attempts += 1
        with anyio.CancelScope() as scope:
            progress.begin(anyio.current_time(), scope.deadline)
            progress.scope = scope
            await anyio.lowlevel.checkpoint()
        progress.phase = self.phase
        result = self.results.pop(0)
        if isinstance(result, BaseException):
            raise result
        return result

    async def aclose(self) -> None:
        """Do nothing."""


def ok(data: bytes = b'{"data": [1]}') -> Answer:
    """Return a success answer."""
    return Answer(200, {}, SealedBytes(data))


def fault(kind: ExchangeFaultKind = ExchangeFaultKind.DISCONNECTED, *, handed_over: bool = True) -> ExchangeFault:
    """Return a fault."""
    return ExchangeFault(kind, "it broke", handed_over=handed_over)


def build(carrier: FakeCarrier, **options: Any) -> tuple[Pipeline, EventRecorder, SharedState, VirtualClock]:
    """Return a pipeline on virtual time over a carrier."""
    ear, times = EventRecorder(), VirtualClock()
    shared = SharedState(carrier, clock=times.now, sleep=times.sleep)
    shared.uniform = longest_delay
    settings = Options(token=Secret("t"), origin=Origin("http", "127.0.0.1", 1), on_event=ear, **options)
    return Pipeline(settings, shared, None, b"agent"), ear, shared, times


def fail_to_read(_: object) -> object:
    """Find any answer unreadable."""
    raise ValueError


def clock_from(start: float, times: VirtualClock) -> Callable[[], float]:
    """Return a clock that only sleeps move, so that no rounding and no delay of the machine is in its times."""
    return lambda: start + times.ahead


RowOutcomes = Callable[[], Sequence[MessageOutcome]]


def send(count: int = 1, seen: list[RowOutcomes] | None = None, **options: Any) -> Call[Any]:
    """Return a send of the given number of messages."""
    names = [f"t-{n}" for n in range(count)]
    messages = [SmsMessage(RECEIVER, "text", track_id=name) for name in names]
    given: dict[str, Any] = {
        "read": tuple,
        "body": SealedBytes(b"[]"),
        "batch": SendBatch(messages, names, str),
        "observer": None if seen is None else seen.append,
    }
    return Call(operation=SEND, **(given | options))


class TestPipeline:
    """The loop of attempts."""

    @pytest.mark.parametrize("body", [b"", b" \n", b"\xef\xbb\xbf", b"null", b'{"data": null}'])
    async def test_an_empty_success_is_none_where_no_content_is_needed(self, body: bytes) -> None:
        """A call whose operation needs no content succeeds with None."""
        operation = Operation("x.delete", "DELETE", "x", Replay.IDEMPOTENT, needs_content=False)
        pipeline, recorder, *_ = build(FakeCarrier(ok(body)))
        assert await pipeline.run(Call(operation=operation, read=lambda data: data)) is None
        assert recorder.finished[0].outcome is CallOutcome.SUCCEEDED

    async def test_a_send_always_needs_content(self) -> None:
        """Whatever its operation says, nothing in an empty success shows that a message was accepted."""
        operation = Operation("x.send", "POST", "x", Replay.SEND, needs_content=False)
        pipeline, *_ = build(FakeCarrier(ok(b"")))
        with pytest.raises(UnknownOutcomeError):
            await pipeline.run(Call(operation=operation, read=lambda data: data))

    async def test_a_success_is_reported_with_ids(self) -> None:
        """Observer and events receive the same outcomes."""
        seen: list[RowOutcomes] = []
        pipeline, recorder, shared, _ = build(FakeCarrier(ok(b'{"data": [1, null]}')))
        shared.budget.tokens = 50
        assert await pipeline.run(send(2, seen)) == (1, None)
        expected = [MessageOutcome("t-0", SendStatus.ACCEPTED, "1"), MessageOutcome("t-1", SendStatus.UNKNOWN)]
        assert [list(outcomes()) for outcomes in seen] == [expected]
        assert list(recorder.finished[0].messages) == expected
        assert (recorder.finished[0].outcome, shared.budget.tokens) == (CallOutcome.UNKNOWN, 51)

    @pytest.mark.parametrize(
        ("result", "status"),
        [
            (Answer(400, {}, SealedBytes(b"")), SendStatus.REJECTED),
            (fault(), SendStatus.UNKNOWN),
            (fault(handed_over=False), SendStatus.NOT_ATTEMPTED),
            (ok(b"x"), SendStatus.UNKNOWN),
            (MemoryError(), SendStatus.UNKNOWN),
            (KeyboardInterrupt(), SendStatus.UNKNOWN),
        ],
    )
    async def test_the_observer_is_called_once_at_every_end(self, result: Any, status: SendStatus) -> None:
        """It receives a function that returns the same outcomes at every call."""
        seen: list[RowOutcomes] = []
        pipeline, recorder, _, _ = build(FakeCarrier(result), retry=RetryPolicy(max_attempts=1))
        with pytest.raises((WikipayamError, MemoryError, KeyboardInterrupt)):
            await pipeline.run(send(2, seen))
        (outcomes,) = seen
        expected = [MessageOutcome(f"t-{n}", status) for n in range(2)]
        assert [list(outcomes()), list(outcomes()), recorder.outcomes] == [expected] * 3

    @pytest.mark.parametrize("result", [ok(), fault()])
    async def test_an_observer_that_a_signal_interrupts_is_called_again(self, result: Any) -> None:
        """Ctrl-C may come just before the observer has the outcomes; what has left is then unknown."""
        seen: list[RowOutcomes] = []
        interruptions: list[BaseException] = [KeyboardInterrupt()]

        def observe(outcomes: RowOutcomes) -> None:
            if interruptions:
                raise interruptions.pop()
            seen.append(outcomes)

        pipeline, _, _, _ = build(FakeCarrier(result))
        with pytest.raises(KeyboardInterrupt):
            await pipeline.run(send(1), observe)
        assert [list(outcomes()) for outcomes in seen] == [[MessageOutcome("t-0", SendStatus.UNKNOWN)]]

    async def test_outcomes_are_computed_on_demand(self) -> None:
        """Until the observer asks for the outcomes, no message is read."""
        asked: list[object] = []

        def id_of(item: object) -> str:
            asked.append(item)
            return "id"

        seen: list[RowOutcomes] = []
        shared = SharedState(FakeCarrier(ok()))
        settings = Options(token=Secret("t"), origin=Origin("http", "127.0.0.1", 1))
        batch: SendBatch[Any] = SendBatch([SmsMessage(RECEIVER, "text")], ["t-0"], id_of)
        await Pipeline(settings, shared, None, b"agent").run(send(1, seen, batch=batch))
        assert asked == []
        assert [list(outcomes()) for outcomes in seen] == [[MessageOutcome("t-0", SendStatus.ACCEPTED, "id")]]
        assert asked == [1]

    async def test_the_result_of_a_shortcut_is_the_result(self) -> None:
        """It is returned and reported, and the answer is not read in any other way."""

        def read(_: object) -> Any:
            raise AssertionError("the answer was read")

        for made, outcome in ((["a", "b"], CallOutcome.SUCCEEDED), (["a", None], CallOutcome.UNKNOWN)):
            bodies: list[bytes] = []
            seen: list[RowOutcomes] = []

            def shortcut(body: bytes, made: Any = made, bodies: list[bytes] = bodies) -> Any:
                bodies.append(body)
                return made

            pipeline, recorder, _, _ = build(FakeCarrier(ok(b"whatever")))
            assert await pipeline.run(send(2, seen, read=read, shortcut=shortcut)) == made
            assert (bodies, recorder.finished[0].outcome) == ([b"whatever"], outcome)
            assert [[outcome.id for outcome in outcomes()] for outcomes in seen] == [made]

    async def test_an_empty_result_of_a_shortcut_is_a_result(self) -> None:
        """Only None means that the shortcut does not apply."""
        pipeline, _, _, _ = build(FakeCarrier(ok()))
        assert await pipeline.run(send(0, shortcut=lambda _: [])) == []

    async def test_an_answer_without_a_shortcut_is_read(self) -> None:
        """If the shortcut returns None, the whole answer is read, or found unreadable."""
        pipeline, _, _, _ = build(FakeCarrier(ok(), ok(b"x")))
        assert await pipeline.run(send(shortcut=lambda _: None)) == (1,)
        with pytest.raises(UnknownOutcomeError) as caught:
            await pipeline.run(send(shortcut=lambda _: None))
        assert str(caught.value.__cause__).startswith("x.send: a 200 answer that is not JSON")

    async def test_an_error_answer_skips_the_shortcut(self) -> None:
        """A rejection stays one, whatever its body contains."""
        pipeline, _, _, _ = build(FakeCarrier(Answer(400, {}, SealedBytes(b'{"data": [1]}'))))
        with pytest.raises(BadRequestError):
            await pipeline.run(send(shortcut=lambda _: ["id"]))

    async def test_a_shortcut_that_raises_leaves_a_send_unknown(self) -> None:
        """An unexpected answer never counts as not accepted, and its text is not shown."""

        def shortcut(_: bytes) -> Any:
            raise ValueError("secret")

        pipeline, recorder, _, _ = build(FakeCarrier(ok()))
        with pytest.raises(UnknownOutcomeError) as caught:
            await pipeline.run(send(shortcut=shortcut))
        assert str(caught.value.__cause__) == "x.send: a 200 answer without what the call needs (ValueError)"
        assert recorder.outcomes[0].status is SendStatus.UNKNOWN

    @pytest.mark.parametrize("phase", [Phase.SENDING, Phase.SENT, Phase.ANSWERED])
    async def test_an_unexpected_exception_leaves_a_send_unknown(self, phase: Phase) -> None:
        """After the request started to leave, its messages are never reported as not attempted."""
        pipeline, recorder, _, _ = build(FakeCarrier(MemoryError(), phase=phase))
        with pytest.raises(MemoryError):
            await pipeline.run(send())
        assert (recorder.finished[0].outcome, recorder.outcomes[0].status) == (CallOutcome.UNKNOWN, SendStatus.UNKNOWN)

    async def test_an_exception_before_sending_is_a_failure(self) -> None:
        """A closed client has sent nothing."""
        pipeline, recorder, _, _ = build(FakeCarrier(ConfigurationError("closed"), phase=Phase.CONNECTING))
        with pytest.raises(ConfigurationError):
            await pipeline.run(send())
        assert (recorder.finished[0].outcome, recorder.outcomes[0].status) == (
            CallOutcome.FAILED,
            SendStatus.NOT_ATTEMPTED,
        )

    async def test_a_deferred_cancellation_is_raised_after_the_report(self) -> None:
        """This holds after a success, after a failure and instead of a retry."""

        class Stop(BaseException):
            pass

        class Cancelling(FakeCarrier):
            async def carry(self, outgoing: Outgoing, progress: AttemptProgress) -> Answer:
                progress.cancellation = Stop()
                return await super().carry(outgoing, progress)

        for result, outcome, status in (
            (ok(), CallOutcome.SUCCEEDED, SendStatus.ACCEPTED),
            (fault(), CallOutcome.UNKNOWN, SendStatus.UNKNOWN),
            (fault(handed_over=False), CallOutcome.CANCELLED, SendStatus.NOT_ATTEMPTED),
        ):
            carrier = Cancelling(result)
            pipeline, recorder, _, times = build(carrier)
            with pytest.raises(Stop):
                await pipeline.run(send())
            assert (recorder.finished[0].outcome, recorder.outcomes[0].status) == (outcome, status)
            assert (carrier.attempts, times.slept, len(recorder.finished)) == (1, [], 1)

    @pytest.mark.parametrize("result", [ok(), fault(handed_over=False), fault()])
    async def test_a_scope_that_was_cancelled_during_the_attempt_ends_the_call(self, result: Any) -> None:
        """After the report, and instead of a retry: the caller does not go on."""

        class Cancelling(FakeCarrier):
            async def carry(self, outgoing: Outgoing, progress: AttemptProgress) -> Answer:
                try:
                    return await super().carry(outgoing, progress)
                finally:
                    scope.cancel()

        pipeline, recorder, _, times = build(Cancelling(result))
        goes_on = False
        with anyio.CancelScope() as scope:
            await pipeline.run(send())
            goes_on = True
        assert (goes_on, len(recorder.finished), recorder.of(RetryScheduled), times.slept) == (False, 1, [], [])

    async def test_an_error_names_at_most_five_track_ids(self) -> None:
        """The text of the error stays short."""
        pipeline, _, _, _ = build(FakeCarrier(fault(), fault()))
        with pytest.raises(UnknownOutcomeError) as caught:
            await pipeline.run(send(6))
        assert str(caught.value).endswith("(t-0, t-1, t-2, t-3, t-4, …)")
        assert len(caught.value.track_ids) == 6
        with pytest.raises(UnknownOutcomeError) as caught:
            await pipeline.run(Call(operation=SEND, read=str))
        assert str(caught.value).endswith("by track id if it shows one")
        assert (caught.value.messages, caught.value.track_ids) == ((), ())

    @pytest.mark.parametrize(
        ("kind", "error", "told"),
        [
            (ExchangeFaultKind.UNREADABLE, ResponseError, {"status_code": 502}),
            (ExchangeFaultKind.TOO_LARGE, ResponseError, {"status_code": 502}),
            (ExchangeFaultKind.TIMEOUT, APITimeoutError, {"phase": Phase.READING}),
            (ExchangeFaultKind.DISCONNECTED, APIConnectionError, {"phase": Phase.READING}),
        ],
    )
    async def test_each_fault_has_its_error(
        self, kind: ExchangeFaultKind, error: type[WikipayamError], told: dict[str, object]
    ) -> None:
        """An unreadable answer is a `ResponseError`, a broken connection an `APIConnectionError`: with all that is known."""
        cause = OSError(104, "reset")
        broken = ExchangeFault(kind, "it broke", handed_over=True, status_code=502, cause=cause)
        carrier = FakeCarrier(broken, phase=Phase.READING)
        pipeline, recorder, _, _ = build(carrier, retry=RetryPolicy(max_attempts=1))
        with pytest.raises(error) as caught:
            await pipeline.run(Call(operation=READ, read=str))
        assert (type(caught.value), str(caught.value), caught.value.__cause__) == (error, "x.read: it broke", cause)
        assert {name: getattr(caught.value, name) for name in told} == told
        assert caught.value.attempts == recorder.finished[0].attempts  # type: ignore[attr-defined]
        assert [(one.phase, one.status_code, one.failure) for one in recorder.finished[0].attempts] == [
            (Phase.READING, 502, kind.value)
        ]

    @pytest.mark.parametrize(
        ("result", "reason"),
        [
            (fault(), "disconnected"),
            (Answer(500, {}, SealedBytes(b'{"message": "no"}')), '500; the gateway said "no"'),
            (Answer(500, {}, SealedBytes(b"")), "500"),
            (ok(b"no"), 'unreadable; the gateway said "no"'),
        ],
    )
    async def test_an_unknown_outcome_says_why(self, result: Any, reason: str) -> None:
        """In its text, with the attempts, the phase and the messages beside it."""
        pipeline, recorder, _, _ = build(FakeCarrier(result, phase=Phase.SENT))
        call = send(2)
        with pytest.raises(UnknownOutcomeError) as caught:
            await pipeline.run(call)
        assert str(caught.value) == (
            f"x.send: it is not known whether the gateway accepted this ({reason}). Do not resend blindly: "
            f"{LOOK_FIRST} (t-0, t-1)"
        )
        error, end = caught.value, recorder.finished[0]
        assert call.batch is not None
        assert (error.phase, error.attempts, error.messages) == (Phase.SENT, end.attempts, tuple(call.batch.messages))
        assert len(error.attempts) == 1

    async def test_the_error_of_an_answer_says_what_the_gateway_says(self) -> None:
        """A refusal, and an answer to a read that cannot be read, name the operation and count the attempts."""
        refused, odd = Answer(400, {}, SealedBytes(b'{"message": "no"}')), ok(b'{"message": "odd"}')
        pipeline, recorder, _, _ = build(FakeCarrier(refused, odd))
        with pytest.raises(BadRequestError, match=r'^x\.send: the gateway answered 400; "no"$') as refusal:
            await pipeline.run(send())
        with pytest.raises(ResponseError) as unreadable:
            await pipeline.run(Call(operation=READ, read=fail_to_read))
        assert unreadable.value.message == "odd"
        assert [refusal.value.attempts, unreadable.value.attempts] == [end.attempts for end in recorder.finished]
        assert [len(end.attempts) for end in recorder.finished] == [1, 1]

    async def test_a_retry_is_told(self) -> None:
        """With its delay and the failure in one word."""
        results: list[Any] = [fault(handed_over=False), Answer(429, {"retry-after": "2"}, SealedBytes(b"")), ok()]
        pipeline, recorder, _, _ = build(FakeCarrier(*results))
        await pipeline.run(send())
        assert [(event.number, event.delay, event.failure) for event in recorder.of(RetryScheduled)] == [
            (1, 0.5, "disconnected"),
            (2, 2.0, "429"),
        ]

    async def test_the_events_name_the_call(self, caplog: pytest.LogCaptureFixture) -> None:
        """Its method, its gateway and, in the log of a retry, its track ids."""
        pipeline, recorder, _, _ = build(FakeCarrier(fault(handed_over=False), ok(b'{"data": [1, 2]}'), ok()))
        with caplog.at_level(logging.INFO, "wikipayam_async"):
            await pipeline.run(send(2))
            await pipeline.run(Call(operation=READ, read=str))
        assert [(end.method, end.base_url) for end in recorder.finished] == [
            ("POST", "http://127.0.0.1:1"),
            ("GET", "http://127.0.0.1:1"),
        ]
        told = [getattr(record, "wikipayam_track_ids", None) for record in caplog.records]
        assert told == [["t-0", "t-1"], None, None]

    async def test_each_attempt_is_recorded(self) -> None:
        """With its number, its phase, its time and its result; only a send is protected from cancellation."""
        start, protected = 1000.0, []
        steps: list[tuple[Phase, float | None, float | None, Answer | BaseException]] = [
            (Phase.SENDING, start - 2, None, fault(handed_over=False)),
            (Phase.WAITING, None, None, fault(ExchangeFaultKind.CONNECT, handed_over=False)),
            (Phase.ANSWERED, start, start + 0.25, ok()),
            (Phase.READING, start, None, KeyboardInterrupt()),
        ]

        class Timed(FakeCarrier):
            async def carry(self, outgoing: Outgoing, progress: AttemptProgress) -> Answer:
                protected.append(progress.protected)
                progress.phase, progress.started, progress.ended, result = steps.pop(0)
                if isinstance(result, BaseException):
                    raise result
                return result

        pipeline, recorder, shared, times = build(Timed())
        shared.clock = clock_from(start, times)
        await pipeline.run(send())
        with pytest.raises(KeyboardInterrupt):
            await pipeline.run(Call(operation=READ, read=str))
        assert [end.attempts for end in recorder.finished] == [
            (
                Attempt(1, Phase.SENDING, 2.0, None, "disconnected"),
                Attempt(2, Phase.WAITING, 0.0, None, "connect"),
                Attempt(3, Phase.ANSWERED, 0.25, 200, None),
            ),
            (Attempt(1, Phase.READING, 1.5, None, "interrupted"),),
        ]
        assert protected == [True, True, True, False]

    async def test_results_that_count_as_false_are_results(self) -> None:
        """Only None means that the answer does not mention a message."""
        pipeline, recorder, _, _ = build(FakeCarrier(ok(b'{"data": [0]}')))
        assert await pipeline.run(send()) == (0,)
        assert recorder.finished[0].outcome is CallOutcome.SUCCEEDED

    async def test_the_rate_limit_counts_messages(self) -> None:
        """Before every attempt; a call without messages counts as none."""
        counted: list[int] = []

        class Limiter:
            async def wait(self, messages: int) -> None:
                counted.append(messages)

        shared = SharedState(
            FakeCarrier(fault(handed_over=False), ok(b'{"data": [1, 2]}'), ok()), sleep=VirtualClock().sleep
        )
        settings = Options(token=Secret("t"), origin=Origin("http", "127.0.0.1", 1))
        limiter: Any = Limiter()
        pipeline = Pipeline(settings, shared, limiter, b"agent")
        await pipeline.run(send(2))
        await pipeline.run(Call(operation=READ, read=str))
        assert counted == [2, 2, 0]

    async def test_clients_of_an_account_share_one_object_of_a_class(self) -> None:
        """It is made on first use."""
        pipeline, _, shared, _ = build(FakeCarrier())
        other = Pipeline(Options(token=Secret("t"), origin=Origin("http", "127.0.0.1", 1)), shared, None, b"agent")
        made = pipeline.shared_object(EventRecorder)
        assert isinstance(made, EventRecorder)
        assert other.shared_object(EventRecorder) is made
        assert isinstance(other.shared_object(VirtualClock), VirtualClock)
        assert list(shared.objects) == [EventRecorder, VirtualClock]

    @pytest.mark.parametrize("raised", [KeyError("x"), RecursionError(), ZeroDivisionError(), ValueError("secret")])
    async def test_an_exception_while_reading_is_a_response_error(self, raised: Exception) -> None:
        """Its text holds nothing of the answer."""

        def read(_: object) -> object:
            raise raised

        pipeline, _, _, _ = build(FakeCarrier(ok(), ok()))
        with pytest.raises(ResponseError) as caught:
            await pipeline.run(Call(operation=READ, read=read))
        expected = f"x.read: a 200 answer without what the call needs ({type(raised).__name__})"
        assert (str(caught.value), caught.value.__cause__, caught.value.status_code) == (expected, None, 200)
        with pytest.raises(UnknownOutcomeError):
            await pipeline.run(Call(operation=SEND, read=read))

    @pytest.mark.parametrize(
        ("results", "status"),
        [
            ([Answer(400, {}, SealedBytes(b""))], SendStatus.REJECTED),
            ([Answer(429, {}, SealedBytes(b""))], SendStatus.REJECTED),
            ([Answer(500, {}, SealedBytes(b""))], SendStatus.UNKNOWN),
            ([fault()], SendStatus.UNKNOWN),
            ([ok(b"x")], SendStatus.UNKNOWN),
            ([fault(handed_over=False)], SendStatus.NOT_ATTEMPTED),
            ([fault(ExchangeFaultKind.TIMEOUT, handed_over=False)], SendStatus.NOT_ATTEMPTED),
            ([fault(ExchangeFaultKind.CERTIFICATE, handed_over=False)], SendStatus.NOT_ATTEMPTED),
            ([fault(ExchangeFaultKind.UNREADABLE, handed_over=False)], SendStatus.NOT_ATTEMPTED),
        ],
    )
    async def test_an_error_says_whether_the_send_may_be_repeated(self, results: Any, status: SendStatus) -> None:
        """The error of a send has the status that its messages are reported with; that of a read has none."""
        pipeline, recorder, _, _ = build(FakeCarrier(*results), retry=RetryPolicy(max_attempts=1))
        with pytest.raises(WikipayamError) as caught:
            await pipeline.run(send())
        assert (caught.value.send_status, recorder.outcomes[0].status) == (status, status)
        pipeline, _, _, _ = build(FakeCarrier(*results), retry=RetryPolicy(max_attempts=1))
        with pytest.raises(WikipayamError) as caught:
            await pipeline.run(Call(operation=READ, read=fail_to_read))
        assert caught.value.send_status is None

    async def test_a_closed_gate_says_whether_the_send_may_be_repeated(self) -> None:
        """A send that the gate keeps back was not attempted; a read has no status."""
        for operation, status in ((SEND, SendStatus.NOT_ATTEMPTED), (READ, None)):
            carrier = FakeCarrier()
            pipeline, recorder, shared, times = build(carrier)
            shared.gate.close(times.now(), 3600)
            with pytest.raises(RateLimitError) as caught:
                await pipeline.run(Call(operation=operation, read=str))
            assert (caught.value.send_status, caught.value.attempts, carrier.attempts) == (status, (), 0)
            assert (recorder.finished[0].status_code, recorder.finished[0].headers) == (None, {})

    @pytest.mark.parametrize("anyio_backend", ["asyncio"])  # on trio's clock, the times are rounded
    async def test_a_gate_is_waited_for_as_long_as_a_retry_and_the_caller_allow(self) -> None:
        """To the second; otherwise the error says how long the gateway asked for."""
        start = float(int(anyio.current_time()) + 100)
        for closed, deadline, waits in (
            (0.5, math.inf, True),
            (60, math.inf, True),
            (61, math.inf, False),
            (7, start + 8, True),
            (7, start + 7, False),
        ):
            pipeline, _, shared, times = build(FakeCarrier(ok()))
            shared.clock = clock_from(start, times)
            shared.gate.close(start, closed)
            with anyio.CancelScope(deadline=deadline):
                if waits:
                    assert await pipeline.run(send()) == (1,)
                    assert times.slept == [closed]
                else:
                    with pytest.raises(RateLimitError) as caught:
                        await pipeline.run(send())
                    assert (caught.value.status_code, caught.value.retry_after) == (429, closed)
                    told = f"x.send: not sent: the gateway asked for a delay ({closed} s remain)"
                    assert str(caught.value).startswith(told)

    @pytest.mark.parametrize("anyio_backend", ["asyncio"])  # as above
    async def test_a_retry_that_the_caller_would_not_see_is_not_made(self) -> None:
        """The failure is raised at once, instead of the end of the caller's time."""
        start = float(int(anyio.current_time()) + 100)
        for deadline, attempts in ((start + 1, 2), (start + 0.5, 1)):
            carrier = FakeCarrier(fault(handed_over=False), fault())
            pipeline, _, shared, times = build(carrier)
            shared.clock = clock_from(start, times)
            with anyio.CancelScope(deadline=deadline), pytest.raises(WikipayamError):
                await pipeline.run(send())
            assert carrier.attempts == attempts

    async def test_a_gate_that_closes_between_attempts_rejects_the_send(self) -> None:
        """Another call's 429 may close the gate for longer than a retry waits: the first attempt was rejected."""
        pipeline, recorder, shared, times = build(FakeCarrier(Answer(429, {}, SealedBytes(b""))))

        async def sleep(seconds: float) -> None:
            await times.sleep(seconds)
            shared.gate.close(times.now(), 3600)

        shared.sleep = sleep
        with pytest.raises(RateLimitError) as caught:
            await pipeline.run(send())
        assert (caught.value.send_status, len(caught.value.attempts)) == (SendStatus.REJECTED, 1)
        assert recorder.outcomes[0].status is SendStatus.REJECTED

    @pytest.mark.parametrize(("stated", "closed"), [("0", 0.0), ("2", 2.0), (None, 0.5), ("soon", 0.5)])
    async def test_a_429_closes_the_gate_for_what_it_states(self, stated: str | None, closed: float) -> None:
        """The random delay is for the retried call; the gate takes it only where the gateway states no delay."""
        headers = {} if stated is None else {"retry-after": stated}
        pipeline, _, shared, times = build(FakeCarrier(Answer(429, headers, SealedBytes(b"")), ok()))
        closures = []

        async def sleep(seconds: float) -> None:
            closures.append(shared.gate.remaining(times.now()))
            await times.sleep(seconds)

        shared.sleep = sleep
        await pipeline.run(send())
        assert closures == [pytest.approx(closed, abs=0.4)]
        assert times.slept == [max(closed, 0.5)]

    async def test_before_attempt_is_awaited_after_the_waits(self) -> None:
        """It is awaited when the gate has opened, before each attempt."""
        carrier = FakeCarrier(fault(handed_over=False), ok())
        pipeline, _, shared, times = build(carrier)
        seen: list[tuple[list[float], int]] = []

        async def hook() -> None:
            seen.append((list(times.slept), carrier.attempts))

        shared.gate.close(times.now(), 7)
        assert await pipeline.run(send(before_attempt=hook)) == (1,)
        assert [[round(seconds, 1) for seconds in slept] for slept, _ in seen] == [[7], [7, 0.5]]
        assert ([attempts for _, attempts in seen], carrier.attempts) == ([0, 1], 2)

    async def test_a_gate_that_closes_during_before_attempt_is_obeyed(self) -> None:
        """A 429 of another call in that time pauses this call, too, however short it is."""
        for closed in (0.5, 7.0):
            pipeline, _, shared, times = build(FakeCarrier(ok()))

            async def hook(closed: float = closed, shared: SharedState = shared, times: VirtualClock = times) -> None:
                shared.gate.close(times.now(), closed)

            assert await pipeline.run(send(before_attempt=hook)) == (1,)
            assert [round(seconds, 1) for seconds in times.slept] == [closed]

    async def test_before_wait_is_awaited_before_every_further_wait(self) -> None:
        """Between two attempts, and if the gate closes after `before_attempt`, which is awaited again after each."""
        carrier = FakeCarrier(fault(handed_over=False), ok())
        pipeline, _, shared, times = build(carrier)
        seen: list[tuple[str, list[float]]] = []

        async def before_attempt() -> None:
            seen.append(("attempt", [round(seconds, 1) for seconds in times.slept]))
            if len(seen) == 1:
                shared.gate.close(times.now(), 7)

        async def before_wait() -> None:
            seen.append(("wait", [round(seconds, 1) for seconds in times.slept]))

        assert await pipeline.run(send(before_attempt=before_attempt, before_wait=before_wait)) == (1,)
        assert seen == [
            ("attempt", []),
            ("wait", []),
            ("attempt", [7]),
            ("wait", [7]),
            ("attempt", [7, 0.5]),
        ]

    async def test_an_exception_of_before_attempt(self) -> None:
        """It is raised unchanged; no attempt is made, and the outcome is reported as not attempted."""
        carrier = FakeCarrier()
        pipeline, recorder, _, _ = build(carrier)
        failure = WikipayamError("not now")

        async def hook() -> None:
            raise failure

        with pytest.raises(WikipayamError) as caught:
            await pipeline.run(send(2, before_attempt=hook))
        assert (caught.value is failure, carrier.attempts) == (True, 0)
        assert [outcome.status for outcome in recorder.outcomes] == [SendStatus.NOT_ATTEMPTED] * 2
        assert [attempt.phase for end in recorder.finished for attempt in end.attempts] == [Phase.WAITING]

    @pytest.mark.parametrize("when", ["before", "during", "during, with a hook for waits"])
    async def test_a_gate_that_closes_for_long_around_before_attempt(self, when: str) -> None:
        """The send was not attempted, in its error and in its event."""
        carrier = FakeCarrier()
        pipeline, recorder, shared, times = build(carrier)
        carry = carrier.carry

        async def carry_late(outgoing: Outgoing, progress: AttemptProgress) -> Answer:
            if when == "before":
                shared.gate.close(times.now(), 3600)
            return await carry(outgoing, progress)

        async def hook() -> None:
            shared.gate.close(times.now(), 3600)

        carrier.carry = carry_late  # type: ignore[method-assign]
        hooks: dict[str, Any] = {"before_attempt": hook} | (
            {"before_wait": anyio.lowlevel.checkpoint} if "with" in when else {}
        )
        with pytest.raises(RateLimitError, match=r"^x\.send: not sent: ") as caught:
            await pipeline.run(send(**hooks))
        assert (caught.value.send_status, caught.value.attempts) == (SendStatus.NOT_ATTEMPTED, ())
        assert [outcome.status for outcome in recorder.outcomes] == [SendStatus.NOT_ATTEMPTED]

    async def test_a_gate_that_closes_before_the_place_is_free(self) -> None:
        """What waits for a place when another call's 429 closes the gate is announced when the gate has opened."""
        carrier = FakeCarrier(ok())
        pipeline, _, shared, times = build(carrier)
        carry, seen = carrier.carry, []

        async def carry_late(outgoing: Outgoing, progress: AttemptProgress) -> Answer:
            shared.gate.close(times.now(), 7)
            return await carry(outgoing, progress)

        async def hook() -> None:
            seen.append([round(seconds) for seconds in times.slept])

        carrier.carry = carry_late  # type: ignore[method-assign]
        assert await pipeline.run(send(before_attempt=hook)) == (1,)
        assert seen == [[7]]

    async def test_a_cancellation_in_before_attempt(self) -> None:
        """No attempt is made, and the outcome is reported as not attempted."""
        carrier = FakeCarrier()
        pipeline, recorder, _, _ = build(carrier)

        async def hook() -> None:
            scope.cancel()
            await anyio.sleep_forever()

        with anyio.CancelScope() as scope:
            await pipeline.run(send(before_attempt=hook))
        assert (recorder.finished[0].outcome, carrier.attempts) == (CallOutcome.CANCELLED, 0)
        assert [outcome.status for outcome in recorder.outcomes] == [SendStatus.NOT_ATTEMPTED]

    @pytest.mark.parametrize("seconds", [0, -1, float("nan"), float("inf"), 10**400])
    async def test_an_invalid_time_out_of_a_call_sends_nothing(self, seconds: float) -> None:
        """The error is raised before any attempt and any event."""
        carrier = FakeCarrier(ok())
        pipeline, recorder, _, _ = build(carrier)
        with pytest.raises(InvalidInputError, match="timeout: expected"):
            await pipeline.run(send(timeout=seconds))
        assert (carrier.attempts, recorder.events) == (0, [])

    async def test_the_time_out_of_a_call_holds_for_every_attempt(self) -> None:
        """The carrier gets the call's time-out, and the client's without one."""
        seen: list[float] = []

        class Recording(FakeCarrier):
            async def carry(self, outgoing: Outgoing, progress: AttemptProgress) -> Answer:
                seen.append(outgoing.timeout)
                return await super().carry(outgoing, progress)

        carrier = Recording(fault(handed_over=False), ok(), ok())
        pipeline, recorder, _, _ = build(carrier, timeout=7.5)
        await pipeline.run(send(timeout=0.25))
        await pipeline.run(send())
        assert seen == [0.25, 0.25, 7.5]
        assert [event.number for event in recorder.of(AttemptStarted)] == [1, 2, 1]

    async def test_the_end_of_a_call_has_the_headers_of_the_last_answer(self) -> None:
        """Of the answers to a retried call the last counts; without an answer there are no headers."""
        first = Answer(429, {"x-request-id": "1", "retry-after": "1"}, SealedBytes(b""))
        last = Answer(200, {"x-request-id": "2", "set-cookie": "a=b", "x-echo": "text"}, SealedBytes(b'{"data": [1]}'))
        pipeline, recorder, _, _ = build(FakeCarrier(first, last, first, fault()))
        await pipeline.run(send())
        with pytest.raises(UnknownOutcomeError):
            await pipeline.run(send())
        assert [(end.status_code, end.headers) for end in recorder.finished] == [
            (200, {"x-request-id": "2"}),
            (None, {}),
        ]

    async def test_successful_answers_are_captured(self) -> None:
        """Within a task and its children, the answers of successful calls are collected; of failed ones none is."""
        answers = [Answer(200, {"x": str(n)}, SealedBytes(b'{"data": [1]}')) for n in range(5)]
        failed = Answer(400, {}, SealedBytes(b""))
        pipeline, _, _, _ = build(FakeCarrier(*answers[:3], failed, ok(b"x"), *answers[3:]))
        await pipeline.run(send())
        collected: list[Answer] = []
        token = captured.set(collected)
        await pipeline.run(send())
        async with anyio.create_task_group() as group:
            group.start_soon(pipeline.run, send())
        with pytest.raises(BadRequestError):
            await pipeline.run(send())
        with pytest.raises(UnknownOutcomeError):
            await pipeline.run(send())
        await pipeline.run(Call(operation=READ, read=str))
        captured.reset(token)
        await pipeline.run(send())
        assert collected == answers[1:4]
        assert [one is other for one, other in zip(collected, answers[1:4], strict=True)] == [True] * 3

    async def test_only_the_last_answer_of_a_retried_call_is_captured(self) -> None:
        """An answer that led to a retry is no result."""
        last = Answer(200, {"x": "2"}, SealedBytes(b'{"data": [1]}'))
        pipeline, _, _, _ = build(FakeCarrier(Answer(429, {"x": "1"}, SealedBytes(b"")), last))
        collected: list[Answer] = []
        token = captured.set(collected)
        await pipeline.run(send())
        captured.reset(token)
        assert collected == [last]

    async def test_every_answer_can_be_collected(self) -> None:
        """Answers that led to a retry or to an error are among the answers that a task received."""
        answers = [Answer(429, {}, SealedBytes(b"")), ok(), Answer(400, {}, SealedBytes(b""))]
        pipeline, _, _, _ = build(FakeCarrier(*answers))
        collected: list[Answer] = []
        token = received.set(collected)
        await pipeline.run(send())
        with pytest.raises(APIStatusError):
            await pipeline.run(send())
        received.reset(token)
        assert collected == answers

    async def test_other_tasks_capture_nothing(self) -> None:
        """A task that was started before, or beside, does not add its answers."""
        pipeline, _, _, _ = build(FakeCarrier(*[ok() for _ in range(3)]))
        started, go = anyio.Event(), anyio.Event()
        lists: list[list[Answer]] = [[], []]

        async def beside() -> None:
            started.set()
            await go.wait()
            await pipeline.run(send())

        async def collect(into: list[Answer]) -> None:
            captured.set(into)
            await pipeline.run(send())

        async with anyio.create_task_group() as group:
            group.start_soon(beside)
            await started.wait()
            for into in lists:
                group.start_soon(collect, into)
            go.set()
        assert list(map(len, lists)) == [1, 1]

    async def test_call_ids_are_unique(self) -> None:
        """Two clients of one process never share a call id."""
        first, second = SharedState(FakeCarrier()), SharedState(FakeCarrier())
        names = [shared.new_call_id() for shared in (first, first, second)]
        assert len(set(names)) == 3
        assert [name.rpartition("-")[2] for name in names] == ["1", "2", "1"]
        assert (first.clock, first.sleep) == (current_time, anyio.sleep)
