"""Plans: what is stored, what is held back, how it is divided, and how another plan is noticed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from tests.campaigns.doubles import messages
from wikipayam_async import ConfigurationError, InvalidInputError, SmsMessage
from wikipayam_async.campaigns import CampaignMessage, MemoryJournal, PlanChangedError, PlanProgress
from wikipayam_async.campaigns.blocks import BLOCK
from wikipayam_async.campaigns.journal import PlanBlock
from wikipayam_async.campaigns.planner import PlanOptions, compare_plan, make_plan
from wikipayam_async.messages.columns import OneTextReader

pytestmark = pytest.mark.anyio

OPTIONS = PlanOptions(batch_size=100, line="10002000")


async def planned(source: Any, options: PlanOptions = OPTIONS, **arguments: Any) -> tuple[MemoryJournal, Any]:
    """Return a journal with a plan, and what the plan came to."""
    journal = MemoryJournal()
    await journal.lock()
    await journal.begin_plan()
    result = await make_plan(journal, source, options, **arguments)
    await journal.finish_plan({"total": str(result.total)})
    return journal, result


async def differences(source: Any, other: Any, options: PlanOptions = OPTIONS) -> tuple[str, ...]:
    """Return how messages differ from those of a plan."""
    journal, result = await planned(source, options)
    with pytest.raises(PlanChangedError) as caught:
        await compare_plan(journal, other, options, result.total)
    return caught.value.differences


async def sizes(journal: MemoryJournal) -> list[int]:
    """Return the sizes of the pending chunks."""
    return [len(chunk.messages) for chunk in await journal.pending(-1, 1000)]


@pytest.mark.parametrize(
    ("count", "batch_size", "expected"),
    [
        (0, 100, []),
        (1, 100, [1]),
        (250, 100, [100, 100, 50]),
        (2 * BLOCK, 300, [300] * 6 + [200]),
        (BLOCK + 1, 1500, [1001]),
        (3, 1, [1, 1, 1]),
    ],
)
async def test_messages_are_divided_into_chunks(count: int, batch_size: int, expected: list[int]) -> None:
    """Every chunk but the last is full, whatever the size of the blocks that are read."""
    journal, result = await planned(messages(count), PlanOptions(batch_size=batch_size, line="1"))
    assert await sizes(journal) == expected
    assert (result.total, result.chunks) == (count, len(expected))


async def test_a_chunk_fits_into_a_body() -> None:
    """Long texts make smaller chunks, since a web server refuses a body of more than a megabyte."""
    long = "x" * 200_000
    source = [*messages(3), *messages(7, long), *messages(2)]
    journal, _ = await planned(source)
    chunks = await journal.pending(-1, 100)
    assert [[message.index for message in chunk.messages] for chunk in chunks] == [
        [0, 1, 2, 3, 4, 5, 6],
        [7, 8, 9, 10, 11],
    ]


async def test_short_messages_count_before_long_ones() -> None:
    """A chunk that began with short texts of an earlier block is not overfilled."""
    journal, _ = await planned([*messages(BLOCK), *messages(BLOCK, "x" * 900)], PlanOptions(batch_size=BLOCK, line="1"))
    assert await sizes(journal) == [1000, 1000]
    mixed = [*messages(BLOCK + 10), *messages(BLOCK - 10, "x" * 2000)]
    journal, _ = await planned(mixed, PlanOptions(batch_size=700, line="1"))
    found = await sizes(journal)
    assert sum(found) == 2 * BLOCK
    bodies = [sum(len(message.text) for message in chunk.messages) for chunk in await journal.pending(-1, 100)]
    assert max(bodies) < 1_000_000


async def test_a_message_larger_than_a_body_gets_a_chunk_of_its_own() -> None:
    """It is sent, and the gateway may refuse it."""
    journal, _ = await planned([*messages(1), *messages(1, "x" * 2_000_000), *messages(1)])
    assert await sizes(journal) == [1, 1, 1]


async def test_numbers_are_stored_as_they_are_sent() -> None:
    """Normalized by default, in the given spelling otherwise; own track ids and lines are kept, others are generated."""
    source = [SmsMessage("+98 912 123 4567", "a", sender="3000", track_id="own"), SmsMessage("09121234568", note="b")]
    journal, _ = await planned(source)
    (first, second) = await journal.read_rows(0, 10)
    assert first == (0, 0, "09121234567", "a", "3000", "own", None, None)
    assert second[:5] == (1, 0, "09121234568", "b", None)
    assert str(second[5]).startswith("w")
    journal, _ = await planned(source, PlanOptions(batch_size=1, line="1", normalize=False))
    assert (await journal.read_rows(0, 1))[0][2] == "+98 912 123 4567"
    journal, _ = await planned([SmsMessage("1000", "a")], PlanOptions(batch_size=1, line="1", validate=False))
    assert (await journal.read_rows(0, 1))[0][1:3] == (0, "1000")


class Broken(SmsMessage, frozen=True):
    """A message that cannot be read."""

    def __getattribute__(self, name: str) -> Any:
        """Raise, if the text is asked for."""
        if name == "message":
            raise RuntimeError("broken")
        return super().__getattribute__(name)


async def test_invalid_messages_are_held_back() -> None:
    """Each has an outcome with its reason; the others are not affected."""
    source: list[Any] = [
        SmsMessage("0912", "short", track_id="x"),
        *messages(2),
        SmsMessage("09121234567", ""),
        "no message",
        Broken("09121234567"),
        SmsMessage("09121234567", "\ud800"),
    ]
    journal, result = await planned(source)
    assert await sizes(journal) == [2]
    assert result.held_back == {"invalid": 5}
    found = {one.index: one.error for one in await journal.results(-1, 10) if one.reason == "invalid"}
    assert sorted(found) == [0, 3, 4, 5, 6]
    assert str(found[3]).startswith("message: expected a text that is not empty")
    assert found[5] == "the message cannot be read; reading it raised RuntimeError"
    rows = await journal.read_rows(0, 10)
    assert [row[0] for row in rows] == list(range(7))
    assert rows[0][1:6] == (None, "0912", "short", None, None)
    assert rows[4][2:4] == ("", "")


async def test_duplicates_and_opt_outs_are_held_back() -> None:
    """Two spellings of a number are one; the first message is sent."""
    source = [
        SmsMessage("09120000001", "a"),
        SmsMessage("+989120000001", "b"),
        SmsMessage("09120000002", "c"),
        SmsMessage("0912", "d"),
    ]
    options = PlanOptions(batch_size=100, line="1", dedupe="receiver")
    journal, result = await planned(source, options, opt_out=["09120000002"])
    assert result.held_back == {"duplicate": 1, "opted_out": 1, "invalid": 1}
    assert [message.index for chunk in await journal.pending(-1, 9) for message in chunk.messages] == [0]
    assert (await journal.read_rows(1, 1))[0][2] == "09120000001"

    async def opted_out(number: str) -> bool:
        return number == "09120000001"

    journal, result = await planned(source, OPTIONS, opt_out=opted_out)
    assert result.held_back == {"opted_out": 2, "invalid": 1}


async def test_columns_and_rows_are_kept() -> None:
    """They are stored with the message, also with one that is held back; the names keep their order."""
    source = [
        CampaignMessage(SmsMessage("09120000001", "a"), row=2, columns={"نام": "سارا", "شهر": "قم"}),
        SmsMessage("09120000002", "b"),
        CampaignMessage(SmsMessage("0912", "c"), row=4, columns={"نام": "علی", "کد": "7"}),
    ]
    journal, result = await planned(source)
    assert result.columns == ["نام", "شهر", "کد"]
    rows = await journal.read_rows(0, 10)
    assert [(row[6], row[7]) for row in rows] == [
        (2, '{"نام":"سارا","شهر":"قم"}'),
        (None, None),
        (4, '{"نام":"علی","کد":"7"}'),
    ]


async def test_columns_are_texts() -> None:
    """Whatever a reader of files puts into them."""
    columns: Any = {"a": 7, 2: None, "b\ud800": "\ud800"}
    journal, result = await planned([CampaignMessage(SmsMessage("09120000001", "a"), columns=columns)])
    assert (await journal.read_rows(0, 1))[0][7] == '{"a":"7","2":"None","b?":"?"}'
    assert result.columns == ["a", "2", "b?"]


async def test_progress_is_told() -> None:
    """After some thousand messages, and at the end; the total is known if the iterable has a length."""
    told: list[PlanProgress] = []
    await planned(messages(10 * BLOCK + 1), on_progress=told.append)
    assert told == [PlanProgress(10 * BLOCK, 10 * BLOCK + 1), PlanProgress(10 * BLOCK + 1, 10 * BLOCK + 1)]
    told.clear()
    await planned(iter(messages(2)), on_progress=told.append)
    assert told == [PlanProgress(2, None)]


async def test_a_message_without_a_line_is_a_mistake_of_the_caller() -> None:
    """Nothing could be sent, so nothing is planned."""
    with pytest.raises(ConfigurationError, match="sender: none given"):
        await planned(messages(1), PlanOptions(batch_size=1, line=None))
    _, result = await planned(messages(1, sender="3000"), PlanOptions(batch_size=1, line=None))
    assert result.total == 1


@pytest.mark.parametrize("source", ["text", b"bytes", 7])
async def test_messages_are_iterable(source: Any) -> None:
    """A text is no iterable of messages."""
    with pytest.raises(InvalidInputError, match="messages: expected an iterable of SmsMessage"):
        await planned(source)


class Stream:
    """An async iterator of messages that can be closed."""

    def __init__(self, count: int) -> None:
        self._messages = iter(messages(count))
        self.closed = False

    def __aiter__(self) -> AsyncIterator[SmsMessage]:
        return self

    async def __anext__(self) -> SmsMessage:
        for message in self._messages:
            return message
        raise StopAsyncIteration

    async def aclose(self) -> None:
        """Close."""
        self.closed = True


class Bare:
    """An async iterable whose iterator cannot be closed."""

    def __aiter__(self) -> AsyncIterator[SmsMessage]:
        stream = Stream(2)

        class Iterator:
            def __aiter__(self) -> Any:
                return self

            async def __anext__(self) -> SmsMessage:
                return await stream.__anext__()

        return Iterator()


async def test_an_async_iterable_is_read_and_closed() -> None:
    """It makes the same plan as a plain one."""
    stream = Stream(BLOCK + 5)
    _, result = await planned(stream)
    _, same = await planned(messages(BLOCK + 5))
    assert (result, stream.closed) == (same, True)
    _, result = await planned(Bare())
    assert result.total == 2


async def test_the_same_messages_are_the_same_plan() -> None:
    """In another spelling, without the generated track ids, and whatever is held back now."""
    source = [SmsMessage("+989120000001", "a"), SmsMessage("0912", "b"), SmsMessage("09120000002", note="c")]
    again = [SmsMessage("09120000001", "a"), SmsMessage("0912", "b"), SmsMessage("09120000002", note="c")]
    journal, result = await planned(source, OPTIONS, opt_out=["09120000002"])
    await compare_plan(journal, again, OPTIONS, 3)
    _, other = await planned(again)
    assert other.fingerprint == result.fingerprint
    journal, _ = await planned([])
    await compare_plan(journal, [], OPTIONS, 0)


@pytest.mark.parametrize(
    ("change", "difference"),
    [
        ({"receiver": "09129999999"}, "messages[1001].receiver"),
        ({"message": "other"}, "messages[1001].message"),
        ({"sender": "3000"}, "messages[1001].sender"),
        ({"track_id": "other"}, "track_id: another one than in the plan in messages[1000] to messages[1001]"),
    ],
)
async def test_a_changed_message_is_named(change: dict[str, Any], difference: str) -> None:
    """By its index and field, never by its value."""
    source = messages(BLOCK + 2)
    fields = {"receiver": source[-1].receiver, "message": "سلام", "track_id": source[-1].track_id, **change}
    assert await differences(source, [*source[:-1], SmsMessage(**fields)]) == (difference,)


async def test_a_changed_column_or_row_is_named() -> None:
    """They come out again in the export, so they belong to the plan."""
    (message,) = messages(1)
    before = [CampaignMessage(message, row=2, columns={"a": "1"})]
    assert await differences(before, [CampaignMessage(message, row=3, columns={"a": "2"})]) == (
        "messages[0].row",
        "messages[0].columns",
    )


@pytest.mark.parametrize(
    ("before", "now", "difference"),
    [
        (3, 5, "3 messages in the plan, more now"),
        (5, 3, "5 messages in the plan, 3 now"),
        (2 * BLOCK, BLOCK, "2,000 messages in the plan, 1,000 now"),
        (BLOCK, BLOCK + 1, "1,000 messages in the plan, more now"),
        (1, 0, "1 messages in the plan, 0 now"),
    ],
)
async def test_more_or_fewer_messages_are_noticed(before: int, now: int, difference: str) -> None:
    """At the end of a block, too."""
    assert await differences(messages(before), messages(now)) == (difference,)


async def test_the_caller_may_hold_a_message_back() -> None:
    """A row of a file that gives no message is counted and kept with its reason, beside messages that are sent."""
    error = InvalidInputError("mobile", rule="expected a mobile", got="nothing")
    bad = CampaignMessage(SmsMessage("", ""), row=3, columns={"city": "Qom"}, error=error)
    first, second = messages(2)
    invalid = SmsMessage("12", "hi")
    source = [CampaignMessage(first, row=2), bad, CampaignMessage(invalid, row=4), CampaignMessage(second, row=5)]
    journal, result = await planned(source)
    assert (result.total, dict(result.held_back)) == (4, {"invalid": 2})
    assert await sizes(journal) == [2]
    found = await journal.results(-1, 10)
    assert [(one.row, one.status.value, one.error and one.error.split(":")[0]) for one in found] == [
        (2, "not_attempted", None),
        (3, "rejected", "mobile"),
        (4, "rejected", "receiver"),
        (5, "not_attempted", None),
    ]
    assert (found[1].columns, found[1].receiver) == ({"city": "Qom"}, "")


async def test_a_message_that_is_held_back_needs_no_line() -> None:
    """The line of a row that gives no message is not missed."""
    error = InvalidInputError("mobile", rule="expected a mobile", got="nothing")
    _, result = await planned(
        [CampaignMessage(SmsMessage("", ""), error=error)], PlanOptions(batch_size=100, line=None)
    )
    assert dict(result.held_back) == {"invalid": 1}


NUMBERS = [f"0912{number:07}" for number in range(1_203)]


@pytest.mark.parametrize("line", [None, "3000"])
@pytest.mark.parametrize("odd", [[], ["bad"], ["+98 912 000 0001"], ["bad", NUMBERS[7], NUMBERS[1_100]]])
@pytest.mark.parametrize(("dedupe", "opt_out"), [(None, None), ("receiver", None), ("receiver", [NUMBERS[3]])])
async def test_a_plan_of_columns_is_the_plan_of_its_messages(
    line: str | None, odd: list[str], dedupe: Any, opt_out: Any
) -> None:
    """The same rows, chunks and digests are stored, so that one is the other when it is planned again."""
    numbers = [*NUMBERS[:1_050], *odd, *NUMBERS[1_050:]]
    messages = [SmsMessage(number, "سلام", sender=line) for number in numbers]
    stored = []
    for given in (OneTextReader(numbers, "سلام", sender=line), messages):
        store = Stored()
        options = PlanOptions(batch_size=100, line="1000", dedupe=dedupe)
        stored.append((await make_plan(store, given, options, opt_out=opt_out), store.contents()))
    assert stored[0] == stored[1]


class Stored:
    """Keeps the blocks of a plan."""

    def __init__(self) -> None:
        self.blocks: list[PlanBlock] = []

    async def add(self, blocks: Sequence[PlanBlock]) -> None:
        """Keep blocks."""
        self.blocks += blocks

    def contents(self) -> list[Any]:
        """Return what is the same in every plan: all but the generated track ids."""
        return [
            (
                block.digest,
                [(*row[:5], row[5] is None, *row[6:]) for row in block.messages],
                list(block.chunks),
                [(one.index, one.status, one.reason, one.error) for one in block.held_back],
            )
            for block in self.blocks
        ]
