"""A client of Redis whose commands run in threads: on asyncio and trio, and complete when their caller is cancelled."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar

import redis
from anyio import CancelScope, CapacityLimiter, to_thread

from wikipayam_async.checks import is_unicode
from wikipayam_async.core.loops import PerLoop
from wikipayam_async.errors import ConfigurationError, WikipayamError
from wikipayam_async.redact.masks import shape_of

__all__ = ["CONNECT_SECONDS", "RedisThreads", "check_prefix", "eviction_policy"]

T = TypeVar("T")

CONNECT_SECONDS = 5.0
_THREADS = 8
_CODE = re.compile("[A-Z]+")
_CODES = {
    "READONLY": "the server takes no writes, as a replica does",
    "MASTERDOWN": "the server is a replica that has lost its primary",
    "NOREPLICAS": "the server has fewer replicas than it needs to take writes",
    "MISCONF": "the server cannot write to its disk",
    "OOM": "the memory of the server is full",
    "LOADING": "the server is starting",
    "BUSY": "the server is busy with a script of somebody's",
    "NOAUTH": "the server needs a password",
    "WRONGPASS": "the user or the password is wrong",
    "NOPERM": "the user lacks a privilege that it needs",
    "CLUSTERDOWN": "the cluster is down",
}
"""What the first words of the server's errors mean."""
_CODE_OF = {
    "ReadOnlyError": "READONLY",
    "OutOfMemoryError": "OOM",
    "BusyLoadingError": "LOADING",
    "AuthenticationError": "WRONGPASS",
    "NoPermissionError": "NOPERM",
}
"""The first word of an error from whose text the driver removes it."""


class RedisThreads:
    """Runs commands of Redis in threads.

    Args:
        server: The URL, or a client of the caller's, which is not closed.
        timeout: Seconds to wait for an answer of the server.
        options: Further options of a client that is created from a URL.
    """

    def __init__(self, server: str | redis.Redis, *, timeout: float, **options: object) -> None:
        self._owned = isinstance(server, str)
        self.client: Any = _client_of(server, {"socket_timeout": timeout, **options})
        self._limiters = PerLoop(lambda: CapacityLimiter(_THREADS))

    async def run(self, work: Callable[[], T], fail: Callable[[str], WikipayamError]) -> T:
        """Run commands in a thread. Cancellation interrupts the wait for a thread, but no command that was begun.

        Args:
            work: Runs the commands.
            fail: Makes the error from a reason, which holds no URL and no key.

        Raises:
            WikipayamError: The one of `fail`.
        """

        def guarded() -> T:
            try:
                return work()
            except redis.RedisError as error:
                reason = _reason_of(error)
            raise fail(reason)

        return await to_thread.run_sync(guarded, limiter=await self._limiters.get())

    async def aclose(self) -> None:
        """Close the connections, unless they are the caller's, also while being cancelled. A later call opens others."""
        if self._owned:
            with CancelScope(shield=True):
                await to_thread.run_sync(self.client.close)


def _reason_of(error: redis.RedisError) -> str:
    """Return the kind of an error, and what it means. Its own text may quote the URL or a key."""
    name, code = type(error).__name__, _CODE.match(str(error))
    known = code[0] if code and code[0] in _CODES else _CODE_OF.get(name)
    return name if known is None else f"{name} ({known}): {_CODES[known]}"


def eviction_policy(client: Any) -> str | None:
    """Return the policy by which a server may evict keys; None if it evicts none, or does not tell."""
    try:
        settings = client.info("memory")
    except redis.ResponseError:  # not permitted
        return None
    policy: str = settings.get("maxmemory_policy", "noeviction")
    return policy if settings.get("maxmemory") and policy != "noeviction" else None


def check_prefix(prefix: object) -> str:
    """Return what the names of keys begin with.

    Raises:
        ConfigurationError: It is no string, or no valid Unicode.
    """
    if not isinstance(prefix, str) or not is_unicode(prefix):
        raise ConfigurationError(f"prefix: expected a string of valid Unicode; got {shape_of(prefix)}")
    return prefix


def _client_of(server: str | redis.Redis, options: dict[str, object]) -> Any:
    if isinstance(server, str):
        try:
            return redis.Redis.from_url(server, **{"socket_connect_timeout": CONNECT_SECONDS, **options})
        except ValueError:
            raise ConfigurationError("server: expected a URL such as redis://host:6379/0") from None
    if not isinstance(server, redis.Redis):
        raise ConfigurationError(
            f"server: expected a URL such as redis://host:6379/0 or a redis.Redis; got {shape_of(server)}"
        )
    return server
