"""A lane of asyncio's own, for its event loop and for uvloop: a connection that is always read, one future an exchange.

It keeps the promises of `wire.Lane` at a fraction of the cost: without a cancel scope for each request, and without turning
the reader on and off.
"""

from __future__ import annotations

import asyncio
import ssl
import warnings
from contextlib import suppress
from typing import Self

import anyio

from wikipayam_async.core.asyncio_connection import AsyncioConnection, attach, connect
from wikipayam_async.core.connecting import connection_fault
from wikipayam_async.core.fault import ExchangeFault, ExchangeFaultKind
from wikipayam_async.core.http1 import AnswerReader, encode_request
from wikipayam_async.core.progress import LATE_READ, LATE_READS, LONGEST_LATE_READ, AttemptProgress, no_answer_fault
from wikipayam_async.core.protocol import Answer, Outgoing
from wikipayam_async.core.wire import readable_check
from wikipayam_async.outcomes import Phase

__all__ = ["AsyncioLane"]


class AsyncioLane:
    """One connection.

    Attributes:
        idle_since: The time when the last exchange ended.
        clean: Whether the last exchange ended in a state that allows another.
    """

    __slots__ = ("_connection", "_is_readable", "_reader", "clean", "idle_since")

    def __init__(self, connection: AsyncioConnection) -> None:
        self._connection = connection
        self._is_readable = readable_check(connection.transport.get_extra_info("socket"))
        self._reader = AnswerReader()
        self.clean = True
        self.idle_since = 0.0

    @classmethod
    async def open(cls, host: str, port: int, tls: ssl.SSLContext | None) -> Self:
        """Open a connection, with TLS if a context is given.

        Raises:
            ExchangeFault: The connection failed.
        """
        try:
            connection = await attach(await connect(host, port))
            if tls is not None:
                await connection.start_tls(tls, host)
            return cls(connection)
        except (OSError, EOFError, UnicodeError) as error:
            fault = connection_fault(error, host, port)
        raise fault

    def is_usable(self, now: float, idle_expiry: float) -> bool:
        """Return whether another exchange may start: not expired, still open, and no unread bytes."""
        is_open = self.clean and not self._connection.has_ended
        return is_open and now - self.idle_since <= idle_expiry and not self._is_readable()

    async def exchange(self, outgoing: Outgoing, progress: AttemptProgress) -> Answer:
        """Send one request and read its answer by `progress.deadline`.

        Raises:
            ExchangeFault: The exchange failed; `handed_over` says whether the gateway may have the whole request.
        """
        self.clean = False
        connection, reader = self._connection, self._reader
        request = encode_request(outgoing)
        reader.begin(outgoing.max_answer_bytes, head_only=outgoing.method == "HEAD")
        if not progress.may_leave(connection.loop.time()):
            await progress.check_deadline()
        progress.hand_over()  # from the check to the write, no other task can run
        connection.exchange = exchange = _Exchange(connection, reader, progress)
        try:
            is_open = connection.write(request)
            if connection.is_paused:
                await exchange.wait()
            exchange.check_sent(is_open=is_open)
            await exchange.wait()
            exchange.check_answer()
        finally:
            connection.exchange = None
        answer = reader.answer()
        progress.phase = Phase.ANSWERED
        self.clean = reader.is_reusable and not connection.has_ended
        return answer

    async def aclose(self) -> None:
        """Close the connection at once."""
        self.clean = False
        self._reader.close()
        self._connection.abort()
        await asyncio.sleep(0)  # the transport closes its socket in the next turn of the event loop

    def __del__(self) -> None:
        """Close a connection that was left open: the event loop, which reads it, would keep it."""
        connection = self._connection
        if not connection.is_closed and not connection.loop.is_closed():
            warnings.warn(f"unclosed {self!r}", ResourceWarning, source=self, stacklevel=2)
            with suppress(RuntimeError):  # another thread has closed the loop meanwhile
                connection.loop.call_soon_threadsafe(connection.abort)


