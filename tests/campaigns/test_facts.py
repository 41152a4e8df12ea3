"""The facts of a campaign, and its state as they and the counts tell it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from attrs import evolve

from wikipayam_async.campaigns import CampaignStatus, Counts, JournalError, PlanChangedError
from wikipayam_async.campaigns.facts import (
    CampaignFacts,
    account_difference,
    client_differences,
    facts_of_plan,
    progress_of,
    read_facts,
)
from wikipayam_async.campaigns.planner import Planned, PlanOptions

OPTIONS = PlanOptions(batch_size=10, line="1000", dedupe="receiver_and_text", validate=False)
PLANNED = Planned(10, 1, {"invalid": 2}, ["نام"], "digest")
STORED = facts_of_plan(PLANNED, OPTIONS, "api/v1", datetime(2026, 3, 21, tzinfo=UTC), opt_out_function=True)


def facts(status: CampaignStatus = CampaignStatus.PLANNED, reason: str = "", account: str = "") -> CampaignFacts:
    """Return the facts with a status, as they are read."""
    found = read_facts("eid", {**STORED, "status": status.value, "reason": reason, "account": account})
    assert found is not None
    return found


def test_facts_are_read_as_they_were_written() -> None:
    """Options, columns and counts come back; a new plan has no account."""
    found = facts()
    assert (found.options, found.prefix, found.columns, found.account) == (OPTIONS, "api/v1", ["نام"], None)
    assert (found.plan.total, found.plan.chunks, found.plan.held_back) == (10, 1, {"invalid": 2})
    assert found.opt_out_function
    assert (STORED["held"], STORED["planned_at"]) == ("2", "2026-03-21T00:00:00+00:00")
    assert read_facts("eid", {}) is None


@pytest.mark.parametrize("change", [{"total": "x"}, {"columns": "{"}, {"status": "lost"}])
def test_damaged_facts_are_an_error(change: dict[str, str]) -> None:
    """Whatever is wrong with them, nothing is sent."""
    with pytest.raises(JournalError, match="eid: the facts of the campaign are damaged"):
        read_facts("eid", {**STORED, **change})
    with pytest.raises(JournalError, match=r"damaged \(KeyError\)"):
        read_facts("eid", {"total": "1"})


def test_a_plan_is_stored_as_strings() -> None:
    """Other versions read them, so neither names nor values change."""
    at = datetime(2026, 3, 21, tzinfo=UTC)
    assert facts_of_plan(PLANNED, OPTIONS, "api/v1", at, opt_out_function=True) == {
        "total": "10",
        "chunks": "1",
        "batch_size": "10",
        "dedupe": "receiver_and_text",
        "normalize": "1",
        "validate": "0",
        "line": "1000",
        "prefix": "api/v1",
        "fingerprint": "digest",
        "held": "2",
        "held_back": '{"invalid": 2}',
        "columns": '["نام"]',
        "planned_at": "2026-03-21T00:00:00+00:00",
        "status": "planned",
        "reason": "",
        "account": "",
        "opt_out_function": "1",
    }
    tehran = datetime(2026, 3, 21, 3, 30, tzinfo=timezone(timedelta(hours=3, minutes=30)))
    plain = facts_of_plan(
        Planned(0, 0, {"invalid": 2, "opted out": 3}, [], ""),
        PlanOptions(batch_size=1, line=None),
        "",
        tehran,
        opt_out_function=False,
    )
    names = ("dedupe", "normalize", "validate", "line", "held", "planned_at", "opt_out_function")
    assert [plain[name] for name in names] == ["", "1", "1", "", "5", "2026-03-21T00:00:00+00:00", "0"]
    found = read_facts("eid", plain)
    assert found is not None
    assert (found.options, found.opt_out_function, found.reason) == (PlanOptions(batch_size=1, line=None), False, None)


def test_a_stored_account_and_fingerprint_are_read() -> None:
    """With the plan's line and batch size."""
    found = facts(CampaignStatus.PAUSED, "paused", "7")
    assert (found.account, found.status, found.reason) == (7, CampaignStatus.PAUSED, "paused")
    assert (found.plan.batch_size, found.plan.line, found.plan.fingerprint) == (10, "1000", "digest")
    other = read_facts("eid", {**STORED, "dedupe": "receiver", "normalize": "0", "validate": "1"})
    assert other is not None
    assert (other.options.dedupe, other.options.normalize, other.options.validate) == ("receiver", False, True)


