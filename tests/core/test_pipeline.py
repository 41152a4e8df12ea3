from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import anyio
import httpx
import pytest

from tests.support.clock import VirtualClock
from tests.support.net import EventRecorder, longest_delay
from wikipayam_async import (
    APIConnectionError,
    BadRequestError,
    ConfigurationError,
    MessageOutcome,
    Outcome,
    Phase,
    ResponseError,
    RetryPolicy,
    SendStatus,
    UnknownOutcomeError,
    WikipayamError,
)
from wikipayam_async.core.fault import ExchangeFault, ExchangeFaultKind
from wikipayam_async.core.operation import Call, Operation, Replay, SendBatch
from wikipayam_async.core.options import Options, Origin
from wikipayam_async.core.pipeline import Pipeline, Shared
from wikipayam_async.core.progress import AttemptProgress
from wikipayam_async.core.protocol import Answer, Outgoing
from wikipayam_async.redact.sealed import SealedBytes, Secret

pytestmark = pytest.mark.anyio

SEND = Operation("x.send", "POST", "x", Replay.SEND)
READ = Operation("x.read", "GET", "x", Replay.READ)


class FakeCarrier:
    """Gives what a test wants, one after the other."""

    def __init__(self, *results: Answer | BaseException, phase: Phase = Phase.ANSWERED) -> None:
        self.http = httpx.AsyncClient(transport=httpx.MockTransport(lambda _: httpx.Response(204)))
        self.results = list(results)
        self.phase = phase
        self.tries = 0

    async def carry(self, outgoing: Outgoing, progress: AttemptProgress) -> Answer:
        """Give the next."""
        self.tries += 1
        with anyio.CancelScope() as scope:
            progress.begin(scope, anyio.current_time())
            await anyio.lowlevel.checkpoint()
        progress.phase = self.phase
        result = self.results.pop(0)
        if isinstance(result, BaseException):
            raise result
        return result

    async def aclose(self) -> None:
        """Do nothing."""


def ok(data: bytes = b'{"data": [1]}') -> Answer:
    """Return an answer."""
    return Answer(200, {}, SealedBytes(data))


def lost(kind: ExchangeFaultKind = ExchangeFaultKind.DISCONNECTED, *, handed_over: bool = True) -> ExchangeFault:
    """Return a fault."""
    return ExchangeFault(kind, "it broke", handed_over=handed_over)


def build(carrier: FakeCarrier, **options: Any) -> tuple[Pipeline, EventRecorder, Shared, VirtualClock]:
    """Return a pipeline on virtual time over a carrier."""
    ear, times = EventRecorder(), VirtualClock()
    shared = Shared(carrier, clock=times.now, sleep=times.sleep)
    shared.uniform = longest_delay
    settings = Options(token=Secret("t"), origin=Origin("http", "127.0.0.1", 1), on_event=ear, **options)
    return Pipeline(settings, shared, None, b"agent"), ear, shared, times


RowOutcomes = Callable[[], Sequence[MessageOutcome]]


def send(count: int = 1, seen: list[RowOutcomes] | None = None, **options: Any) -> Call[Any]:
    """Return a send of so many messages."""
    names = [f"t-{n}" for n in range(count)]
    given: dict[str, Any] = {
        "read": tuple,
        "body": SealedBytes(b"[]"),
        "batch": SendBatch(names, names, str),
        "observer": None if seen is None else seen.append,
    }
    return Call(operation=SEND, **(given | options))


