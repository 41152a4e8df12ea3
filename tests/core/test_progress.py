from __future__ import annotations

import asyncio
from typing import Any

import anyio
import anyio.lowlevel
import httpx
import pytest

from wikipayam_async import Phase
from wikipayam_async.core.fault import ExchangeFault, ExchangeFaultKind
from wikipayam_async.core.progress import AttemptProgress, Trace, run_in_child

pytestmark = pytest.mark.anyio


class TestProgress:
    """How far an attempt got."""

    async def test_a_protected_attempt_is_shielded_once_it_leaves(self) -> None:
        """Connecting can be cancelled, sending cannot."""
        for protected in (True, False):
            progress = AttemptProgress(protected=protected)
            assert progress.phase is Phase.WAITING
            with anyio.CancelScope() as scope:  # noqa: ASYNC100 - what is done to the scope is looked at
                progress.begin(scope, 5.0)
                assert (progress.phase, progress.started, scope.shield) == (Phase.CONNECTING, 5.0, False)
                progress.hand_over()
                assert (progress.phase, scope.shield) == (Phase.SENDING, protected)

    async def test_without_a_scope_nothing_is_put_off(self) -> None:
        """Nor for a read, nor when the scope itself is cancelled."""
        error = BaseException()
        assert not AttemptProgress(protected=True).defer(error)
        with anyio.CancelScope() as scope:  # noqa: ASYNC100 - what is done to the scope is looked at
            read, send = AttemptProgress(protected=False), AttemptProgress(protected=True)
            read.begin(scope, 0.0)
            send.begin(scope, 0.0)
            assert (read.defer(error), send.defer(error)) == (False, True)
            assert (read.cancellation, send.cancellation) == (None, error)
            scope.cancel()
            assert not send.defer(error)

    async def test_a_hand_over_without_a_scope_is_a_phase(self) -> None:
        """Where nobody set a scope there is nothing to shield."""
        progress = AttemptProgress(protected=True)
        progress.hand_over()
        assert progress.phase is Phase.SENDING


class TestTrace:
    """What httpcore's events prove."""

    @pytest.mark.parametrize(
        ("events", "nothing_left", "phase"),
        [
            ([], False, Phase.WAITING),
            (["connection.connect_tcp.started"], True, Phase.WAITING),
            (["http11.send_request_headers.started"], True, Phase.SENDING),
            (["http11.send_request_headers.started", "http11.send_request_body.started"], False, Phase.SENDING),
            (["http11.send_request_body.started", "http11.send_request_body.complete"], False, Phase.SENT),
            (["http11.send_request_body.started", "http11.send_request_body.failed"], True, Phase.WAITING),
            (["http2.send_request_body.started", "http2.send_request_body.failed"], False, Phase.WAITING),
        ],
    )
    async def test_only_what_was_seen_proves(self, events: list[str], nothing_left: bool, phase: Phase) -> None:
        """No event at all proves nothing."""
        progress = AttemptProgress(protected=False)
        trace = Trace(progress, decisive="send_request_body")
        for event in events:
            await trace(event, {"exception": httpx.WriteError("")})
        assert (trace.proves_not_sent, progress.phase) == (nothing_left, phase)

    async def test_a_tunnels_own_request_proves_nothing(self) -> None:
        """CONNECT's events are not those of the request."""

        class Connect:
            method = b"CONNECT"

        trace = Trace(AttemptProgress(protected=False), decisive="send_request_body")
        await trace("http11.send_request_headers.started", {"request": Connect()})
        await trace("http11.send_request_body.started", {})
        assert (trace.seen, trace.proves_not_sent) == (False, False)
        await trace("http11.send_request_headers.started", {"request": httpx.Request("POST", "http://x")})
        assert (trace.seen, trace.proves_not_sent) == (True, True)


class TestRunInChild:
    """A job where cancellations from outside do not reach it."""

    async def test_the_result_comes_back(self) -> None:
        """And so does an error, as itself."""

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

    async def test_a_job_that_was_cancelled_is_cancelled(self) -> None:
        """What is not shielded ends with its caller."""

        async def job() -> Any:
            await anyio.sleep_forever()

        progress = AttemptProgress(protected=True)
        with anyio.move_on_after(0.01) as scope:
            await run_in_child(job, progress)
        assert (scope.cancelled_caught, progress.cancellation) == (True, None)

    @pytest.mark.parametrize("anyio_backend", ["asyncio"])
    async def test_a_job_that_is_broken_off_from_within_is_a_fault(self) -> None:
        """A cancellation that nobody outside asked for leaves open what happened."""

        async def job() -> int:
            raise asyncio.CancelledError

        with pytest.raises(ExchangeFault) as caught:
            await run_in_child(job, AttemptProgress(protected=True))
        assert (caught.value.kind, caught.value.handed_over) == (ExchangeFaultKind.DISCONNECTED, True)

    @pytest.mark.parametrize("anyio_backend", ["asyncio"])
    @pytest.mark.parametrize("fails", [False, True])
    async def test_a_shielded_job_is_finished_first(self, fails: bool) -> None:
        """Its result or its error counts, and the cancellation is kept for later."""

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