def test_the_errors_of_facts_say_that_nothing_was_sent() -> None:
    """And what to do."""
    with pytest.raises(JournalError) as damaged:
        read_facts("eid", {**STORED, "total": "x"})
    with pytest.raises(JournalError) as missing:
        progress_of("eid", evolve(facts(), plan=evolve(facts().plan, total=2000)), Counts(pending=1999), in_use=False)
    with pytest.raises(PlanChangedError) as changed:
        client_differences(facts(), evolve(OPTIONS, normalize=False, dedupe=None, validate=True), "api/v1")
    with pytest.raises(PlanChangedError) as foreign:
        account_difference(facts(account="7"), 8)
    assert [str(one.value) for one in (damaged, missing, changed, foreign)] == [
        "eid: the facts of the campaign are damaged (ValueError); nothing was sent",
        "eid: the journal is damaged: 1,999 of 2,000 messages are there; nothing was sent",
        (
            "the campaign was planned otherwise: dedupe: 'receiver_and_text' in the plan, None now; normalize: True in the "
            "plan, False now; validate: False in the plan, True now; nothing was sent. A plan never changes: use what it was "
            "planned with, or plan another campaign"
        ),
        (
            "the campaign belongs to another account: account: user 7 before, user 8 now; nothing was sent. Use the token of "
            "that account"
        ),
    ]
    assert foreign.value.differences == ("account: user 7 before, user 8 now",)


def test_a_progress_has_every_count() -> None:
    """In the state that it was counted in."""
    progress = progress_of(
        "eid", facts(), Counts(pending=1, sending=2, accepted=3, rejected=3, unknown=1), in_use=False
    )
    assert (progress.total, progress.pending, progress.sending) == (10, 1, 2)
    assert (progress.accepted, progress.rejected, progress.unknown) == (3, 3, 1)


LEFT, DONE = Counts(pending=10), Counts(accepted=10)


@pytest.mark.parametrize(
    ("status", "reason", "counts", "in_use", "expected"),
    [
        (CampaignStatus.PLANNED, "", LEFT, True, (CampaignStatus.PLANNED, None)),
        (CampaignStatus.RUNNING, "waiting", LEFT, True, (CampaignStatus.RUNNING, "waiting")),
        (CampaignStatus.RUNNING, "", DONE, True, (CampaignStatus.RUNNING, None)),
        (
            CampaignStatus.RUNNING,
            "",
            Counts(sending=10),
            False,
            (CampaignStatus.PAUSED, "the process that ran it has ended; run() resumes it"),
        ),
        (CampaignStatus.RUNNING, "", DONE, False, (CampaignStatus.COMPLETED, None)),
        (CampaignStatus.PAUSED, "paused", LEFT, False, (CampaignStatus.PAUSED, "paused")),
        (CampaignStatus.PAUSED, "paused", DONE, False, (CampaignStatus.COMPLETED, None)),
        (CampaignStatus.CANCELED, "canceled", LEFT, False, (CampaignStatus.CANCELED, "canceled")),
        (CampaignStatus.COMPLETED, "", LEFT, False, (CampaignStatus.PAUSED, None)),
    ],
)
def test_the_state_follows_from_facts_and_counts(
    status: CampaignStatus, reason: str, counts: Counts, in_use: bool, expected: tuple[CampaignStatus, str | None]
) -> None:
    """A run whose process has ended is paused, and a campaign without pending messages is complete."""
    progress = progress_of("eid", facts(status, reason), counts, in_use=in_use)
    assert (progress.status, progress.reason) == expected


@pytest.mark.parametrize("counts", [Counts(pending=9), Counts(pending=10, accepted=1)])
def test_missing_and_doubled_messages_are_noticed(counts: Counts) -> None:
    """Every message of the plan is in exactly one state."""
    with pytest.raises(JournalError, match=r"eid: the journal is damaged: (9|11) of 10 messages are there"):
        progress_of("eid", facts(), counts, in_use=False)


def test_differences_are_named() -> None:
    """All of them, with both values."""
    client_differences(facts(), OPTIONS, "api/v1")
    with pytest.raises(PlanChangedError) as caught:
        client_differences(facts(), evolve(OPTIONS, batch_size=20, line=None), "api/v2")
    assert caught.value.differences == (
        "batch_size: 10 in the plan, 20 now",
        "line: '1000' in the plan, None now",
        "api_prefix: 'api/v1' in the plan, 'api/v2' now",
    )


def test_an_account_is_compared_if_both_are_known() -> None:
    """An unknown one differs from none."""
    account_difference(facts(), 7)
    account_difference(facts(account="7"), None)
    account_difference(facts(account="7"), 7)
    with pytest.raises(PlanChangedError, match="account: user 7 before, user 8 now"):
        account_difference(facts(account="7"), 8)
