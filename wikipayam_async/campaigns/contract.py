"""What every journal must do. Test an implementation of your own with it, in any test framework.

With pytest::

    @pytest.mark.anyio
    @pytest.mark.parametrize("check", JOURNAL_CONTRACT, ids=lambda check: check.__name__)
    async def test_my_journal(check, tmp_path):
        await check(lambda: MyJournal(tmp_path / "campaign"))

A check raises `AssertionError` with what it expected and what it got.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeAlias

import anyio

from wikipayam_async.campaigns.journal import (
    Counts,
    Journal,
    MessageRow,
    PlanBlock,
    Resolution,
    StopRequest,
    StoredOutcome,
)
from wikipayam_async.campaigns.models import Decision
from wikipayam_async.outcomes import SendStatus

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

__all__ = ["JOURNAL_CONTRACT", "Check", "OpenJournal"]

OpenJournal: TypeAlias = Callable[[], Journal]
"""Returns a new journal object for the same campaign, as another process would open it. At first it does not exist."""

Check: TypeAlias = Callable[[OpenJournal], Awaitable[None]]
"""One part of the contract; it needs a campaign of its own."""

_AT = datetime(2026, 3, 21, 8, 30, tzinfo=UTC)
_FACTS = {"total": "7", "held": "1", "status": "planned"}
_PLAN = PlanBlock(
    b"digest-0",
    [
        (0, 0, "09120000000", "text 0", None, "t-0", 2, '{"name":"ن"}'),
        (1, 0, "09120000001", "text 1", None, "t-1", 3, None),
        (2, None, "0912", "text 2", None, None, 4, None),
        (3, 1, "09120000003", "text 3", "3000", "t-3", None, None),
        (4, 1, "09120000004", "text 4", None, "t-4", None, None),
        (5, 1, "09120000005", "text 5", None, "t-5", None, None),
        (6, 2, "09120000006", "text 6", None, "t-6", None, None),
    ],
    [(0, 0, 1, 2), (1, 3, 5, 3), (2, 6, 6, 1)],
    [StoredOutcome(2, None, SendStatus.REJECTED, None, "invalid", "receiver: not a mobile number")],
)
_PLANNED = Counts(pending=6, rejected=1)


def _expect(what: str, actual: object, expected: object) -> None:
    if actual != expected:
        raise AssertionError(f"{what}: expected {expected!r}, got {actual!r}")


def _accepted(*indexes: int) -> list[StoredOutcome]:
    return [StoredOutcome(index, f"t-{index}", SendStatus.ACCEPTED, f"id-{index}") for index in indexes]


def _outcome(index: int, status: SendStatus) -> StoredOutcome:
    return StoredOutcome(index, f"t-{index}", status, None, "timeout", "no answer")


def _decision(decision: Decision, *track_ids: str, new: Sequence[str] = ()) -> Resolution:
    return Resolution(decision, track_ids, new, "panel", _AT, 2)


async def _plan(journal: Journal) -> None:
    await journal.lock()
    await journal.begin_plan()
    await journal.add([_PLAN])
    await journal.finish_plan(_FACTS)


@asynccontextmanager
async def _opened(make: OpenJournal) -> AsyncIterator[Journal]:
    """Yield a journal that is open for writing, and close it."""
    async with AsyncExitStack() as stack:
        journal = make()
        stack.push_async_callback(journal.aclose)
        await journal.lock()
        yield journal


@asynccontextmanager
async def _planned(make: OpenJournal) -> AsyncIterator[Journal]:
    async with _opened(make) as journal:
        await _plan(journal)
        yield journal


async def _interrupt(make: OpenJournal) -> None:
    """Plan, claim chunk 1 under the token `first`, and end."""
    async with _planned(make) as journal:
        await journal.claim(1, "first")


async def _chunks(journal: Journal) -> list[tuple[int, list[int]]]:
    found = await journal.pending(-1, 100)
    return [(chunk.no, [message.index for message in chunk.messages]) for chunk in found]


async def _track_ids(journal: Journal, status: SendStatus) -> list[str | None]:
    return [result.track_id for result in await journal.results(-1, 100, status)]


async def nothing_is_planned_at_first(make: OpenJournal) -> None:
    """A new journal has no facts, and nobody uses it."""
    journal = make()
    _expect("facts of a new journal", dict(await journal.read_facts()), {})
    _expect("in use", await journal.in_use(), expected=False)
    await journal.aclose()


async def a_plan_counts_only_once_it_is_finished(make: OpenJournal) -> None:
    """A plan that was begun and not finished is forgotten."""
    async with _opened(make) as journal:
        await journal.begin_plan()
        await journal.add([_PLAN])
        _expect("facts of an unfinished plan", dict(await journal.read_facts()), {})
        _expect("in use by its writer", await journal.in_use(), expected=True)
    async with _planned(make) as journal:
        _expect("counts", await journal.counts(), _PLANNED)


async def a_discarded_plan_leaves_nothing(make: OpenJournal) -> None:
    """After `discard_plan` there is no plan, and another may be made."""
    async with _opened(make) as journal:
        await journal.begin_plan()
        await journal.add([_PLAN])
        await journal.discard_plan()
        _expect("facts", dict(await journal.read_facts()), {})
    async with _planned(make) as journal:
        _expect("counts", await journal.counts(), _PLANNED)


async def a_plan_is_read_as_it_was_stored(make: OpenJournal) -> None:
    """Facts, digests, messages and chunks come back, for another process, too."""
    async with _planned(make) as journal:
        await journal.write_facts({"status": "running", "account": "7"})
    async with _opened(make) as journal:
        facts = {**_FACTS, "status": "running", "account": "7"}
        _expect("facts", dict(await journal.read_facts()), facts)
        _expect("digests", list(await journal.read_digests(0, 10)), [b"digest-0"])
        _expect("digests after the last", list(await journal.read_digests(1, 10)), [])
        rows: list[MessageRow] = [tuple(row) for row in await journal.read_rows(3, 2)]  # type: ignore[misc]
        _expect("rows", rows, list(_PLAN.messages[3:5]))
        _expect("counts", await journal.counts(), _PLANNED)


async def pending_chunks_are_read_in_order(make: OpenJournal) -> None:
    """`pending` returns chunks after a number, with the messages as they are sent."""
    async with _planned(make) as journal:
        _expect("chunks", await _chunks(journal), [(0, [0, 1]), (1, [3, 4, 5]), (2, [6])])
        (chunk,) = await journal.pending(0, 1)
        first = chunk.messages[0]
        found = (chunk.no, first.receiver, first.text, first.sender, first.track_id)
        _expect("the next chunk", found, (1, "09120000003", "text 3", "3000", "t-3"))


async def a_chunk_is_claimed_once(make: OpenJournal) -> None:
    """The first claim wins; a claimed chunk is sending and not pending."""
    async with _planned(make) as journal:
        _expect("the first claim", await journal.claim(1, "first"), expected=True)
        _expect("the second claim", await journal.claim(1, "second"), expected=False)
        _expect("pending chunks", [no for no, _ in await _chunks(journal)], [0, 2])
        _expect("counts", await journal.counts(), Counts(pending=3, sending=3, rejected=1))
        sending = [(one.track_id, one.reason) for one in await journal.results(-1, 10, SendStatus.UNKNOWN)]
        _expect("results in flight", sending, [(f"t-{index}", "in_flight") for index in (3, 4, 5)])


async def of_concurrent_claims_one_wins(make: OpenJournal) -> None:
    """Tasks that claim the same chunks at once share them without an overlap."""
    won: list[int] = []
    async with _planned(make) as journal:

        async def claim_all(name: str) -> None:
            won.extend([no for no in (0, 1, 2) if await journal.claim(no, name)])

        async with anyio.create_task_group() as group:
            for number in range(4):
                group.start_soon(claim_all, f"task {number}")
    _expect("chunks claimed", sorted(won), [0, 1, 2])


async def outcomes_are_kept(make: OpenJournal) -> None:
    """`settle` records outcomes for good, with ids, reasons and errors."""
    async with _planned(make) as journal:
        await journal.claim(1, "first")
        outcomes = [*_accepted(3), _outcome(4, SendStatus.UNKNOWN), _outcome(5, SendStatus.REJECTED)]
        _expect("settled", await journal.settle(1, "first", outcomes), expected=True)
    async with _opened(make) as journal:
        _expect("counts", await journal.counts(), Counts(pending=3, accepted=1, rejected=2, unknown=1))
        found = [(one.index, one.status, one.id, one.reason, one.error) for one in await journal.results(2, 3)]
        expected = [
            (3, SendStatus.ACCEPTED, "id-3", None, None),
            (4, SendStatus.UNKNOWN, None, "timeout", "no answer"),
            (5, SendStatus.REJECTED, None, "timeout", "no answer"),
        ]
        _expect("results", found, expected)
        _expect("nothing recovered", await journal.recover(), 0)


async def only_the_claimant_settles(make: OpenJournal) -> None:
    """A token that did not claim the chunk settles nothing."""
    async with _planned(make) as journal:
        await journal.claim(1, "first")
        _expect("settled by another", await journal.settle(1, "second", _accepted(3, 4, 5)), expected=False)
        _expect("settled without a claim", await journal.settle(0, "first", _accepted(0, 1)), expected=False)
        _expect("counts", await journal.counts(), Counts(pending=3, sending=3, rejected=1))


async def what_was_not_attempted_is_pending_again(make: OpenJournal) -> None:
    """A chunk of which nothing was attempted may be claimed again, under another token."""
    async with _planned(make) as journal:
        await journal.claim(1, "first")
        nothing = [StoredOutcome(index, f"t-{index}", SendStatus.NOT_ATTEMPTED) for index in (3, 4, 5)]
        _expect("settled", await journal.settle(1, "first", nothing), expected=True)
        _expect("counts", await journal.counts(), _PLANNED)
        _expect("claimed again", await journal.claim(1, "second"), expected=True)
        _expect("the old token settles", await journal.settle(1, "first", _accepted(3, 4, 5)), expected=False)


async def a_chunk_with_mixed_outcomes_is_divided(make: OpenJournal) -> None:
    """What was not attempted of a chunk becomes a pending chunk of its own."""
    async with _planned(make) as journal:
        await journal.claim(1, "first")
        outcomes = [*_accepted(4), *(StoredOutcome(at, f"t-{at}", SendStatus.NOT_ATTEMPTED) for at in (3, 5))]
        await journal.settle(1, "first", outcomes)
        _expect("counts", await journal.counts(), Counts(pending=5, accepted=1, rejected=1))
        _expect("chunks", await _chunks(journal), [(0, [0, 1]), (2, [6]), (3, [3, 5])])
        _expect("claimed", await journal.claim(3, "second"), expected=True)
        _expect("settled", await journal.settle(3, "second", _accepted(3, 5)), expected=True)
        _expect("counts", await journal.counts(), Counts(pending=3, accepted=3, rejected=1))


async def what_a_crash_left_in_flight_is_unknown(make: OpenJournal) -> None:
    """`recover` makes it unknown; it is never pending again by itself."""
    await _interrupt(make)
    async with _opened(make) as journal:
        _expect("counts before", await journal.counts(), Counts(pending=3, sending=3, rejected=1))
        _expect("recovered", await journal.recover(), 3)
        _expect("counts", await journal.counts(), Counts(pending=3, rejected=1, unknown=3))
        _expect("claimed again", await journal.claim(1, "second"), expected=False)
        reasons = {one.reason for one in await journal.results(-1, 10, SendStatus.UNKNOWN)}
        _expect("reasons", reasons, {"interrupted"})


async def a_late_answer_replaces_unknown(make: OpenJournal) -> None:
    """The owner of a claim knows better than whoever took it for dead."""
    await _interrupt(make)
    async with _opened(make) as journal:
        await journal.recover()
        late = [
            *_accepted(3),
            _outcome(4, SendStatus.UNKNOWN),
            StoredOutcome(5, "t-5", SendStatus.NOT_ATTEMPTED),
        ]
        _expect("settled", await journal.settle(1, "first", late), expected=True)
        _expect("counts", await journal.counts(), Counts(pending=4, accepted=1, rejected=1, unknown=1))
        _expect("chunks", await _chunks(journal), [(0, [0, 1]), (2, [6]), (3, [5])])


async def a_late_answer_does_not_change_a_decision(make: OpenJournal) -> None:
    """It is entered in the audit; a requeued message stays pending, an accepted one accepted."""
    await _interrupt(make)
    async with _opened(make) as journal:
        await journal.recover()
        await journal.resolve(_decision(Decision.REQUEUED, "t-3", new=["n-3"]))
        await journal.resolve(_decision(Decision.ACCEPTED, "t-4"))
        late = [*_accepted(3), _outcome(4, SendStatus.REJECTED), *_accepted(5)]
        _expect("settled", await journal.settle(1, "first", late), expected=True)
        _expect("counts", await journal.counts(), Counts(pending=4, accepted=2, rejected=1))
        entries = [(one.index, one.decision, one.note, one.track_id) for one in await journal.audit(2, 10)]
        expected = [
            (3, Decision.LATE_ANSWER, "accepted id-3", "t-3"),
            (4, Decision.LATE_ANSWER, "rejected timeout", "t-4"),
        ]
        _expect("audit", entries, expected)


async def a_pending_chunk_is_split(make: OpenJournal) -> None:
    """The first messages stay, the others become a chunk of their own; a claimed chunk is not split."""
    async with _planned(make) as journal:
        _expect("split", await journal.split(1, 1), expected=True)
        _expect("chunks", await _chunks(journal), [(0, [0, 1]), (1, [3]), (2, [6]), (3, [4, 5])])
        _expect("counts", await journal.counts(), _PLANNED)
        await journal.claim(0, "first")
        _expect("split a claimed chunk", await journal.split(0, 1), expected=False)


async def an_operator_marks_messages_accepted(make: OpenJournal) -> None:
    """Unknown messages become accepted, without an id; the decision is in the audit."""
    await _interrupt(make)
    async with _opened(make) as journal:
        await journal.recover()
        _expect("refused", list(await journal.resolve(_decision(Decision.ACCEPTED, "t-4", "t-3"))), [])
        _expect("counts", await journal.counts(), Counts(pending=3, accepted=2, rejected=1, unknown=1))
        _expect("accepted", await _track_ids(journal, SendStatus.ACCEPTED), ["t-3", "t-4"])
        _expect("undelivered", list(await journal.undelivered(-1, 10)), [])
    journal = make()
    (first, second) = await journal.audit(0, 10)
    found = (first.index, first.decision, first.note, first.track_id, first.new_track_id, first.before, first.at)
    _expect("audit", found, (4, Decision.ACCEPTED, "panel", "t-4", None, SendStatus.UNKNOWN, _AT))
    _expect("audit after the first", list(await journal.audit(1, 10)), [second])
    await journal.aclose()


async def an_operator_requeues_messages(make: OpenJournal) -> None:
    """Unknown and rejected messages are pending under new track ids, in chunks of the plan's size."""
    await _interrupt(make)
    async with _opened(make) as journal:
        await journal.settle(
            1, "first", [*_accepted(4), _outcome(3, SendStatus.UNKNOWN), _outcome(5, SendStatus.REJECTED)]
        )
        await journal.claim(0, "second")
        await journal.settle(0, "second", [*_accepted(1), _outcome(0, SendStatus.UNKNOWN)])
        decision = _decision(Decision.REQUEUED, "t-5", "t-0", "t-3", new=["n-5", "n-0", "n-3"])
        _expect("refused", list(await journal.resolve(decision)), [])
        _expect("counts", await journal.counts(), Counts(pending=4, accepted=2, rejected=1))
        _expect("chunks", await _chunks(journal), [(2, [6]), (3, [0, 3]), (4, [5])])
        (chunk,) = await journal.pending(3, 1)
        _expect("track ids", [one.track_id for one in chunk.messages], ["n-5"])
        _expect("claimed", await journal.claim(4, "third"), expected=True)
        await journal.settle(4, "third", [StoredOutcome(5, "n-5", SendStatus.ACCEPTED, "id-5")])
        _expect("counts", await journal.counts(), Counts(pending=3, accepted=3, rejected=1))


