"""The portal: calls from code without async."""

from __future__ import annotations

import linecache
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from textwrap import dedent
from typing import Any, Literal

import anyio
import pytest

from tests.faults.threaded_gateway import threaded_gateway
from tests.support.net import RECEIVER, TOKEN
from wikipayam_async import AsyncWikipayam, ClosedError, InvalidInputError, SendStatus, report_from
from wikipayam_async.emulator import Emulator
from wikipayam_async.portal import ClientPortal
from wikipayam_async.testing import emulator_client

BACKENDS = ("asyncio", "trio")


@pytest.mark.parametrize("backend", BACKENDS)
def test_calls_of_many_threads_share_one_client_and_its_connections(backend: Literal["asyncio", "trio"]) -> None:
    """Twenty threads send a message each over at most five connections; results and arguments go through unchanged."""
    made: list[AsyncWikipayam] = []

    def make() -> AsyncWikipayam:
        made.append(AsyncWikipayam(TOKEN, sender="1", base_url=gateway.url, max_connections=5))
        return made[-1]

    with threaded_gateway(0.005) as gateway, ClientPortal(make, backend=backend) as portal:

        def send(number: int) -> str | None:
            return portal.call(portal.client.sms.send, RECEIVER, "t", track_id=f"T{number}").track_id

        with ThreadPoolExecutor(20) as pool:
            assert list(pool.map(send, range(20))) == [f"T{number}" for number in range(20)]
        assert (len(made), len(gateway.ledger.accepted), gateway.gateway.opened <= 5) == (1, 20, True)


def test_calls_that_begin_at_once_share_one_client() -> None:
    """A thread that finds no client while another makes it waits for that one."""
    made: list[AsyncWikipayam] = []
    found: list[AsyncWikipayam] = []
    second = threading.Thread(target=lambda: found.append(portal.client))

    def make() -> AsyncWikipayam:
        second.start()
        while not waits_for_the_lock(second):
            time.sleep(0.001)
        made.append(emulator_client(Emulator()))
        return made[-1]

    with ClientPortal(make) as portal:
        first = portal.client
        second.join(10)
        assert (found, made) == ([first], [first])


def waits_for_the_lock(thread: threading.Thread) -> bool:
    """Return whether a thread is at the lock of the portals."""
    frame = sys._current_frames().get(thread.ident or 0)
    return frame is not None and linecache.getline(frame.f_code.co_filename, frame.f_lineno).strip() == "with _OPENING:"


def test_an_error_of_the_call_is_raised_in_the_calling_thread() -> None:
    """It is the same object that the call raised."""
    with (
        ClientPortal(lambda: emulator_client(Emulator())) as portal,
        pytest.raises(InvalidInputError, match="receiver"),
    ):
        portal.call(portal.client.sms.send, "12", "t")


def test_a_function_of_the_programs_own_is_called_as_a_whole() -> None:
    """What is entered or iterated with async goes into a function."""
    emulator = Emulator()
    with ClientPortal(lambda: emulator_client(emulator)) as portal:

        async def send_two() -> list[str | None]:
            async with portal.client.sms.batcher() as batcher:
                return [(await batcher.send(RECEIVER, "t")).id for _ in range(2)]

        assert len(set(portal.call(send_two))) == 2


def test_a_call_in_the_event_loop_is_refused() -> None:
    """It would wait for itself."""
    with ClientPortal(lambda: emulator_client(Emulator())) as portal:

        async def call_again() -> None:
            portal.call(portal.client.balance)

        with pytest.raises(RuntimeError, match="await the function instead"):
            portal.call(call_again)


def test_a_closed_portal_says_so() -> None:
    """Closing waits for the calls in flight; later calls and a second close do no harm. Unused, it starts no thread."""
    before = threading.active_count()
    unused = ClientPortal(lambda: emulator_client(Emulator()))
    assert threading.active_count() == before
    unused.close()
    with pytest.raises(ClosedError, match="the portal is closed; nothing was called"):
        unused.call(anyio.sleep, 0)
    with threaded_gateway(0.2) as gateway:
        portal = ClientPortal(lambda: AsyncWikipayam(TOKEN, sender="1", base_url=gateway.url))
        with ThreadPoolExecutor(1) as pool:
            sent = pool.submit(portal.call, portal.client.sms.send, RECEIVER, "t")
            while not gateway.ledger.accepted:
                pass
            portal.close()
            portal.close()
            assert sent.result().id is not None
    assert threading.active_count() <= before + 1


