"""Connections to PostgreSQL that are given up when their server does not answer."""

from __future__ import annotations

import math
from collections.abc import Callable
from time import monotonic
from typing import Any

import psycopg
from psycopg.abc import RV, PQGen
from psycopg.pq import TransactionStatus
from psycopg.pq.abc import PGconn

__all__ = ["AnsweringAsyncConnection", "AnsweringConnection", "answered"]

_LONGEST_LOOK = 1.0
"""Seconds that one look for an answer counts at most."""


def answered(
    exchange: PQGen[RV], connection: PGconn, limit: float, clock: Callable[[], float] = monotonic
) -> PQGen[RV]:
    """Do an exchange with the server; give the connection up if the server is silent for too long.

    The operating system cannot tell: the bytes are received, by a pooler, a firewall or a server that stands still. While
    no statement is running, as when notifications are awaited, silence is no failure.

    Args:
        exchange: The exchange, as psycopg makes it. It is resumed at least every few tenths of a second.
        connection: Its connection, which is closed at the limit: whatever was sent may still reach the server.
        limit: Seconds for which the server may be silent.
        clock: Returns the time in seconds.

    Raises:
        psycopg.OperationalError: The server did not answer. A commit that it was asked for may have been made.
    """
    try:
        wanted = next(exchange)
        silence, before = 0.0, clock()
        while True:
            ready = yield wanted
            now = clock()
            # What arrived while this process stood still is found at the next look.
            silence, before = silence + min(now - before, _LONGEST_LOOK), now
            if ready or connection.transaction_status != TransactionStatus.ACTIVE:
                silence = 0.0
            elif silence >= limit:
                connection.finish()
                raise psycopg.OperationalError(f"timeout: the server did not answer within {limit:g} s")
            wanted = exchange.send(ready)
    except StopIteration as end:
        found: RV = end.value
        return found


class AnsweringConnection(psycopg.Connection[Any]):
    """A connection whose statements fail, and which is closed, if the server is silent for too long.

    Attributes:
        silence_limit: Seconds for which it may be silent while a statement is running.
    """

    silence_limit: float = math.inf

    def wait(self, gen: PQGen[RV], *args: Any, **options: Any) -> RV:
        """Do an exchange with the server."""
        return super().wait(answered(gen, self.pgconn, self.silence_limit), *args, **options)


class AnsweringAsyncConnection(psycopg.AsyncConnection[Any]):
    """The same for asyncio.

    Attributes:
        silence_limit: Seconds for which the server may be silent while a statement is running.
    """

    silence_limit: float = math.inf

    async def wait(self, gen: PQGen[RV], *args: Any, **options: Any) -> RV:
        """Do an exchange with the server."""
        return await super().wait(answered(gen, self.pgconn, self.silence_limit), *args, **options)
