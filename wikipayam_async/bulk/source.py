"""Where the messages of a bulk send come from: any iterable, numbered, checked and put together into chunks."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator
from typing import TypeAlias

from attrs import field, frozen

from wikipayam_async.bulk.chunker import Chunk, Chunker, Item
from wikipayam_async.bulk.results import SendResult
from wikipayam_async.core.events import SendStatus
from wikipayam_async.core.redact import shape_of
from wikipayam_async.errors import ConfigurationError, InvalidInputError, WikipayamError
from wikipayam_async.messages import Prepared, SmsMessage

__all__ = ["Messages", "Pull", "Source"]

Messages: TypeAlias = Iterable[SmsMessage] | AsyncIterable[SmsMessage]


@frozen
class Pull:
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
        prepare: Checks and encodes one message.
        batch_size: The most messages of a chunk.
    """

    def __init__(
        self, messages: Messages, prepare: Callable[[SmsMessage], Prepared[SmsMessage]], batch_size: int
    ) -> None:
        self._plain: Iterator[SmsMessage] = iter(())
        self._asynchronous: AsyncIterator[SmsMessage] | None = None
        if isinstance(messages, AsyncIterable):
            self._asynchronous = aiter(messages)
        elif isinstance(messages, Iterable) and not isinstance(messages, str | bytes):
            self._plain = iter(messages)
        else:
            raise InvalidInputError("messages", rule="expected an iterable of SmsMessage", got=shape_of(messages))
        self._prepare = prepare
        self._batch_size = batch_size
        self._chunker = Chunker(batch_size)
        self._settled: list[SendResult] = []
        self._index = 0
        self._pulls = 0
        self._ended = False
        self.stopped_by: WikipayamError | None = None

    async def pull(self) -> Pull | None:
        """Take the next messages; None at the end.

        Raises:
            Exception: Whatever the iterable raises. What it gave before is in `remains`.
        """
        plain, asynchronous = self._plain, self._asynchronous
        while not self._ended:
            try:
                message = next(plain) if asynchronous is None else await anext(asynchronous)
            except (StopIteration, StopAsyncIteration):
                self._ended = True
                break
            except BaseException:
                self._ended = True
                raise
            chunk = self._take(message)
            if chunk is not None:
                return self._bundle(chunk)
            if len(self._settled) >= self._batch_size:
                return self.remains()  # what came before them goes along: results leave in the order of the input
        return self.remains()

    def _take(self, message: SmsMessage) -> Chunk | None:
        index = self._index
        self._index += 1
        if self.stopped_by is not None:
            self._settled.append(SendResult(index, message, SendStatus.NOT_ATTEMPTED, error=self.stopped_by))
            return None
        try:
            prepared = self._prepare(message)
        except InvalidInputError as error:
            named = error.within(f"messages[{index}].")
            self._settled.append(SendResult(index, message, SendStatus.REJECTED, error=named))
            return None
        except ConfigurationError as error:
            self._settled.append(SendResult(index, message, SendStatus.REJECTED, error=error))
            return None
        except Exception as error:  # noqa: BLE001 - whatever a message's own code raises, it costs that message alone
            rule = f"expected a message that can be read; reading it raised {type(error).__name__}"
            named = InvalidInputError(f"messages[{index}]", rule=rule, got=shape_of(message))
            self._settled.append(SendResult(index, message, SendStatus.REJECTED, error=named))
            return None
        return self._chunker.add(Item(index, prepared))

    def _bundle(self, chunk: Chunk | None) -> Pull:
        settled, self._settled = self._settled, []
        number = self._pulls
        self._pulls += 1
        return Pull(number, chunk, settled)

    def remains(self) -> Pull | None:
        """Return what was taken and not handed out yet; None if there is nothing."""
        chunk = self._chunker.flush()
        return self._bundle(chunk) if chunk is not None or self._settled else None

    async def aclose(self) -> None:
        """Close an async generator that was not read to its end."""
        close = getattr(self._asynchronous, "aclose", None)
        if close is not None:
            await close()
