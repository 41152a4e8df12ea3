"""Where the messages of a bulk send come from: any iterable, numbered, checked and put together into chunks."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice, repeat
from typing import TYPE_CHECKING, TypeAlias

from attrs import field, frozen

from wikipayam_async.bulk.chunker import Chunk, chunks_of
from wikipayam_async.bulk.results import SendResult
from wikipayam_async.errors import InvalidInputError, WikipayamError
from wikipayam_async.messages.models import SmsMessage
from wikipayam_async.messages.payload import SmsPayload
from wikipayam_async.outcomes import SendStatus
from wikipayam_async.redact.masks import shape_of

if TYPE_CHECKING:
    from wikipayam_async.bulk.screening import Screen

__all__ = ["Messages", "Prepare", "SourceChunk", "Source"]

Messages: TypeAlias = Iterable[SmsMessage] | AsyncIterable[SmsMessage]
Prepare: TypeAlias = Callable[[Sequence[SmsMessage]], tuple[Sequence[SmsPayload], dict[int, Exception]]]


@frozen
class SourceChunk:
    """What was taken from the source at once.

    Attributes:
        number: Counted from 0, in the order of the input.
        chunk: The messages to send; None if there are none.
        settled: The results of those that are not to be sent.
    """

    number: int
    chunk: Chunk | None
    settled: list[SendResult] = field(repr=False)


class Source:
    """Takes messages from an iterable, a chunk at a time. Not to be used by two tasks at once.

    Args:
        messages: The iterable, plain or async; it may be endless.
        prepare: Checks some messages, and makes the payloads of the good ones.
        batch_size: The most messages of a chunk.
        screen: Holds back what is not to be sent; None holds back nothing.
    """

    def __init__(self, messages: Messages, prepare: Prepare, batch_size: int, screen: Screen | None = None) -> None:
        self._plain: Iterator[SmsMessage] = iter(())
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
        self._raw: list[SmsMessage] = []
        self._good = _Gathered()
        self._chunks: deque[Chunk] = deque()
        self._settled: list[SendResult] = []
        self._index = 0
        self._pulls = 0
        self._ended = False
        self.stopped_by: WikipayamError | None = None

    async def pull(self) -> SourceChunk | None:
        """Take the next messages; None at the end.

        Raises:
            Exception: Whatever the iterable raises. What it gave before is in `remains`.
        """
        while not self._chunks and not self._ended:
            try:
                await self._take(self._batch_size - len(self._good.indexes))
            except Exception:
                await self._check()
                raise
            await self._check()
            if len(self._good.indexes) >= self._batch_size:
                self._chunks.extend(self._good.chunks())
            elif len(self._settled) >= self._batch_size:
                break  # what came before them goes along: results leave in the order of the input
        return self.remains()

    async def _take(self, most: int) -> None:
        """Take so many messages as they come. What was taken before the iterable raises is not lost."""
        asynchronous, raw = self._asynchronous, self._raw
        try:
            if asynchronous is None:
                for message in islice(self._plain, most):
                    raw.append(message)  # `extend` promises nothing of what came before an exception
            else:
                while len(raw) < most:
                    raw.append(await anext(asynchronous))
        except StopAsyncIteration:
            pass
        except BaseException:
            self._ended = True
            raise
        self._ended = len(raw) < most

    async def _check(self) -> None:
        """Settle what is not to be sent of the messages that were taken, and gather the others."""
        if self.stopped_by is not None:
            self._leave(self.stopped_by)
            return
        payloads, refused = self._prepared()
        if self._screen is not None:
            payloads = await self._hold_back(self._screen, payloads, refused)
        self._sort(payloads, refused)

    def _prepared(self) -> tuple[Sequence[SmsPayload], dict[int, Exception]]:
        try:
            return self._prepare(self._raw)
        except BaseException:  # Ctrl-C, which may come at any line
            self._leave(None)
            raise

    def _sort(self, payloads: Sequence[SmsPayload], refused: Mapping[int, Exception]) -> None:
        messages = self._raw
        indexes = self._number()
        if not refused:
            self._good.add(indexes, messages, payloads)
            return
        left = [place for place in range(len(messages)) if place not in refused]
        self._good.add([indexes[place] for place in left], [messages[place] for place in left], payloads)
        for place in sorted(refused):
            self._settled.append(_refusal(indexes[place], messages[place], refused[place]))

    async def _hold_back(
        self, screen: Screen, payloads: Sequence[SmsPayload], refused: dict[int, Exception]
    ) -> Sequence[SmsPayload]:
        """Refuse what is to be held back; return what may be sent."""
        sent: list[SmsPayload] = []
        places = [place for place in range(len(self._raw)) if place not in refused]
        for place, payload in zip(places, payloads, strict=True):
            verdict = screen.check(payload.receiver, payload.text)
            if isinstance(verdict, Awaitable):
                verdict = await verdict
            if verdict is None:
                sent.append(payload)
            else:
                refused[place] = verdict
        return sent

    def _number(self) -> range:
        """Give the messages that were taken their places in the input."""
        indexes = range(self._index, self._index + len(self._raw))
        self._index = indexes.stop
        self._raw = []
        return indexes

    def _leave(self, error: WikipayamError | None) -> None:
        """Settle the messages that were taken as not attempted."""
        messages = self._raw
        for index, message in zip(self._number(), messages, strict=True):
            self._settled.append(SendResult(index, message, SendStatus.NOT_ATTEMPTED, error=error))

    def remains(self) -> SourceChunk | None:
        """Return what was taken and not handed out yet; None if there is nothing."""
        if self._raw and self._screen is None:
            self._sort(*self._prepared())
        self._leave(None)  # a screen that was cut off cannot be asked again
        if not self._chunks:
            self._chunks.extend(self._good.chunks())
        if not self._chunks and not self._settled:
            return None
        number, self._pulls = self._pulls, self._pulls + 1
        chunk = self._chunks.popleft() if self._chunks else None
        settled, self._settled = self._settled, []
        if self._chunks and settled:  # results leave in the order of the input
            following = self._chunks[0].indexes[0]
            self._settled = [result for result in settled if result.index > following]
            settled = [result for result in settled if result.index < following]
        return SourceChunk(number, chunk, settled)

    async def aclose(self) -> None:
        """Close an async generator that was not read to its end."""
        close = getattr(self._asynchronous, "aclose", None)
        if close is not None:
            await close()


class _Gathered:
    """Messages that are to be sent, and do not fill a request yet."""

    __slots__ = ("indexes", "messages", "payloads")

    def __init__(self) -> None:
        self.indexes: Sequence[int] = ()
        self.messages: Sequence[SmsMessage] = ()
        self.payloads: Sequence[SmsPayload] = ()

    def add(self, indexes: Sequence[int], messages: Sequence[SmsMessage], payloads: Sequence[SmsPayload]) -> None:
        if self.indexes:
            self.indexes = [*self.indexes, *indexes]
            self.messages = [*self.messages, *messages]
            self.payloads = [*self.payloads, *payloads]
        else:
            self.indexes, self.messages, self.payloads = indexes, messages, payloads

    def chunks(self) -> list[Chunk]:
        """Give everything away."""
        made = chunks_of(self.indexes, self.messages, self.payloads)
        self.indexes, self.messages, self.payloads = (), (), ()
        return made


def _refusal(index: int, message: SmsMessage, error: Exception) -> SendResult:
    if isinstance(error, InvalidInputError):
        return SendResult(index, message, SendStatus.REJECTED, error=error.within(f"messages[{index}]."))
    if isinstance(error, WikipayamError):
        return SendResult(index, message, SendStatus.REJECTED, error=error)
    rule = f"expected a message that can be read; reading it raised {type(error).__name__}"
    named = InvalidInputError(f"messages[{index}]", rule=rule, got=shape_of(message))
    return SendResult(index, message, SendStatus.REJECTED, error=named)
