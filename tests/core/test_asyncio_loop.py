import asyncio

import anyio
import pytest
import trio

from wikipayam_async.core.asyncio_loop import asyncio_loop


async def found() -> object:
    """Return what is found."""
    return asyncio_loop()


@pytest.mark.parametrize("use_uvloop", [False, True])
def test_the_running_loop_is_found(use_uvloop: bool) -> None:
    """Of asyncio, and of uvloop."""

    async def is_found() -> bool:
        return asyncio_loop() is asyncio.get_running_loop()

    if use_uvloop:
        pytest.importorskip("uvloop")
    options = {"use_uvloop": use_uvloop}
    assert anyio.run(is_found, backend="asyncio", backend_options=options)


def test_none_is_found_in_trio() -> None:
    """Also if trio runs within a task of asyncio."""

    async def outer() -> object:
        return trio.run(found)

    with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:  # trio runs within no other
        assert (trio.run(found), runner.run(outer())) == (None, None)


def test_none_is_found_outside_a_task() -> None:
    """Without an event loop, and in a callback of one."""
    seen: list[object] = [asyncio_loop()]

    async def call_back() -> None:
        asyncio.get_running_loop().call_soon(lambda: seen.append(asyncio_loop()))
        await asyncio.sleep(0)

    asyncio.run(call_back())
    assert seen == [None, None]