@pytest.mark.parametrize("backend", BACKENDS)
def test_ctrl_c_ends_a_call_after_the_send_in_flight(backend: Literal["asyncio", "trio"]) -> None:
    """The `KeyboardInterrupt` leads to the report of the message, which was accepted, and names its ids."""
    with (
        threaded_gateway(0.3) as gateway,
        ClientPortal(lambda: AsyncWikipayam(TOKEN, sender="1", base_url=gateway.url), backend=backend) as portal,
    ):
        portal.call(portal.client.balance)
        threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()
        with pytest.raises(KeyboardInterrupt) as caught:
            portal.call(portal.client.sms.send, RECEIVER, "t", track_id="T1")
    report = report_from(caught.value)
    assert report is not None
    assert [(result.track_id, result.status) for result in report] == [("T1", SendStatus.ACCEPTED)]
    assert ["T1" in note for note in caught.value.__notes__] == [True]
    assert set(gateway.ledger.accepted) == {"T1"}


def test_an_interrupted_call_that_had_ended_tells_its_result() -> None:
    """A function that finishes in spite of the cancellation has a result, which a note shows."""
    started = threading.Event()

    async def finish() -> str:
        with anyio.CancelScope(shield=True):
            started.set()
            await anyio.sleep(0.2)
        return "all done"

    with ClientPortal(lambda: emulator_client(Emulator())) as portal:
        threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGINT)).start()
        with pytest.raises(KeyboardInterrupt) as caught:
            portal.call(finish)
    assert caught.value.__notes__ == ["wikipayam_async: the call had ended: ['all done']"]


def test_an_interruption_before_the_call_leaves_it_uncalled(monkeypatch: pytest.MonkeyPatch) -> None:
    """A signal may arrive while the call is handed over."""
    called: list[int] = []

    async def function() -> None:
        called.append(1)

    with ClientPortal(lambda: emulator_client(Emulator())) as portal:
        opened: Any = portal._open().portal
        start, held = opened.start_task_soon, []

        def interrupt(run: object, *args: object) -> object:
            if getattr(run, "ended", None) is None:
                return start(run, *args)  # the call that cancels
            held.append(run)
            raise KeyboardInterrupt

        monkeypatch.setattr(opened, "start_task_soon", interrupt)
        with pytest.raises(KeyboardInterrupt):
            portal.call(function)
        monkeypatch.undo()
        opened.call(held[0])
    assert called == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system")
@pytest.mark.parametrize("opened_before", [False, True])
def test_a_portal_works_in_a_forked_process(opened_before: bool) -> None:
    """The child has a thread and a client of its own, and does not touch those of its parent; both send."""
    with threaded_gateway(0.0) as gateway:
        program = f"""
            import os, warnings
            from wikipayam_async import AsyncWikipayam
            from wikipayam_async.portal import ClientPortal

            warnings.simplefilter("ignore")
            portal = ClientPortal(lambda: AsyncWikipayam("{TOKEN}", sender="1", base_url="{gateway.url}"))
            if {opened_before}:
                portal.call(portal.client.sms.send, "{RECEIVER}", "t", track_id="before")
            child = os.fork()
            if not child:
                portal.call(portal.client.sms.send, "{RECEIVER}", "t", track_id="child")
                portal.close()
                os._exit(0)
            assert os.waitpid(child, 0)[1] == 0
            portal.call(portal.client.sms.send, "{RECEIVER}", "t", track_id="parent")
        """
        subprocess.run([sys.executable, "-c", dedent(program)], check=True, timeout=30)  # noqa: S603 - the program above
        expected = {"child", "parent"} | ({"before"} if opened_before else set())
        assert (set(gateway.ledger.accepted), gateway.ledger.doubled) == (expected, [])


def test_a_client_that_cannot_be_made_raises_and_the_next_call_tries_again() -> None:
    """A missing token is a `ConfigurationError` of every call, not a portal that hangs."""
    makes = iter([ClosedError("no"), None])

    def make() -> AsyncWikipayam:
        if (error := next(makes)) is not None:
            raise error
        return emulator_client(Emulator())

    with ClientPortal(make) as portal:
        with pytest.raises(ClosedError, match="no"):
            portal.call(anyio.sleep, 0)
        assert portal.call(portal.client.balance) is not None


def test_a_failure_to_start_the_event_loop_is_raised() -> None:
    """It does not wait for ever for a thread that has ended."""
    backend: Any = "curio"
    with ClientPortal(lambda: emulator_client(Emulator()), backend=backend) as portal, pytest.raises(LookupError):
        portal.call(anyio.sleep, 0)