async def a_decision_is_applied_to_all_or_none(make: OpenJournal) -> None:
    """A message whose outcome is settled, pending, or not there refuses the whole decision."""
    await _interrupt(make)
    async with _opened(make) as journal:
        await journal.settle(
            1, "first", [*_accepted(3), _outcome(4, SendStatus.UNKNOWN), _outcome(5, SendStatus.REJECTED)]
        )
        wrong = _decision(Decision.ACCEPTED, "t-4", "t-3", "t-5", "t-6", "t-9")
        _expect("refused", list(await journal.resolve(wrong)), ["t-3", "t-5", "t-6", "t-9"])
        wrong = _decision(Decision.REQUEUED, "t-4", "t-3", "t-6", new=["n-4", "n-3", "n-6"])
        _expect("refused", list(await journal.resolve(wrong)), ["t-3", "t-6"])
        _expect("counts", await journal.counts(), Counts(pending=3, accepted=1, rejected=2, unknown=1))
        _expect("audit", list(await journal.audit(0, 10)), [])


async def messages_may_share_a_track_id(make: OpenJournal) -> None:
    """A decision about it concerns all of them that are unknown; requeued, each gets a track id of its own."""
    rows: list[MessageRow] = [(index, 0, f"0912000000{index}", "text", None, "own", None, None) for index in range(3)]
    async with _opened(make) as journal:
        await journal.begin_plan()
        await journal.add([PlanBlock(b"digest", rows, [(0, 0, 2, 3)])])
        await journal.finish_plan({"total": "3", "held": "0"})
        await journal.claim(0, "first")
        outcomes = [StoredOutcome(index, "own", SendStatus.UNKNOWN, None, "timeout", "") for index in (0, 1)]
        await journal.settle(0, "first", [*outcomes, StoredOutcome(2, "own", SendStatus.ACCEPTED, "id")])
        _expect("refused", list(await journal.resolve(_decision(Decision.REQUEUED, "own", new=["new"]))), [])
        _expect("pending", await _track_ids(journal, SendStatus.NOT_ATTEMPTED), ["new", "new.1"])
        _expect("accepted", await _track_ids(journal, SendStatus.ACCEPTED), ["own"])


