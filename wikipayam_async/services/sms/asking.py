"""One query for the statuses of any number of ids: in concurrent requests, and around the ids that are refused."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import TypeAlias

import anyio

from wikipayam_async.errors import WikipayamError
from wikipayam_async.services.base import FailureScope, failure_scope
from wikipayam_async.services.sms.delivery import Delivery

__all__ = ["IDS_PER_REQUEST", "ChunkedQuery", "Query"]

IDS_PER_REQUEST = 100

_MAX_CONCURRENT_REQUESTS = 8
_MAX_REFUSED_IN_A_ROW = 8

Query: TypeAlias = Callable[[Sequence[str]], Awaitable[Sequence[Delivery]]]
"""Requests the statuses of at most 100 ids."""


def _nothing(_: Exception) -> bool:
    return False


class ChunkedQuery:
    """Requests the statuses of chunks of ids.

    A chunk that the gateway refuses (400, 404, 422) is split, down to the ids that it refuses.

    Args:
        query: Requests the statuses of one chunk.
        on_answer: Called with the statuses of each answer as it arrives.
        ignored: Tells the errors that drop the chunk's statuses. Any other error stops the requests.

    Attributes:
        refused: The ids that the gateway refused, while it answered others.
        unclear: The ids of requests at which the gateway failed, so that one of them may be the reason.
    """

    def __init__(
        self,
        query: Query,
        on_answer: Callable[[Sequence[Delivery]], object],
        *,
        ignored: Callable[[Exception], bool] = _nothing,
    ) -> None:
        self._query = query
        self._on_answer = on_answer
        self._ignored = ignored
        self._answered = False
        self._failure: Exception | None = None
        self._refusal: WikipayamError | None = None
        self.refused: list[str] = []
        self.unclear: list[str] = []

    async def run(self, chunks: Sequence[Sequence[str]]) -> None:
        """Request all chunks.

        Raises:
            WikipayamError: The first error that is neither ignored nor about some of the ids; or the refusal, if every
                id was refused.
        """
        waiting = iter(chunks)
        async with anyio.create_task_group() as group:
            for _ in range(min(_MAX_CONCURRENT_REQUESTS, len(chunks))):
                group.start_soon(self._work, waiting)
        if self._failure is not None:
            raise self._failure
        if self._refusal is not None and not self._answered:
            raise self._refusal

    async def _work(self, chunks: Iterator[Sequence[str]]) -> None:
        for chunk in chunks:
            await self._ask(chunk)

    async def _ask(self, ids: Sequence[str]) -> None:
        if self._failure is not None:
            return
        try:
            self._on_answer(await self._query(ids))
        except Exception as error:  # noqa: BLE001 - whatever it is: `run` raises it, outside an exception group
            scope = failure_scope(error)
            if self._ignored(error):
                if scope is FailureScope.UNCLEAR:
                    self.unclear.extend(ids)
            elif scope is not FailureScope.ITEM:
                self._failure = error
            else:
                await self._note_refusal(ids, error)
        else:
            self._answered = True

    async def _note_refusal(self, ids: Sequence[str], error: Exception) -> None:
        if self._refusal is None and isinstance(error, WikipayamError):
            self._refusal = error
        middle = len(ids) // 2
        if middle:
            await self._ask(ids[:middle])
            await self._ask(ids[middle:])
            return
        self.refused.extend(ids)
        if not self._answered and len(self.refused) >= _MAX_REFUSED_IN_A_ROW:
            self._failure = self._refusal  # it is not about single ids
