"""The facts of a campaign, and its state as they and the counts tell it."""

from __future__ import annotations

from datetime import UTC, datetime

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
