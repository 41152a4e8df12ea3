import asyncio
import gc
from typing import Any

import anyio
import pytest
import trio

from wikipayam_async.core.loops import LoopOwner, PerLoop, current_time, loop_clock, loop_offset, process_time
from wikipayam_async.errors import ClosedError


def test_the_clock_of_the_process_is_the_same_in_every_event_loop() -> None:
    """Trio's clock starts anew with every run; the clock of the process goes on, and needs no event loop to convert."""
    times: list[float] = []

    async def read() -> None:
        times.extend([process_time(), process_time()])

    for backend in ("asyncio", "trio", "asyncio", "trio"):
        anyio.run(read, backend=backend)
    assert times == sorted(times)
    assert times[-1] - times[0] < 5
    assert loop_offset() == 0.0


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_an_object_is_made_for_each_event_loop_and_closed_when_it_ends(backend: str) -> None:
    """Within an event loop it is always the same; its end is told once, while the loop still runs."""
    closed: list[object] = []

    async def close(found: object) -> None:
        await anyio.lowlevel.checkpoint()
        closed.append(found)

    objects: PerLoop[object] = PerLoop(object, close)

    async def use() -> object:
        assert objects.find() is None
        found = await objects.get()
        assert (objects.current(), objects.find(), await objects.get()) == (found, found, found)
        return found

    made = [anyio.run(use, backend=backend) for _ in range(2)]
    assert (closed, objects.objects, made[0] is made[1]) == (made, [], False)


def test_without_an_event_loop_there_is_no_time() -> None:
    """The error is anyio's."""
    with pytest.raises(anyio.NoEventLoopError):
        current_time()


def test_trio_within_a_task_of_asyncio_is_an_event_loop_of_its_own() -> None:
    """Whoever runs trio from a task of asyncio gets another object there, and trio's clock."""
    objects: PerLoop[object] = PerLoop(object)

    async def inner() -> tuple[object, bool]:
        return objects.current(), loop_clock()() <= current_time() <= anyio.current_time()

    async def outer() -> tuple[object, tuple[object, bool], object]:
        return objects.current(), trio.run(inner), objects.current()

    with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:  # trio runs within no other
        before, (within, by_its_clock), after = runner.run(outer())
    assert (before is after, within is before, by_its_clock) == (True, False, True)


def test_what_needs_no_closing_is_forgotten() -> None:
    """Without `close`, the end of the event loop only removes the object."""
    objects: PerLoop[object] = PerLoop(object)
    anyio.run(objects.get)
    assert objects.objects == []


def test_the_end_of_a_user_is_no_fault_at_the_end_of_the_loop() -> None:
    """What was garbage collected before is not closed."""

    async def use() -> None:
        await PerLoop(object).get()
        gc.collect()

    anyio.run(use)


def test_an_asyncio_loop_that_is_only_closed_is_forgotten_later() -> None:
    """It does not end its asynchronous generators, so its object goes when another event loop needs one."""
    objects: PerLoop[object] = PerLoop(object)
    loop = asyncio.new_event_loop()
    loop.run_until_complete(objects.get())
    loop.close()
    assert len(objects.objects) == 1

    async def use() -> int:
        await objects.get()
        return len(objects.objects)

    assert anyio.run(use) == 1


def test_an_object_that_was_not_entered_has_no_owner() -> None:
    """Its own check, that it was entered, comes first."""
    LoopOwner("outbox", "enter it").check("not posted")


def test_both_event_loops_are_named() -> None:
    """The error says what failed, where the object belongs, where it was used, and what to do."""
    owner = LoopOwner("outbox", "do this instead")

    async def enter() -> Any:
        owner.enter()
        owner.check("nothing")

    async def use() -> None:
        owner.check("sms.outbox: not posted")

    anyio.run(enter)
    with pytest.raises(ClosedError) as caught:
        anyio.run(use, backend="trio")
    assert str(caught.value) == (
        "sms.outbox: not posted: the outbox belongs to the asyncio event loop of thread 'MainThread', and this is the trio "
        "event loop of thread 'MainThread'; do this instead"
    )
