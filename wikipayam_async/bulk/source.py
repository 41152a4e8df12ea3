"""The messages of a bulk send: read from any iterable, numbered, checked and divided into chunks."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice, repeat
from typing import TYPE_CHECKING, Protocol, TypeAlias, runtime_checkable

from wikipayam_async.bulk.chunker import Chunk, chunks_of
from wikipayam_async.bulk.columns import GrowingResults
from wikipayam_async.bulk.results import SendResult
from wikipayam_async.errors import InvalidInputError, WikipayamError
from wikipayam_async.messages.columns import joined, picked
from wikipayam_async.messages.models import SmsMessage
from wikipayam_async.messages.payload import SmsPayload
from wikipayam_async.outcomes import SendStatus
from wikipayam_async.redact.masks import shape_of
from wikipayam_async.structs import Model

if TYPE_CHECKING:
    from wikipayam_async.bulk.screening import Screen

__all__ = ["ChunkSource", "Messages", "Prepare", "Source", "SourceChunk"]

Messages: TypeAlias = Iterable[SmsMessage] | AsyncIterable[SmsMessage]
"""Any iterable of messages, plain or async."""

Prepare: TypeAlias = Callable[[Sequence[SmsMessage]], tuple[Sequence[SmsPayload], dict[int, Exception]]]


class SourceChunk(Model, frozen=True):
    """One chunk of the source.

    Attributes:
        number: The number of the chunk, counted from 0 in the order of the input.
        chunk: The messages to send; None if there are none.
        results: The results of the messages that are not sent.
    """

    number: int
    chunk: Chunk | None
    results: GrowingResults
    _hidden = frozenset({"results"})


@runtime_checkable
class ChunkSource(Protocol):
    """Where a run gets its chunks from. Only one task at a time uses it."""

    async def pull(self, stopped_by: WikipayamError | None = None) -> SourceChunk | None:
        """Return the next chunk; None at the end.

        Args:
            stopped_by: The error that stopped the run; nothing is sent any more.
        """
        ...

    def remains(self) -> SourceChunk | None:
        """Return the next chunk that was read but not returned yet; None if no chunk is left."""
        ...

    async def aclose(self) -> None:
        """Close the source."""
        ...


class Source:
    """Reads messages from an iterable, a chunk at a time. Only one task may use it at a time.

    Args:
        messages: The iterable, plain or async; it may be endless.
        prepare: Checks messages; returns the payloads of the valid ones, and the errors of the others by position.
        batch_size: The maximum number of messages per chunk.
        screen: Decides which messages are held back; None holds back none.

    Raises:
        InvalidInputError: `messages` is not an iterable of messages.
    """

    def __init__(self, messages: Messages, prepare: Prepare, batch_size: int, screen: Screen | None = None) -> None:
        self._plain: Iterator[SmsMessage] = iter(())
        self._may_raise = type(messages) not in {list, tuple}
        self._asynchronous: AsyncIterator[SmsMessage] | None = None
        if isinstance(messages, AsyncIterable):
            self._asynchronous = aiter(messages)
        elif isinstance(messages, Iterable) and not isinstance(messages, str | bytes):
            plain = iter(messages)
            self._plain = plain if isinstance(plain, Iterable) else map(next, repeat(plain))
        else:
            raise InvalidInputError("messages", rule="expected an iterable of SmsMessage", got=shape_of(messages))
        self._prepare = prepare
        self._screen = screen
        self._batch_size = batch_size
        self._unchecked: list[SmsMessage] = []
        self._valid = _PartialChunk()
        self._chunks: deque[Chunk] = deque()
        self._results: list[SendResult] = []
        self._index = 0
        self._pulls = 0
        self._ended = False

    async def pull(self, stopped_by: WikipayamError | None = None) -> SourceChunk | None:
        """Return the next chunk; None at the end.

        Args:
            stopped_by: The error that stopped the run; the messages are then not checked and not attempted.

        Raises:
            Exception: The iterable raised it. The messages that it returned before are in `remains`.
        """
        while not self._chunks and not self._ended:
            try:
                await self._read(self._batch_size - len(self._valid.indexes))
            except Exception:
                await self._check(stopped_by)
                raise
            await self._check(stopped_by)
            if len(self._valid.indexes) >= self._batch_size:
                self._chunks.extend(self._valid.take_chunks())
            elif len(self._results) >= self._batch_size:
                break  # the valid messages before them go along, to keep the order of the input
        return self.remains()

    async def _read(self, count: int) -> None:
        """Read `count` messages. Those that were read before the iterable raises are kept."""
        try:
            await self._take(count)
        except StopAsyncIteration:
            pass
        except BaseException:
            self._ended = True
            raise
        self._ended = len(self._unchecked) < count

    async def _take(self, count: int) -> None:
        """Read `count` messages, or those that there are."""
        unchecked = self._unchecked
        if self._asynchronous is None and not self._may_raise:
            unchecked.extend(islice(self._plain, count))
            return
        if self._asynchronous is None:
            for message in islice(self._plain, count):
                unchecked.append(message)  # `extend` may lose the messages that came before an exception
            return
        while len(unchecked) < count:
            unchecked.append(await anext(self._asynchronous))

    async def _check(self, stopped_by: WikipayamError | None) -> None:
        """Make the results of unchecked messages that are not sent, and collect the others for a chunk."""
        if stopped_by is not None:
            self._skip(stopped_by)
            return
        messages, payloads, refused = self._prepared()
        if self._screen is not None:
            payloads = await self._apply_screen(self._screen, payloads, refused)
        self._divide(messages, payloads, refused)

    def _prepared(self) -> tuple[Sequence[SmsMessage], Sequence[SmsPayload], dict[int, Exception]]:
        """Return the unchecked messages, the payloads of the valid ones, and the errors of the others by position."""
        try:
            messages = self._messages()
            return messages, *self._prepare(messages)
        except BaseException:  # Ctrl-C, which may come at any line
            self._skip(None)
            raise

    def _divide(
        self, messages: Sequence[SmsMessage], payloads: Sequence[SmsPayload], refused: Mapping[int, Exception]
    ) -> None:
        indexes = self._number()
        if not refused:
            self._valid.add(indexes, messages, payloads)
            return
        valid = [position for position in range(len(messages)) if position not in refused]
        self._valid.add([indexes[position] for position in valid], picked(messages, valid), payloads)
        for position in sorted(refused):
            self._results.append(_refusal(indexes[position], messages[position], refused[position]))

    async def _apply_screen(
        self, screen: Screen, payloads: Sequence[SmsPayload], refused: dict[int, Exception]
    ) -> Sequence[SmsPayload]:
        """Add the messages that are held back to `refused`; return the payloads of the others."""
        if screen.admits_all(payloads):
            return payloads
        sent: list[int] = []
        positions = [position for position in range(len(self._unchecked)) if position not in refused]
        for at, (position, payload) in enumerate(zip(positions, payloads, strict=True)):
            verdict = screen.check(payload.receiver, payload.text)
            if isinstance(verdict, Awaitable):
                verdict = await verdict
            if verdict is None:
                sent.append(at)
            else:
                refused[position] = verdict
        return picked(payloads, sent)

    def _growing(self, results: list[SendResult]) -> GrowingResults:
        """Return the results of a chunk in what those of its other messages are added to."""
        return results

    def _messages(self) -> Sequence[SmsMessage]:
        """Return the unchecked messages."""
        return self._unchecked

    def _number(self) -> range:
        """Return the indexes of the unchecked messages and start a new list of them."""
        indexes = range(self._index, self._index + len(self._unchecked))
        self._index = indexes.stop
        self._unchecked = []
        return indexes

    def _skip(self, error: WikipayamError | None) -> None:
        """Make the unchecked messages not attempted."""
        if not self._unchecked:
            return
        messages = self._messages()
        for index, message in zip(self._number(), messages, strict=True):
            self._results.append(SendResult(index, message, SendStatus.NOT_ATTEMPTED, error=error))

    def remains(self) -> SourceChunk | None:
        """Return the next chunk of the messages that were read and not returned yet; None if there are none."""
        if self._unchecked and self._screen is None:
            self._divide(*self._prepared())
        self._skip(None)  # a screen whose check was cancelled must not see a message twice
        if not self._chunks:
            self._chunks.extend(self._valid.take_chunks())
        if not self._chunks and not self._results:
            return None
        number, self._pulls = self._pulls, self._pulls + 1
        chunk = self._chunks.popleft() if self._chunks else None
        results, self._results = self._results, []
        if self._chunks and results:  # keep the order of the input
            following = self._chunks[0].indexes[0]
            self._results = [result for result in results if result.index > following]
            results = [result for result in results if result.index < following]
        return SourceChunk(number, chunk, self._growing(results))

    async def aclose(self) -> None:
        """Close an async iterable that can be closed."""
        close = getattr(self._asynchronous, "aclose", None)
        if close is not None:
            await close()


class _PartialChunk:
    """Valid messages that do not fill a chunk yet."""

    __slots__ = ("indexes", "messages", "payloads")

    def __init__(self) -> None:
        self.indexes: Sequence[int] = ()
        self.messages: Sequence[SmsMessage] = ()
        self.payloads: Sequence[SmsPayload] = ()

    def add(self, indexes: Sequence[int], messages: Sequence[SmsMessage], payloads: Sequence[SmsPayload]) -> None:
        if self.indexes and indexes:
            self.indexes = [*self.indexes, *indexes]
            self.messages = joined(self.messages, messages)
            self.payloads = joined(self.payloads, payloads)
        elif indexes:
            self.indexes, self.messages, self.payloads = indexes, messages, payloads

    def take_chunks(self) -> list[Chunk]:
        """Remove and return the messages as chunks."""
        chunks = chunks_of(self.indexes, self.messages, self.payloads)
        self.indexes, self.messages, self.payloads = (), (), ()
        return chunks


def _refusal(index: int, message: SmsMessage, error: Exception) -> SendResult:
    if isinstance(error, InvalidInputError):
        return SendResult(index, message, SendStatus.REJECTED, error=error.within(f"messages[{index}]."))
    if isinstance(error, WikipayamError):
        return SendResult(index, message, error.send_status or SendStatus.REJECTED, error=error)
    rule = f"expected a message that can be read; reading it raised {type(error).__name__}"
    invalid = InvalidInputError(f"messages[{index}]", rule=rule, got=shape_of(message))
    return SendResult(index, message, SendStatus.REJECTED, error=invalid)