async def results_are_read_in_pages(make: OpenJournal) -> None:
    """`results` goes on after an index, filters by status, and returns what the caller's file had."""
    async with _planned(make) as journal:
        first, second = await journal.results(-1, 2)
        found = (first.index, first.receiver, first.message, first.row, dict(first.columns), first.status)
        _expect("result", found, (0, "09120000000", "text 0", 2, {"name": "ن"}, SendStatus.NOT_ATTEMPTED))
        _expect("columns", dict(second.columns), {})
        _expect("the next", [one.index for one in await journal.results(1, 3)], [2, 3, 4])
        _expect("the last", [one.index for one in await journal.results(5, 3)], [6])
        rejected = [(one.index, one.reason, one.track_id) for one in await journal.results(-1, 9, SendStatus.REJECTED)]
        _expect("rejected", rejected, [(2, "invalid", None)])
        _expect("accepted", await _track_ids(journal, SendStatus.ACCEPTED), [])


async def deliveries_are_kept(make: OpenJournal) -> None:
    """The last status of a message counts; one that is final is not asked for again."""
    async with _planned(make) as journal:
        await journal.claim(1, "first")
        await journal.settle(1, "first", _accepted(3, 4, 5))
        await journal.record_deliveries([(3, "SENT", False, "a"), (4, "DELIVERED", True, "a")])
        await journal.record_deliveries([(3, "UNDELIVERED", True, "b")])
        _expect("undelivered", [tuple(row) for row in await journal.undelivered(-1, 10)], [(5, "id-5")])
        counts, pending = await journal.delivery_counts()
        _expect("deliveries", (dict(counts), pending), ({"DELIVERED": 1, "UNDELIVERED": 1}, 1))
        _expect(
            "of a result", [one.delivery for one in await journal.results(2, 3)], ["UNDELIVERED", "DELIVERED", None]
        )


