"""Planning a campaign: reads the messages once, checks them, divides them into chunks and stores them."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Awaitable,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
    Sized,
)
from contextlib import aclosing
from hashlib import blake2b
from itertools import islice, repeat
from typing import Any

from attrs import evolve, field, frozen

from wikipayam_async.bulk.chunker import MAX_BODY_BYTES
from wikipayam_async.bulk.screening import Dedupe, OptOut, Screen
from wikipayam_async.campaigns.causes import cause_of
from wikipayam_async.campaigns.errors import PlanChangedError
from wikipayam_async.campaigns.journal import ChunkRow, Journal, MessageRow, PlanBlock, StoredOutcome
from wikipayam_async.campaigns.models import CampaignMessage, CampaignMessages, OnPlanProgress, PlanProgress
from wikipayam_async.core.converter import encode_json
from wikipayam_async.errors import ConfigurationError, InvalidInputError, WikipayamError
from wikipayam_async.messages.models import SmsMessage
from wikipayam_async.messages.payload import SmsPayload, prepare_some
from wikipayam_async.messages.track_ids import TrackIds
from wikipayam_async.outcomes import SendStatus
from wikipayam_async.redact.masks import shape_of

__all__ = ["BLOCK", "PlanOptions", "Planned", "compare_plan", "make_plan"]

BLOCK = 1000
"""Messages that are read, checked and hashed together."""

_BLOCKS_PER_COMMIT = 10
_OVERHEAD_BYTES = 500
_BYTES_PER_CHARACTER = 6
_COMPARED = (("receiver", 2), ("message", 3), ("sender", 4), ("row", 6), ("columns", 7))
"""The fields of a `MessageRow` that do not change after planning."""


@frozen(kw_only=True)
class PlanOptions:
    """The options that are part of a plan.

    Attributes:
        batch_size: The maximum number of messages per request.
        line: The line of messages that name none.
        dedupe: What makes a message a duplicate.
        normalize: Store mobile numbers in the form `09…`.
        validate: Hold back receivers that are not Iranian mobiles.
    """

    batch_size: int
    line: str | None
    dedupe: Dedupe | None = None
    normalize: bool = True
    validate: bool = True


@frozen
class Planned:
    """What a plan came to.

    Attributes:
        total: The number of messages.
        chunks: The number of chunks.
        held_back: The number of messages that are held back, by reason.
        columns: The names of the callers' columns, in the order of their first appearance.
        fingerprint: The digest of all messages.
    """

    total: int
    chunks: int
    held_back: Mapping[str, int] = field(hash=False)
    columns: Sequence[str]
    fingerprint: str


@frozen
class _Block:
    """Some messages as they were passed, with what stands beside them."""

    messages: list[SmsMessage] = field(repr=False)
    rows: list[int | None] | None
    columns: list[Mapping[str, str]] | None = field(repr=False)

    def __len__(self) -> int:
        return len(self.messages)


async def make_plan(
    journal: Journal,
    messages: CampaignMessages,
    options: PlanOptions,
    *,
    opt_out: OptOut | None = None,
    on_progress: OnPlanProgress | None = None,
) -> Planned:
    """Store a plan, all but its facts.

    Args:
        journal: The journal, locked, with a begun plan.
        messages: The messages.
        options: The options.
        opt_out: The receivers that opted out.
        on_progress: Called while messages are read.

    Raises:
        ConfigurationError: A message names no line, and there is no other.
        InvalidInputError: `messages`, `dedupe` or `opt_out` is invalid.
    """
    screen = None if options.dedupe is None and opt_out is None else Screen(dedupe=options.dedupe, opt_out=opt_out)
    planner = _Planner(options, screen)
    total = len(messages) if isinstance(messages, Sized) else None
    planned: list[PlanBlock] = []

    async def store() -> None:
        await journal.add(planned)
        planned.clear()
        if on_progress is not None:
            on_progress(PlanProgress(planner.total, total))

    async with aclosing(_blocks(messages)) as blocks:
        async for block in blocks:
            if len(planned) == _BLOCKS_PER_COMMIT:
                await store()
            planned.append(await planner.add(block))
    if planned:
        planned[-1] = evolve(planned[-1], chunks=[*planned[-1].chunks, *planner.last_chunk()])
        await store()
    return planner.planned()


async def compare_plan(journal: Journal, messages: CampaignMessages, options: PlanOptions, total: int) -> None:
    """Compare messages with those of the plan.

    Args:
        journal: The journal, with a finished plan.
        messages: The messages.
        options: The options of the plan.
        total: The number of messages of the plan.

    Raises:
        PlanChangedError: They differ.
    """
    reader = _Planner(options, None)
    count = 0
    async with aclosing(_blocks(messages)) as blocks:
        async for block in blocks:
            known = await journal.read_digests(count // BLOCK, 1)
            if not known or known[0] != reader.digest(block):
                raise _changed(*await _difference(journal, reader, block, count, total))
            count += len(block)
    if count != total:
        raise _changed(f"{total:,} messages in the plan, {count:,} now")


async def _difference(
    journal: Journal, reader: _Planner, block: _Block, first: int, total: int
) -> tuple[str, Sequence[str]]:
    """Return how a block differs from the plan, and the fields; it does not raise, since its locals hold numbers."""
    rows = await journal.read_rows(first, BLOCK)
    for position, (row, new) in enumerate(zip(rows, reader.rows_of(block), strict=False)):
        fields = [f"messages[{first + position}].{name}" for name, at in _COMPARED if row[at] != new[at]]
        if fields:
            return f"{', '.join(fields)}: another value than in the plan", fields
    if len(rows) < len(block):
        return f"{total:,} messages in the plan, more now", ()
    if len(rows) > len(block):
        return f"{total:,} messages in the plan, {first + len(block):,} now", ()
    return f"track_id: another one than in the plan in messages[{first}] to messages[{first + len(block) - 1}]", ()


def _changed(difference: str, differences: Sequence[str] = ()) -> PlanChangedError:
    return PlanChangedError(
        f"the campaign was planned with other messages: {difference}; nothing was sent. A plan never changes: pass the "
        "same messages, or plan another campaign",
        differences=differences or (difference,),
    )


async def _blocks(messages: CampaignMessages) -> AsyncGenerator[_Block]:
    """Yield the messages in blocks, all of the same size but the last."""
    if isinstance(messages, AsyncIterable):
        asynchronous = aiter(messages)
        try:
            while some := await _take(asynchronous):
                yield _block_of(some)
        finally:
            close = getattr(asynchronous, "aclose", None)
            if close is not None:
                await close()
        return
    if not isinstance(messages, Iterable) or isinstance(messages, str | bytes):
        raise InvalidInputError("messages", rule="expected an iterable of SmsMessage", got=shape_of(messages))
    plain: Iterator[SmsMessage | CampaignMessage] = iter(messages)
    while some := list(islice(plain, BLOCK)):
        yield _block_of(some)


async def _take(messages: AsyncIterator[SmsMessage | CampaignMessage]) -> list[SmsMessage | CampaignMessage]:
    some: list[SmsMessage | CampaignMessage] = []
    while len(some) < BLOCK:
        try:
            some.append(await anext(messages))
        except StopAsyncIteration:
            break
    return some


def _block_of(some: Sequence[Any]) -> _Block:
    if CampaignMessage not in set(map(type, some)):
        return _Block(list(some), None, None)
    full = [one if isinstance(one, CampaignMessage) else CampaignMessage(one) for one in some]
    return _Block([one.message for one in full], [one.row for one in full], [one.columns for one in full])


@frozen
class _Checked:
    """A block whose messages were checked.

    Attributes:
        block: The block.
        payloads: The payload of each message; None of an invalid one.
        refused: Why messages are held back, by position.
    """

    block: _Block
    payloads: Sequence[SmsPayload | None] = field(repr=False)
    refused: dict[int, Exception] = field(repr=False)


class _Planner:
    """Turns blocks of messages into blocks of the plan."""

    def __init__(self, options: PlanOptions, screen: Screen | None) -> None:
        self._line = options.line
        self._screen = screen
        self._prepare = functools.partial(
            prepare_some,
            sender=options.line,
            track_ids=TrackIds(),
            normalize=options.normalize,
            validate=options.validate,
        )
        self._chunks = _Chunks(options.batch_size)
        self._fingerprint = blake2b(digest_size=16)
        self._held: Counter[str] = Counter()
        self._columns: dict[str, None] = {}
        self.total = 0

    async def add(self, block: _Block) -> PlanBlock:
        """Check a block, hold messages back, and divide the others into chunks."""
        checked = self._check(block)
        digest = _digest_of(checked)
        self._fingerprint.update(digest)
        if self._screen is not None:
            await _apply(self._screen, checked)
        first, self.total = self.total, self.total + len(block)
        rows, chunks = self._rows(checked, first)
        held = [self._hold_back(first + position, error) for position, error in sorted(checked.refused.items())]
        for columns in block.columns or ():
            self._columns.update(dict.fromkeys(map(_plain, columns)))
        return PlanBlock(digest, rows, chunks, held)

    def last_chunk(self) -> Sequence[ChunkRow]:
        """Return the last chunk, if it is not full."""
        return self._chunks.finish()

    def planned(self) -> Planned:
        """Return what the plan came to."""
        return Planned(
            self.total, self._chunks.count, dict(self._held), list(self._columns), self._fingerprint.hexdigest()
        )

    def rows_of(self, block: _Block) -> Sequence[MessageRow]:
        """Return a block as the rows of a plan without chunks."""
        return self._rows(self._check(block), 0)[0]

    def digest(self, block: _Block) -> bytes:
        """Return the digest of a block."""
        return _digest_of(self._check(block))

    def _check(self, block: _Block) -> _Checked:
        payloads, refused = self._prepare(block.messages)
        if not refused:
            return _Checked(block, payloads, refused)
        for error in refused.values():
            if isinstance(error, ConfigurationError):
                raise error
        valid = iter(payloads)
        return _Checked(block, [None if at in refused else next(valid) for at in range(len(block))], refused)

    def _rows(self, checked: _Checked, first: int) -> tuple[Sequence[MessageRow], Sequence[ChunkRow]]:
        """Return the rows of a block by index, and the chunks that end in it."""
        block, refused = checked.block, checked.refused
        sent = [
            (at, payload) for at, payload in enumerate(checked.payloads) if payload is not None and at not in refused
        ]
        payloads = [payload for _, payload in sent]
        indexes = [first + at for at, _ in sent]
        numbers, chunks = self._chunks.assign(indexes, payloads)
        line = self._line
        numbered: Iterable[int | None] = repeat(None)
        columns: Iterable[str | None] = repeat(None)
        if block.rows is not None and block.columns is not None:
            own_rows, own_columns = block.rows, block.columns
            numbered = [own_rows[at] for at, _ in sent]
            columns = [_column_json(own_columns[at]) for at, _ in sent]
        rows: list[MessageRow] = list(
            zip(  # noqa: B905 - `repeat` has no end
                indexes,
                numbers,
                [payload.receiver for payload in payloads],
                [payload.text for payload in payloads],
                [None if payload.sender == line else payload.sender for payload in payloads],
                [payload.track_id for payload in payloads],
                numbered,
                columns,
            )
        )
        if refused:
            rows += [_held_row(checked, first, at) for at in refused]
            rows.sort()
        return rows, chunks

    def _hold_back(self, index: int, error: Exception) -> StoredOutcome:
        if isinstance(error, WikipayamError):
            reason, text = cause_of(error), str(error)
        else:
            reason, text = "invalid", f"the message cannot be read; reading it raised {type(error).__name__}"
        self._held[reason] += 1
        return StoredOutcome(index, None, SendStatus.REJECTED, None, reason, text)


def _digest_of(checked: _Checked) -> bytes:
    """Return the digest of what was passed: two spellings of a number are one, generated track ids are none."""
    block = checked.block
    content = [
        *zip(*map(_identity, block.messages, checked.payloads), strict=True),
        block.rows,
        None if block.columns is None else list(map(_column_json, block.columns)),
    ]
    return blake2b(encode_json(content), digest_size=16).digest()


def _identity(message: SmsMessage, payload: SmsPayload | None) -> tuple[str | None, ...]:
    """Return what makes a message this message."""
    if payload is None:
        text = _text_of(message, "message") or _text_of(message, "note")
        return _text_of(message, "receiver"), text, _text_of(message, "sender"), _text_of(message, "track_id")
    line = None if message.sender is None else payload.sender
    return payload.receiver, payload.text, line, None if message.track_id is None else payload.track_id


async def _apply(screen: Screen, checked: _Checked) -> None:
    """Add the messages that a screen holds back to those that are refused."""
    for at, payload in enumerate(checked.payloads):
        if payload is not None:
            verdict = screen.check(payload.receiver, payload.text)
            if isinstance(verdict, Awaitable):
                verdict = await verdict
            if verdict is not None:
                checked.refused[at] = verdict


class _Chunks:
    """Numbers the chunks: consecutive messages, at most `batch_size`, in a body that web servers accept."""

    def __init__(self, batch_size: int) -> None:
        self._size = batch_size
        self._largest = MAX_BODY_BYTES // batch_size
        self._open: list[int] = []
        self._bytes = 0
        self.count = 0

    def assign(self, indexes: Sequence[int], payloads: Sequence[SmsPayload]) -> tuple[list[int], list[ChunkRow]]:
        """Return the number of each message's chunk, and the chunks that are complete."""
        longest = max((len(payload.text) for payload in payloads), default=0)
        if not self._bytes and longest * _BYTES_PER_CHARACTER + _OVERHEAD_BYTES <= self._largest:
            return self._assign_short(indexes)
        numbers: list[int] = []
        complete: list[ChunkRow] = []
        self._bytes = self._bytes or len(self._open) * self._largest
        for index, payload in zip(indexes, payloads, strict=True):
            size = len(encode_json(payload)) + 1
            if self._open and (len(self._open) == self._size or self._bytes + size > MAX_BODY_BYTES):
                complete.append(self._close())
            self._open.append(index)
            self._bytes += size
            numbers.append(self.count)
        return numbers, complete

    def _assign_short(self, indexes: Sequence[int]) -> tuple[list[int], list[ChunkRow]]:
        """Do the same for messages so short that no chunk of them is too large."""
        numbers: list[int] = []
        complete: list[ChunkRow] = []
        start = 0
        while start < len(indexes):
            taken = indexes[start : start + self._size - len(self._open)]
            self._open += taken
            numbers += [self.count] * len(taken)
            start += len(taken)
            if len(self._open) == self._size:
                complete.append(self._close())
        return numbers, complete

    def finish(self) -> list[ChunkRow]:
        """Return the last chunk, if there is one."""
        return [self._close()] if self._open else []

    def _close(self) -> ChunkRow:
        row = (self.count, self._open[0], self._open[-1], len(self._open))
        self.count += 1
        self._open = []
        self._bytes = 0
        return row


def _held_row(checked: _Checked, first: int, at: int) -> MessageRow:
    block, payload = checked.block, checked.payloads[at]
    receiver, text, sender, _ = _identity(block.messages[at], payload)
    row = None if block.rows is None else block.rows[at]
    columns = None if block.columns is None else _column_json(block.columns[at])
    return (first + at, None, receiver or "", text or "", sender, None, row, columns)


def _text_of(message: object, name: str) -> str | None:
    """Return a field of a message; None if it is no text that can be stored, which its outcome says."""
    try:
        value = getattr(message, name, None)
        if not isinstance(value, str):
            return None
        value = str.__str__(value)
        value.encode()
    except Exception:  # noqa: BLE001 - code of the message itself may raise anything
        return None
    return value


def _column_json(columns: Mapping[str, str]) -> str | None:
    return encode_json({_plain(name): _plain(value) for name, value in columns.items()}).decode() if columns else None


def _plain(value: object) -> str:
    """Return a value of a file as a text that can be stored: what is no Unicode becomes a question mark."""
    return str(value).encode("utf-8", "replace").decode()
