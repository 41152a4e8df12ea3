from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from typing import Any

import anyio
import anyio.lowlevel
import httpx
import pytest

from wikipayam_async import Phase
from wikipayam_async.core.fault import ExchangeFault, ExchangeFaultKind
from wikipayam_async.core.options import Origin
from wikipayam_async.core.progress import (
    AttemptProgress,
    Trace,
    count_cancel_requests,
    run_in_child,
    run_in_time,
    timeout_fault,
)

pytestmark = pytest.mark.anyio

ORIGIN = Origin.parse("https://wikipayam.ir")


class TestProgress:
    """The progress of an attempt."""

    async def test_a_protected_attempt_is_shielded_while_sending(self) -> None:
        """Connecting can be cancelled; sending cannot."""
        for protected in (True, False):
            progress = AttemptProgress(protected=protected)
            assert progress.phase is Phase.WAITING
            with anyio.CancelScope() as scope:  # noqa: ASYNC100 - the scope is inspected
                progress.begin(5.0, 6.0)
                progress.scope = scope
                assert (progress.phase, progress.started, scope.shield) == (Phase.CONNECTING, 5.0, False)
                progress.hand_over()
                assert (progress.phase, scope.shield) == (Phase.SENDING, protected)

    async def test_an_attempt_that_has_not_begun_has_no_times(self) -> None:
        """Nor a cancellation, nor anything to await."""
        new = AttemptProgress(protected=True)
        assert (new.scope, new.started, new.ended, new.cancellation, new.late, new.ready) == (None,) * 6

    async def test_only_a_protected_attempt_in_its_scope_defers_a_cancellation(self) -> None:
        """A read, an attempt without a scope and a cancelled scope defer nothing."""
        error = BaseException()
        assert not AttemptProgress(protected=True).defer(error)
        with anyio.CancelScope() as scope:  # noqa: ASYNC100 - the scope is inspected
            read, send = AttemptProgress(protected=False), AttemptProgress(protected=True)
            for each in (read, send):
                each.begin(0.0, 1.0)
                each.scope = scope
                assert not each.defer(error)
                each.hand_over()
            assert (read.defer(error), send.defer(error)) == (False, True)
            assert (read.cancellation, send.cancellation) == (None, error)
            scope.cancel()
            assert not send.defer(error)

    async def test_a_hand_over_without_a_scope_sets_the_phase(self) -> None:
        """Without a scope there is nothing to shield."""
        progress = AttemptProgress(protected=True)
        progress.hand_over()
        assert progress.phase is Phase.SENDING


class TestTimeOut:
    """The time-out of an attempt."""

    @pytest.mark.parametrize(
        ("phase", "handed_over"),
        [(Phase.WAITING, False), (Phase.CONNECTING, False), (Phase.SENDING, True), (Phase.READING, True)],
    )
    async def test_a_time_out_before_sending_was_not_handed_over(self, phase: Phase, handed_over: bool) -> None:
        """Without a connection nothing was handed over."""
        progress = AttemptProgress(protected=False)
        progress.phase = phase
        fault = timeout_fault(progress, ORIGIN)
        assert (fault.kind, fault.handed_over) == (ExchangeFaultKind.TIMEOUT, handed_over)

    async def test_a_step_within_the_time_out_has_a_scope(self) -> None:
        """Its result is returned, and the scope is gone afterwards."""
        progress = AttemptProgress(protected=True)
        progress.begin(0.0, anyio.current_time() + 5)

        async def job() -> float:
            assert progress.scope is not None
            return progress.scope.deadline

        assert await run_in_time(job, progress, ORIGIN) == progress.deadline
        assert progress.scope is None

    async def test_a_step_that_takes_longer_is_a_fault(self) -> None:
        """The fault is that of the phase."""
        progress = AttemptProgress(protected=True)
        progress.begin(0.0, anyio.current_time() + 0.005)
        with pytest.raises(ExchangeFault) as caught:
            await run_in_time(anyio.sleep_forever, progress, ORIGIN)
        assert (caught.value.kind, caught.value.handed_over) == (ExchangeFaultKind.TIMEOUT, False)
        assert caught.value.detail == "no connection to the gateway at wikipayam.ir:443 within the time-out"
        assert progress.scope is None