async def opt_outs_add_up(make: OpenJournal) -> None:
    """Numbers are added and never removed; twice is once."""
    async with _planned(make) as journal:
        await journal.add_opt_outs(["09120000001", "09120000002"])
    async with _opened(make) as journal:
        await journal.add_opt_outs(["09120000002", "09120000003"])
        expected = ["09120000001", "09120000002", "09120000003"]
        _expect("opt-outs", sorted(await journal.opt_outs()), expected)


async def requests_to_stop_reach_the_writer(make: OpenJournal) -> None:
    """They are kept until they are forgotten; a new writer forgets a pause of an earlier one, but no cancellation."""
    async with _planned(make) as journal:
        for asked in (StopRequest.PAUSE, StopRequest.CANCEL):
            async with aclosing(make()) as other:
                _expect("request", [await other.request(asked)], [True])
            _expect("requested", await journal.requested(), asked)
        await journal.clear_request()
        _expect("requested after clear_request", await journal.requested(), None)
        async with aclosing(make()) as other:
            await other.request(StopRequest.PAUSE)
    async with _opened(make) as journal:
        _expect("requested of a new writer after a pause", await journal.requested(), None)
        async with aclosing(make()) as other:
            await other.request(StopRequest.CANCEL)
    async with _opened(make) as journal:
        _expect("requested of a new writer after a cancellation", await journal.requested(), StopRequest.CANCEL)