class _Exchange:
    """One request on a connection, and what arrives after it began to leave."""

    __slots__ = (
        "_connection", "_deadline", "_expired", "_fault", "_has_received", "_is_sent", "_late_end", "_looks", "_progress",
        "_reader", "_waiter",
    )  # fmt: skip

    def __init__(self, connection: AsyncioConnection, reader: AnswerReader, progress: AttemptProgress) -> None:
        self._connection = connection
        self._reader = reader
        self._progress = progress
        self._deadline = progress.deadline
        self._waiter: asyncio.Future[None] | None = None
        self._fault: ExchangeFault | None = None
        self._expired = False
        self._has_received = False
        self._is_sent = False
        self._looks = 0
        self._late_end = 0.0

    def check_sent(self, *, is_open: bool) -> None:
        """Check that the socket has taken all of the request. From here on, an answer counts.

        Args:
            is_open: Whether the connection was open for all that was written.

        Raises:
            ExchangeFault: It has not: the time-out has passed, or the connection broke.
        """
        connection = self._connection
        if self._expired and connection.is_paused:
            raise no_answer_fault()
        if connection.is_paused or not is_open:
            # Bytes were left when the connection broke, so the gateway cannot have the whole request.
            raise ExchangeFault(ExchangeFaultKind.DISCONNECTED, "the connection broke while sending", handed_over=False)
        self._is_sent = True
        connection.is_sending = False
        self._progress.phase = Phase.READING if self._has_received else Phase.SENT
        if connection.has_ended:
            self.end()

    def check_answer(self) -> None:
        """Check that the reader has the answer.

        Raises:
            ExchangeFault: It has none: the time-out has passed, the connection broke, or the answer cannot be read.
        """
        if self._fault is not None:
            raise self._fault
        if not self._reader.is_over:
            raise no_answer_fault()

    @property
    def _is_over(self) -> bool:
        if self._expired:
            return True
        if self._is_sent:
            return self._reader.is_over or self._fault is not None
        return not self._connection.is_paused or self._connection.is_closed

    async def wait(self) -> None:
        """Wait until the request has left, and if it has, until the answer is there; or until neither can be.

        A cancellation of a send is deferred, and a shield keeps anyio's from coming again.
        """
        if self._is_over:
            return
        self._connection.watch(self._deadline)
        try:
            await self._woken()
            while not self._is_over:
                await self._woken()
        except asyncio.CancelledError as cancellation:
            if not self._progress.defer(cancellation):
                raise
            with anyio.CancelScope(shield=True):
                await self._wait_shielded()

    async def _wait_shielded(self) -> None:
        while not self._is_over:
            try:
                await self._woken()
            except asyncio.CancelledError as cancellation:  # from outside anyio: no scope shields from it
                self._progress.defer(cancellation)

    def _woken(self) -> asyncio.Future[None]:
        """Return what `wake` ends."""
        self._waiter = waiter = self._connection.loop.create_future()
        return waiter

    def wake(self) -> None:
        """Look again at what is waited for."""
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def receive(self, data: bytes) -> None:
        """Read received bytes. Those that come while the request still leaves count once it has left."""
        self._has_received = True
        if self._is_sent:
            self._progress.phase = Phase.READING
        if self._looks:
            self._looks = LATE_READS
            self._deadline = self._late_end
        if self._fault is None:
            try:
                self._reader.feed(data)
            except ExchangeFault as fault:
                self._fault = fault
        if self._reader.is_over or self._fault is not None:
            self.wake()

    def end(self) -> None:
        """Handle the end of the connection, which may complete an answer."""
        if self._is_sent and self._fault is None and not self._reader.is_over:
            self._fault = self._end_fault()
        self.wake()

    def _end_fault(self) -> ExchangeFault | None:
        if self._connection.end_error is not None:
            return ExchangeFault(ExchangeFaultKind.DISCONNECTED, "the connection was reset", handed_over=True)
        try:
            self._reader.end()
        except ExchangeFault as fault:
            return fault
        return None

    def look_at(self, now: float) -> float | None:
        """Return when to look at the time again; None if the time-out has passed.

        After another task blocked the event loop, the answer may arrive now, and counts: see `AttemptProgress.read_late`.
        """
        if now < self._deadline:
            return self._deadline
        if self._is_sent and self._looks < LATE_READS:
            self._late_end = self._late_end or now + LONGEST_LATE_READ
            self._looks += 1
            self._deadline = now + LATE_READ
            return self._deadline
        self._expired = True
        self.wake()
        return None