class TestTrace:
    """The proofs from httpcore's trace events."""

    @pytest.mark.parametrize(
        ("events", "not_sent", "phase"),
        [
            ([], False, Phase.WAITING),
            (["connection.connect_tcp.started"], True, Phase.WAITING),
            (["http11.send_request_headers.started"], True, Phase.SENDING),
            (["http11.send_request_headers.started", "http11.send_request_body.started"], False, Phase.SENDING),
            (["http11.send_request_body.started", "http11.send_request_body.complete"], False, Phase.SENT),
            (["http11.send_request_body.started", "http11.send_request_body.failed"], True, Phase.WAITING),
            (["http2.send_request_body.started", "http2.send_request_body.failed"], False, Phase.WAITING),
            # A transport that retries by itself: every one of its tries must be proven not to have been sent.
            (["http11.send_request_body.started", "http11.send_request_body.failed"] * 2, True, Phase.WAITING),
            (
                [
                    *("http11.send_request_body.started", "http11.send_request_body.complete"),
                    *("http11.send_request_body.started", "http11.send_request_body.failed"),
                ],
                False,
                Phase.SENT,
            ),
            (
                [
                    *("http11.send_request_body.started", "http11.send_request_body.failed"),
                    *("http11.send_request_body.started", "http11.send_request_body.complete"),
                ],
                False,
                Phase.SENT,
            ),
        ],
    )
    async def test_events_prove_whether_the_request_was_sent(
        self, events: list[str], not_sent: bool, phase: Phase
    ) -> None:
        """Without events nothing is proven."""
        progress = AttemptProgress(protected=False)
        trace = Trace(progress, decisive="send_request_body")
        for event in events:
            await trace(event, {"exception": httpx.WriteError("")})
        assert (trace.proves_not_sent, progress.phase) == (not_sent, phase)

    async def test_events_of_a_tunnel_request_are_ignored(self) -> None:
        """The events of CONNECT are not those of the request."""

        class Connect:
            method = b"CONNECT"

        trace = Trace(AttemptProgress(protected=False), decisive="send_request_body")
        await trace("http11.send_request_headers.started", {"request": Connect()})
        await trace("http11.send_request_body.started", {})
        assert (trace.seen, trace.proves_not_sent) == (False, False)
        await trace("http11.send_request_headers.started", {"request": httpx.Request("POST", "http://x")})
        assert (trace.seen, trace.proves_not_sent) == (True, True)


class TestRunInChild:
    """A job in a child task."""

    async def test_result_and_error_are_passed_on(self) -> None:
        """The caller gets the result, or the job's own error."""

        async def job() -> int:
            await anyio.lowlevel.checkpoint()
            return 5

        async def fail() -> int:
            raise KeyError("x")

        progress = AttemptProgress(protected=True)
        assert await run_in_child(job, progress) == 5
        with pytest.raises(KeyError):
            await run_in_child(fail, progress)
        assert progress.cancellation is None

    async def test_an_unshielded_job_is_cancelled(self) -> None:
        """A cancellation of the caller ends it."""

        async def job() -> Any:
            await anyio.sleep_forever()

        progress = AttemptProgress(protected=True)
        with anyio.move_on_after(0.01) as scope:
            await run_in_child(job, progress)
        assert (scope.cancelled_caught, progress.cancellation) == (True, None)

    @pytest.mark.parametrize("anyio_backend", ["asyncio"])
    async def test_a_job_that_is_cancelled_internally_is_a_fault(self) -> None:
        """A cancellation that the caller did not request leaves the outcome open."""

        async def job() -> int:
            raise asyncio.CancelledError

        with pytest.raises(ExchangeFault) as caught:
            await run_in_child(job, AttemptProgress(protected=True))
        assert (caught.value.kind, caught.value.handed_over) == (ExchangeFaultKind.DISCONNECTED, True)
        assert caught.value.detail == "the exchange was cancelled internally"

    @pytest.mark.parametrize("anyio_backend", ["asyncio"])
    @pytest.mark.parametrize("fails", [False, True])
    async def test_a_shielded_job_finishes_before_the_cancellation(self, fails: bool) -> None:
        """Its result or error is passed on, and the cancellation is stored."""

        async def job() -> int:
            with anyio.CancelScope(shield=True):
                await anyio.sleep(0.02)
            if fails:
                raise KeyError("x")
            return 5

        progress = AttemptProgress(protected=True)
        results: list[object] = []
        with anyio.move_on_after(0.005):
            try:
                results.append(await run_in_child(job, progress))
            except KeyError as error:
                results.append(type(error))
        assert results == [KeyError if fails else 5]
        assert isinstance(progress.cancellation, BaseException)