async def a_purged_campaign_is_gone(make: OpenJournal) -> None:
    """After `purge` there is no plan, and another may be made."""
    async with _planned(make) as journal:
        await journal.purge()
    journal = make()
    _expect("facts", dict(await journal.read_facts()), {})
    await journal.aclose()
    async with _planned(make) as journal:
        _expect("counts", await journal.counts(), _PLANNED)


JOURNAL_CONTRACT: Sequence[Check] = (
    nothing_is_planned_at_first,
    a_plan_counts_only_once_it_is_finished,
    a_discarded_plan_leaves_nothing,
    a_plan_is_read_as_it_was_stored,
    pending_chunks_are_read_in_order,
    a_chunk_is_claimed_once,
    of_concurrent_claims_one_wins,
    outcomes_are_kept,
    only_the_claimant_settles,
    what_was_not_attempted_is_pending_again,
    a_chunk_with_mixed_outcomes_is_divided,
    what_a_crash_left_in_flight_is_unknown,
    a_late_answer_replaces_unknown,
    a_late_answer_does_not_change_a_decision,
    a_pending_chunk_is_split,
    an_operator_marks_messages_accepted,
    an_operator_requeues_messages,
    a_decision_is_applied_to_all_or_none,
    messages_may_share_a_track_id,
    results_are_read_in_pages,
    deliveries_are_kept,
    opt_outs_add_up,
    requests_to_stop_reach_the_writer,
    a_purged_campaign_is_gone,
)
"""The parts of the contract."""
