"""Planning a campaign: reads the messages once, checks them, divides them into chunks and stores them."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import (
    Awaitable,
    Iterable,
    Mapping,
    Sequence,
    Sized,
)
from contextlib import aclosing
from hashlib import blake2b
from itertools import repeat
from typing import Protocol

from attrs import evolve, field, frozen

from wikipayam_async.bulk.screening import Dedupe, OptOut, Screen
from wikipayam_async.campaigns.blocks import (
    BLOCK,
    Block,
    Checked,
    column_json,
    digest_of,
    identity_of,
    plain_text,
    read_blocks,
)
from wikipayam_async.campaigns.causes import cause_of
from wikipayam_async.campaigns.division import Division
from wikipayam_async.campaigns.errors import PlanChangedError
from wikipayam_async.campaigns.journal import ChunkRow, Journal, MessageRow, PlanBlock, StoredOutcome
from wikipayam_async.campaigns.models import CampaignMessages, OnPlanProgress, PlanProgress
from wikipayam_async.errors import ConfigurationError, WikipayamError
from wikipayam_async.messages.columns import ColumnReader
from wikipayam_async.messages.payload_columns import PayloadColumn, prepare_messages
from wikipayam_async.messages.track_ids import TrackIds
from wikipayam_async.outcomes import SendStatus

__all__ = ["BlockStore", "PlanOptions", "Planned", "compare_plan", "make_plan"]

_BLOCKS_PER_COMMIT = 10
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


class BlockStore(Protocol):
    """Where the blocks of a plan go: a journal, or a preview."""

    async def add(self, blocks: Sequence[PlanBlock]) -> None:
        """Take blocks."""


async def make_plan(
    journal: BlockStore,
    messages: CampaignMessages | ColumnReader,
    options: PlanOptions,
    *,
    opt_out: OptOut | None = None,
    on_progress: OnPlanProgress | None = None,
) -> Planned:
    """Store a plan, all but its facts.

    Args:
        journal: The journal, locked, with a begun plan; or another taker of blocks.
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
    given = messages.items if isinstance(messages, ColumnReader) else messages
    total = len(given) if isinstance(given, Sized) else None
    planned: list[PlanBlock] = []

    async def store() -> None:
        await journal.add(planned)
        planned.clear()
        if on_progress is not None:
            on_progress(PlanProgress(planner.total, total))

    async with aclosing(read_blocks(messages)) as blocks:
        async for block in blocks:
            if len(planned) == _BLOCKS_PER_COMMIT:
                await store()
            planned.append(await planner.add(block))
    if planned:
        planned[-1] = evolve(planned[-1], chunks=[*planned[-1].chunks, *planner.last_chunk()])
        await store()
    return planner.planned()