class TestDeadlines:
    """Deadlines that passed while the event loop was blocked."""

    async def test_an_attempt_without_a_scope_has_no_deadline(self) -> None:
        """There is nothing to check and nothing to read late."""
        progress = AttemptProgress(protected=True)
        await progress.check_deadline()
        assert not await progress.read_late(read_nothing)

    @pytest.mark.parametrize("handed_over", [False, True])
    async def test_a_passed_time_out_is_a_fault(self, handed_over: bool) -> None:
        """The fault says whether an earlier try of the same attempt may have left."""
        progress = AttemptProgress(protected=True)
        now = anyio.current_time()
        with anyio.CancelScope(deadline=now + 0.05) as scope:
            progress.begin(now, scope.deadline)
            progress.scope = scope
            await progress.check_deadline(handed_over=handed_over)
            time.sleep(0.06)  # noqa: ASYNC251 - the stall
            with pytest.raises(ExchangeFault) as caught:
                await progress.check_deadline(handed_over=handed_over)
        assert (caught.value.kind, caught.value.handed_over) == (ExchangeFaultKind.TIMEOUT, handed_over)
        assert caught.value.detail == "the request could not leave within the time-out"

    async def test_a_time_out_has_passed_at_its_deadline(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Not a moment later; unless said otherwise, no earlier try has left."""
        progress = AttemptProgress(protected=True)
        deadline = anyio.current_time() + 0.5
        with anyio.CancelScope(deadline=deadline) as scope:
            progress.begin(0.0, scope.deadline)
            progress.scope = scope
            monkeypatch.setattr(anyio, "current_time", lambda: deadline)
            with pytest.raises(ExchangeFault) as caught:
                await progress.check_deadline()
        assert not caught.value.handed_over

    async def test_a_passed_deadline_of_the_caller_is_its_cancellation(self) -> None:
        """Only the caller's own scope says what its deadline means."""
        progress = AttemptProgress(protected=True)
        with anyio.move_on_after(0.02) as callers, anyio.CancelScope(deadline=anyio.current_time() + 5) as scope:
            progress.begin(0.0, scope.deadline)
            progress.scope = scope
            time.sleep(0.03)  # noqa: ASYNC251 - the stall
            await progress.check_deadline()
        assert (callers.cancelled_caught, scope.cancelled_caught) == (True, False)

    async def test_a_late_read_ends_when_nothing_comes(self) -> None:
        """Two short waits follow the time-out; then it stands."""
        progress = AttemptProgress(protected=True)
        with anyio.CancelScope() as scope:
            progress.begin(0.0, scope.deadline)
            progress.scope = scope
            scope.cancel()
            assert not await progress.read_late(read_nothing)
            assert progress.scope is scope
        assert not scope.cancelled_caught

    async def test_a_late_read_goes_on_to_the_end_of_the_answer(self) -> None:
        """It continues while bytes come, and returns whether they complete the answer."""
        progress, pieces = AttemptProgress(protected=True), [False, False, True]

        async def read() -> bool:
            await anyio.lowlevel.checkpoint()
            return pieces.pop(0)

        with anyio.CancelScope() as scope:
            progress.begin(0.0, scope.deadline)
            progress.scope = scope
            scope.cancel()
            assert await progress.read_late(read)
        assert pieces == []

    async def test_an_attempt_that_is_not_late_reads_nothing_more(self) -> None:
        """A cancellation that is not the time-out's is not held up."""
        progress = AttemptProgress(protected=False)
        with anyio.CancelScope() as scope:
            progress.begin(0.0, scope.deadline)
            progress.scope = scope
            assert not await progress.read_late(read_nothing)

    @pytest.mark.parametrize("anyio_backend", ["asyncio"])
    async def test_a_cancellation_beside_the_time_out_is_restored(self) -> None:
        """It counts as deferred if the task was cancelled since the attempt began, and none is deferred yet."""
        task, error = asyncio.current_task(), BaseException()
        assert task is not None
        before = count_cancel_requests()
        task.cancel()
        task.uncancel()
        progress = AttemptProgress(protected=True)
        progress.late = error
        progress.settle(before)
        assert (before, progress.cancellation) == (0, None)
        progress.settle(before - 1)
        assert progress.cancellation is error
        with contextlib.suppress(asyncio.CancelledError):
            await anyio.lowlevel.checkpoint()

    @pytest.mark.parametrize("anyio_backend", ["asyncio"])
    async def test_cancellations_of_the_task_are_counted(self) -> None:
        """Until they are taken back."""
        task = asyncio.current_task()
        assert task is not None
        counted: list[int] = []
        for change in (task.cancelling, task.cancel, task.cancel, task.uncancel, task.uncancel):
            change()
            counted.append(count_cancel_requests())
        with contextlib.suppress(asyncio.CancelledError):
            await anyio.lowlevel.checkpoint()
        assert counted == [0, 1, 2, 1, 0]

    async def test_no_task_was_cancelled_from_outside(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Nothing is counted on trio, nor while asyncio is not even loaded."""
        assert count_cancel_requests() == 0
        monkeypatch.setitem(sys.modules, "asyncio", None)
        assert count_cancel_requests() == 0


async def read_nothing() -> bool:
    """Wait for bytes that never come."""
    await anyio.sleep_forever()
    return False


@pytest.mark.parametrize(("earlier", "handed_over"), [([], False), (["http11.send_request_body.started"], True)])
async def test_a_trace_stops_a_request_whose_time_has_passed(earlier: list[str], handed_over: bool) -> None:
    """Before the body leaves, an httpx connection is told to stop; an earlier try of a transport may have left."""
    progress = AttemptProgress(protected=True)
    trace = Trace(progress, decisive="send_request_body")
    with anyio.CancelScope(deadline=anyio.current_time() + 0.05) as scope:
        progress.begin(0.0, scope.deadline)
        progress.scope = scope
        for event in earlier:
            await trace(event, {})
        time.sleep(0.06)  # noqa: ASYNC251 - the stall
        await trace("http11.send_request_headers.started", {})
        with pytest.raises(ExchangeFault) as caught:
            await trace("http11.send_request_body.started", {})
    assert caught.value.handed_over == handed_over