class TestPipeline:
    """The one loop."""

    async def test_a_success_is_told_with_the_ids(self) -> None:
        """Observer and events hear the same."""
        seen: list[RowOutcomes] = []
        pipeline, ear, shared, _ = build(FakeCarrier(ok(b'{"data": [1, null]}')))
        shared.budget.tokens = 50
        assert await pipeline.run(send(2, seen)) == (1, None)
        expected = [MessageOutcome("t-0", SendStatus.ACCEPTED, "1"), MessageOutcome("t-1", SendStatus.UNKNOWN)]
        assert [list(outcomes()) for outcomes in seen] == [expected]
        assert list(ear.finished[0].messages) == expected
        assert (ear.finished[0].outcome, shared.budget.tokens) == (Outcome.UNKNOWN, 51)

    @pytest.mark.parametrize(
        ("result", "status"),
        [
            (Answer(400, {}, SealedBytes(b"")), SendStatus.REJECTED),
            (lost(), SendStatus.UNKNOWN),
            (lost(handed_over=False), SendStatus.NOT_ATTEMPTED),
            (ok(b"x"), SendStatus.UNKNOWN),
            (MemoryError(), SendStatus.UNKNOWN),
            (KeyboardInterrupt(), SendStatus.UNKNOWN),
        ],
    )
    async def test_an_observer_hears_of_every_end_once(self, result: Any, status: SendStatus) -> None:
        """However a send ends, its observer is handed what tells the outcomes, which says the same as often as it is asked."""
        seen: list[RowOutcomes] = []
        pipeline, ear, _, _ = build(FakeCarrier(result), retry=RetryPolicy(attempts=1))
        with pytest.raises((WikipayamError, MemoryError, KeyboardInterrupt)):
            await pipeline.run(send(2, seen))
        (outcomes,) = seen
        expected = [MessageOutcome(f"t-{n}", status) for n in range(2)]
        assert [list(outcomes()), list(outcomes()), ear.outcomes] == [expected] * 3

    async def test_fates_are_told_on_demand(self) -> None:
        """As long as nobody asks, no message is looked at."""
        asked: list[object] = []

        def id_of(item: object) -> str:
            asked.append(item)
            return "id"

        seen: list[RowOutcomes] = []
        shared = Shared(FakeCarrier(ok()))
        settings = Options(token=Secret("t"), origin=Origin("http", "127.0.0.1", 1))
        batch: SendBatch[Any] = SendBatch(["m"], ["t-0"], id_of)
        await Pipeline(settings, shared, None, b"agent").run(send(1, seen, batch=batch))
        assert asked == []
        assert [list(outcomes()) for outcomes in seen] == [[MessageOutcome("t-0", SendStatus.ACCEPTED, "id")]]
        assert asked == [1]

    async def test_a_shortcut_spares_the_reading(self) -> None:
        """What it makes of the body is the result, and told as such; the answer is not read in any other way."""

        def read(_: object) -> Any:
            raise AssertionError("read all the same")

        for made, outcome in ((["a", "b"], Outcome.SUCCEEDED), (["a", None], Outcome.UNKNOWN)):
            bodies: list[bytes] = []
            seen: list[RowOutcomes] = []

            def shortcut(body: bytes, made: Any = made, bodies: list[bytes] = bodies) -> Any:
                bodies.append(body)
                return made

            pipeline, ear, _, _ = build(FakeCarrier(ok(b"whatever")))
            assert await pipeline.run(send(2, seen, read=read, shortcut=shortcut)) == made
            assert (bodies, ear.finished[0].outcome) == ([b"whatever"], outcome)
            assert [[outcome.id for outcome in outcomes()] for outcomes in seen] == [made]

    async def test_an_empty_result_of_a_shortcut_is_a_result(self) -> None:
        """None alone means that the answer is another than the shortcut is for."""
        pipeline, _, _, _ = build(FakeCarrier(ok()))
        assert await pipeline.run(send(0, shortcut=lambda _: [])) == []

    async def test_what_a_shortcut_does_not_take_is_read(self) -> None:
        """The long way finds what is there, or that there is nothing."""
        pipeline, _, _, _ = build(FakeCarrier(ok(), ok(b"x")))
        assert await pipeline.run(send(shortcut=lambda _: None)) == (1,)
        with pytest.raises(UnknownOutcomeError) as caught:
            await pipeline.run(send(shortcut=lambda _: None))
        assert str(caught.value.__cause__).startswith("x.send: a 200 answer that is not JSON")

    async def test_an_error_answer_is_no_business_of_a_shortcut(self) -> None:
        """A refusal stays one, whatever stands in its body."""
        pipeline, _, _, _ = build(FakeCarrier(Answer(400, {}, SealedBytes(b'{"data": [1]}'))))
        with pytest.raises(BadRequestError):
            await pipeline.run(send(shortcut=lambda _: ["id"]))

    async def test_a_shortcut_that_raises_leaves_a_send_unknown(self) -> None:
        """A strange answer never looks like one that was not accepted, and its text is not shown."""

        def shortcut(_: bytes) -> Any:
            raise ValueError("secret")

        pipeline, ear, _, _ = build(FakeCarrier(ok()))
        with pytest.raises(UnknownOutcomeError) as caught:
            await pipeline.run(send(shortcut=shortcut))
        assert str(caught.value.__cause__) == "x.send: a 200 answer without what the call needs (ValueError)"
        assert ear.outcomes[0].status is SendStatus.UNKNOWN

    @pytest.mark.parametrize("phase", [Phase.SENDING, Phase.SENT, Phase.ANSWERED])
    async def test_an_exception_that_nobody_foresaw_leaves_a_send_unknown(self, phase: Phase) -> None:
        """Whatever escapes once a send has begun to leave, its messages are never told as not attempted."""
        pipeline, ear, _, _ = build(FakeCarrier(MemoryError(), phase=phase))
        with pytest.raises(MemoryError):
            await pipeline.run(send())
        assert (ear.finished[0].outcome, ear.outcomes[0].status) == (Outcome.UNKNOWN, SendStatus.UNKNOWN)

    async def test_an_exception_before_anything_left_is_a_failure(self) -> None:
        """A closed client has sent nothing."""
        pipeline, ear, _, _ = build(FakeCarrier(ConfigurationError("closed"), phase=Phase.CONNECTING))
        with pytest.raises(ConfigurationError):
            await pipeline.run(send())
        assert (ear.finished[0].outcome, ear.outcomes[0].status) == (Outcome.FAILED, SendStatus.NOT_ATTEMPTED)

    async def test_a_put_off_cancellation_is_raised_after_the_outcome(self) -> None:
        """On success, on failure, and instead of a retry."""

        class Stop(BaseException):
            pass

        class Cancelling(FakeCarrier):
            async def carry(self, outgoing: Outgoing, progress: AttemptProgress) -> Answer:
                progress.cancellation = Stop()
                return await super().carry(outgoing, progress)

        for result, outcome, status in (
            (ok(), Outcome.SUCCEEDED, SendStatus.ACCEPTED),
            (lost(), Outcome.UNKNOWN, SendStatus.UNKNOWN),
            (lost(handed_over=False), Outcome.CANCELLED, SendStatus.NOT_ATTEMPTED),
        ):
            carrier = Cancelling(result)
            pipeline, ear, _, times = build(carrier)
            with pytest.raises(Stop):
                await pipeline.run(send())
            assert (ear.finished[0].outcome, ear.outcomes[0].status) == (outcome, status)
            assert (carrier.tries, times.slept, len(ear.finished)) == (1, [], 1)

    async def test_five_track_ids_are_named_and_the_rest_hinted_at(self) -> None:
        """The text of an error stays short."""
        pipeline, _, _, _ = build(FakeCarrier(lost(), lost()))
        with pytest.raises(UnknownOutcomeError) as caught:
            await pipeline.run(send(6))
        assert str(caught.value).endswith("(t-0, t-1, t-2, t-3, t-4, …)")
        assert len(caught.value.track_ids) == 6
        with pytest.raises(UnknownOutcomeError) as caught:
            await pipeline.run(Call(operation=SEND, read=str))
        assert str(caught.value).endswith("in the panel first")
        assert (caught.value.messages, caught.value.track_ids) == ((), ())

    @pytest.mark.parametrize(
        ("kind", "error"),
        [
            (ExchangeFaultKind.UNREADABLE, ResponseError),
            (ExchangeFaultKind.TOO_LARGE, ResponseError),
            (ExchangeFaultKind.DISCONNECTED, APIConnectionError),
        ],
    )
    async def test_faults_have_their_errors(self, kind: ExchangeFaultKind, error: type[Exception]) -> None:
        """What cannot be read is a `ResponseError`, what breaks an `APIConnectionError`."""
        pipeline, _, _, _ = build(FakeCarrier(lost(kind)), retry=RetryPolicy(attempts=1))
        with pytest.raises(error, match=r"x\.read: it broke"):
            await pipeline.run(Call(operation=READ, read=str))

    @pytest.mark.parametrize("oddity", [KeyError("x"), RecursionError(), ZeroDivisionError(), ValueError("secret")])
    async def test_whatever_reading_raises_is_a_response_error(self, oddity: Exception) -> None:
        """And its text holds nothing of the answer."""

        def read(_: object) -> object:
            raise oddity

        pipeline, _, _, _ = build(FakeCarrier(ok(), ok()))
        with pytest.raises(ResponseError) as caught:
            await pipeline.run(Call(operation=READ, read=read))
        expected = f"x.read: a 200 answer without what the call needs ({type(oddity).__name__})"
        assert (str(caught.value), caught.value.__cause__, caught.value.status_code) == (expected, None, 200)
        with pytest.raises(UnknownOutcomeError):
            await pipeline.run(Call(operation=SEND, read=read))

    async def test_calls_have_names_of_their_own(self) -> None:
        """Two clients of one process never share a name."""
        first, second = Shared(FakeCarrier()), Shared(FakeCarrier())
        names = [shared.name_call() for shared in (first, first, second)]
        assert len(set(names)) == 3
        assert [name.rpartition("-")[2] for name in names] == ["1", "2", "1"]
        assert (first.clock, first.sleep) == (anyio.current_time, anyio.sleep)
