"""Commands of Redis in threads."""

from __future__ import annotations

import threading
from typing import Any

import anyio
import pytest
import redis

from wikipayam_async import ConfigurationError, WikipayamError
from wikipayam_async.integrations.redis.connection import RedisThreads, check_prefix, eviction_policy

pytestmark = pytest.mark.anyio


def threads() -> RedisThreads:
    """Return threads for a server that no test connects to."""
    return RedisThreads("redis://127.0.0.1:9/0", timeout=1)


async def test_a_command_that_was_begun_is_completed() -> None:
    """Cancellation of its caller does not interrupt it."""
    begun, go = threading.Event(), threading.Event()
    done: list[str] = []

    def work() -> None:
        begun.set()
        go.wait(10)
        done.append("written")

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(threads().run, work, WikipayamError)
        await anyio.to_thread.run_sync(begun.wait, 10)
        tasks.cancel_scope.cancel()
        go.set()
    assert done == ["written"]


async def test_a_command_that_waits_for_a_thread_may_be_cancelled() -> None:
    """With all of them busy it never runs."""
    go, busy, ran = threading.Event(), threads(), []
    async with anyio.create_task_group() as tasks:
        for _ in range(8):
            tasks.start_soon(busy.run, lambda: go.wait(10), WikipayamError)
        await anyio.wait_all_tasks_blocked()
        with anyio.move_on_after(0.01):
            await busy.run(lambda: ran.append("late"), WikipayamError)
        go.set()
    assert ran == []


async def test_connections_are_closed_also_while_being_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    """As when the client's block is left by a cancellation."""
    one, closed = threads(), []
    monkeypatch.setattr(one.client, "close", lambda: closed.append("closed"))
    with anyio.CancelScope() as scope:
        scope.cancel()
        await one.aclose()
    assert closed == ["closed"]


async def test_an_error_of_redis_is_told_by_its_name() -> None:
    """Its text may hold the URL with a password."""

    def work() -> None:
        raise redis.ConnectionError("redis://:private-word@host")

    with pytest.raises(WikipayamError) as caught:
        await threads().run(work, WikipayamError)
    assert (str(caught.value), caught.value.__context__) == ("ConnectionError", None)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (redis.ReadOnlyError("x"), "ReadOnlyError (READONLY): the server takes no writes, as a replica does"),
        (redis.BusyLoadingError("x"), "BusyLoadingError (LOADING): the server is starting"),
        (redis.AuthenticationError("Wrong"), "AuthenticationError (WRONGPASS): the user or the password is wrong"),
        (redis.AuthenticationError("NOAUTH x"), "AuthenticationError (NOAUTH): the server needs a password"),
        (redis.ResponseError("MISCONF x"), "ResponseError (MISCONF): the server cannot write to its disk"),
        (redis.ResponseError("PRIVATE-WORD"), "ResponseError"),
        (redis.TimeoutError("x"), "TimeoutError"),
    ],
)
async def test_an_error_of_redis_says_what_it_means(error: redis.RedisError, reason: str) -> None:
    """By the code of the server, if it is known."""

    def work() -> None:
        raise error

    with pytest.raises(WikipayamError) as caught:
        await threads().run(work, WikipayamError)
    assert str(caught.value) == reason


def test_a_prefix_is_a_string() -> None:
    """Possibly an empty one."""
    assert check_prefix("") == ""
    with pytest.raises(ConfigurationError, match="prefix: expected a string"):
        check_prefix(None)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"maxmemory": 100, "maxmemory_policy": "allkeys-lru"}, "allkeys-lru"),
        ({"maxmemory": 100, "maxmemory_policy": "noeviction"}, None),
        ({"maxmemory": 0, "maxmemory_policy": "allkeys-lru"}, None),
        ({}, None),
        (redis.ResponseError("NOPERM"), None),
    ],
)
def test_a_policy_matters_if_the_memory_is_limited(settings: dict[str, Any] | Exception, expected: str | None) -> None:
    """A server that does not tell is taken to keep its keys."""

    class Server:
        def info(self, section: str) -> dict[str, Any]:
            assert section == "memory"
            if isinstance(settings, Exception):
                raise settings
            return settings

    assert eviction_policy(Server()) == expected