async def compare_plan(
    journal: Journal, messages: CampaignMessages | ColumnReader, options: PlanOptions, total: int
) -> None:
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
    async with aclosing(read_blocks(messages)) as blocks:
        async for block in blocks:
            known = await journal.read_digests(count // BLOCK, 1)
            if not known or known[0] != reader.digest(block):
                raise _changed(*await _difference(journal, reader, block, count, total))
            count += len(block)
    if count != total:
        raise _changed(f"{total:,} messages in the plan, {count:,} now")


async def _difference(
    journal: Journal, reader: _Planner, block: Block, first: int, total: int
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


class _Planner:
    """Turns blocks of messages into blocks of the plan."""

    def __init__(self, options: PlanOptions, screen: Screen | None) -> None:
        self._line = options.line
        self._screen = screen
        self._prepare = functools.partial(
            prepare_messages,
            sender=options.line,
            track_ids=TrackIds(),
            normalize=options.normalize,
            validate=options.validate,
        )
        self._chunks = Division(options.batch_size)
        self._fingerprint = blake2b(digest_size=16)
        self._held: Counter[str] = Counter()
        self._columns: dict[str, None] = {}
        self.total = 0

    async def add(self, block: Block) -> PlanBlock:
        """Check a block, hold messages back, and divide the others into chunks."""
        checked = self._check(block)
        digest = digest_of(checked)
        self._fingerprint.update(digest)
        if self._screen is not None:
            await _apply(self._screen, checked)
        first, self.total = self.total, self.total + len(block)
        rows, chunks = self._rows(checked, first)
        held = [self._hold_back(first + position, error) for position, error in sorted(checked.refused.items())]
        for columns in block.columns or ():
            self._columns.update(dict.fromkeys(map(plain_text, columns)))
        return PlanBlock(digest, rows, chunks, held)

    def last_chunk(self) -> Sequence[ChunkRow]:
        """Return the last chunk, if it is not full."""
        return self._chunks.finish()

    def planned(self) -> Planned:
        """Return what the plan came to."""
        return Planned(
            self.total, self._chunks.count, dict(self._held), list(self._columns), self._fingerprint.hexdigest()
        )

    def rows_of(self, block: Block) -> Sequence[MessageRow]:
        """Return a block as the rows of a plan without chunks."""
        return self._rows(self._check(block), 0)[0]

    def digest(self, block: Block) -> bytes:
        """Return the digest of a block."""
        return digest_of(self._check(block))

    def _check(self, block: Block) -> Checked:
        errors = block.errors
        payloads, refused = self._prepare(
            [message for at, message in enumerate(block.messages) if at not in errors] if errors else block.messages
        )
        if not refused and not errors:
            return Checked(block, payloads, refused)
        for error in refused.values():
            if isinstance(error, ConfigurationError):
                raise error
        if errors:
            given = [at for at in range(len(block)) if at not in errors]
            refused = {**errors, **{given[position]: error for position, error in refused.items()}}
        valid = iter(payloads)
        return Checked(block, [None if at in refused else next(valid) for at in range(len(block))], refused)

    def _rows(self, checked: Checked, first: int) -> tuple[Sequence[MessageRow], Sequence[ChunkRow]]:
        """Return the rows of a block by index, and the chunks that end in it."""
        block, refused = checked.block, checked.refused
        if isinstance(checked.payloads, PayloadColumn) and not refused and block.rows is None:
            return self._plain_rows(checked.payloads, first)
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
            columns = [column_json(own_columns[at]) for at, _ in sent]
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

    def _plain_rows(self, payloads: PayloadColumn, first: int) -> tuple[Sequence[MessageRow], Sequence[ChunkRow]]:
        """Return the rows of a column of which no message is held back, and the chunks that end in it."""
        indexes = range(first, first + len(payloads))
        numbers, chunks = self._chunks.assign(indexes, payloads)
        sender = None if payloads.sender == self._line else payloads.sender
        rows = zip(
            indexes,
            numbers,
            payloads.receivers,
            payloads.texts,
            repeat(sender),
            payloads.track_ids,
            repeat(None),
            repeat(None),
        )
        return list(rows), chunks

    def _hold_back(self, index: int, error: Exception) -> StoredOutcome:
        if isinstance(error, WikipayamError):
            reason, text = cause_of(error), str(error)
        else:
            reason, text = "invalid", f"the message cannot be read; reading it raised {type(error).__name__}"
        self._held[reason] += 1
        return StoredOutcome(index, None, SendStatus.REJECTED, None, reason, text)


async def _apply(screen: Screen, checked: Checked) -> None:
    """Add the messages that a screen holds back to those that are refused."""
    if isinstance(checked.payloads, PayloadColumn) and screen.admits_all(checked.payloads):
        return
    for at, payload in enumerate(checked.payloads):
        if payload is not None:
            verdict = screen.check(payload.receiver, payload.text)
            if isinstance(verdict, Awaitable):
                verdict = await verdict
            if verdict is not None:
                checked.refused[at] = verdict


def _held_row(checked: Checked, first: int, at: int) -> MessageRow:
    block, payload = checked.block, checked.payloads[at]
    receiver, text, sender, _ = identity_of(block.messages[at], payload)
    row = None if block.rows is None else block.rows[at]
    columns = None if block.columns is None else column_json(block.columns[at])
    return (first + at, None, receiver or "", text or "", sender, None, row, columns)
