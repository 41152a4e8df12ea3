"""The facts of a campaign, as a journal keeps them: strings by name. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from attrs import field, frozen

from wikipayam_async.bulk.screening import Dedupe
from wikipayam_async.campaigns.errors import JournalError, PlanChangedError
from wikipayam_async.campaigns.journal import Counts
from wikipayam_async.campaigns.models import CampaignPlan, CampaignProgress, CampaignStatus
from wikipayam_async.campaigns.planner import Planned, PlanOptions

__all__ = ["CampaignFacts", "account_difference", "client_differences", "facts_of_plan", "progress_of", "read_facts"]

_INTERRUPTED = "the process that ran it has ended; run() resumes it"
_NONE = ""


@frozen
class CampaignFacts:
    """What is known of a planned campaign.

    Attributes:
        plan: The plan.
        options: The options that are part of it.
        prefix: The API prefix of the client that planned it.
        columns: The names of the caller's columns.
        account: The `user_id` of the account that sends it; None until the first run.
        status: The status as it was last written.
        reason: The reason as it was last written.
        opt_out_function: Whether a function has decided about opt-outs, which every run must therefore have.
    """

    plan: CampaignPlan
    options: PlanOptions
    prefix: str
    columns: Sequence[str]
    account: int | None
    status: CampaignStatus
    reason: str | None
    opt_out_function: bool = field(default=False)


def facts_of_plan(
    planned: Planned, options: PlanOptions, prefix: str, at: datetime, *, opt_out_function: bool
) -> Mapping[str, str]:
    """Return the facts of a new plan."""
    return {
        "total": str(planned.total),
        "chunks": str(planned.chunks),
        "batch_size": str(options.batch_size),
        "dedupe": options.dedupe or _NONE,
        "normalize": str(int(options.normalize)),
        "validate": str(int(options.validate)),
        "line": options.line or _NONE,
        "prefix": prefix,
        "fingerprint": planned.fingerprint,
        "held": str(sum(planned.held_back.values())),
        "held_back": json.dumps(dict(planned.held_back)),
        "columns": json.dumps(list(planned.columns), ensure_ascii=False),
        "planned_at": at.astimezone(UTC).isoformat(),
        "status": CampaignStatus.PLANNED.value,
        "reason": _NONE,
        "account": _NONE,
        "opt_out_function": str(int(opt_out_function)),
    }


def read_facts(name: str, facts: Mapping[str, str]) -> CampaignFacts | None:
    """Return the facts of a journal; None if nothing is planned.

    Raises:
        JournalError: They cannot be read.
    """
    if not facts:
        return None
    try:
        dedupe: Dedupe | None = {"receiver": "receiver", "receiver_and_text": "receiver_and_text"}.get(facts["dedupe"])  # type: ignore[assignment]  # mypy widens the literals
        options = PlanOptions(
            batch_size=int(facts["batch_size"]),
            line=facts["line"] or None,
            dedupe=dedupe,
            normalize=facts["normalize"] == "1",
            validate=facts["validate"] == "1",
        )
        plan = CampaignPlan(
            int(facts["total"]),
            int(facts["chunks"]),
            options.batch_size,
            options.line,
            facts["fingerprint"],
            json.loads(facts["held_back"]),
        )
        return CampaignFacts(
            plan,
            options,
            facts["prefix"],
            json.loads(facts["columns"]),
            int(facts["account"]) if facts["account"] else None,
            CampaignStatus(facts["status"]),
            facts["reason"] or None,
            facts["opt_out_function"] == "1",
        )
    except (KeyError, ValueError) as error:
        failure = JournalError(
            f"{name}: the facts of the campaign are damaged ({type(error).__name__}); nothing was sent"
        )
    raise failure


def progress_of(name: str, facts: CampaignFacts, counts: Counts, *, in_use: bool) -> CampaignProgress:
    """Return how far a campaign has got.

    Args:
        name: The name of the campaign.
        facts: Its facts.
        counts: The number of messages in each state.
        in_use: Whether any process runs it.

    Raises:
        JournalError: Messages are missing, or are counted twice.
    """
    counted = counts.pending + counts.sending + counts.accepted + counts.rejected + counts.unknown
    if counted != facts.plan.total:
        raise JournalError(
            f"{name}: the journal is damaged: {counted:,} of {facts.plan.total:,} messages are there; nothing was sent"
        )
    status, reason = _state_of(facts, counts, in_use=in_use)
    return CampaignProgress(
        status,
        facts.plan.total,
        counts.pending,
        counts.sending,
        counts.accepted,
        counts.rejected,
        counts.unknown,
        reason,
    )


def _state_of(facts: CampaignFacts, counts: Counts, *, in_use: bool) -> tuple[CampaignStatus, str | None]:
    if facts.status is CampaignStatus.RUNNING and in_use:
        return facts.status, facts.reason
    if not counts.pending and not counts.sending:
        return CampaignStatus.COMPLETED, None
    if facts.status is CampaignStatus.CANCELED:
        return facts.status, facts.reason
    if facts.status is CampaignStatus.PLANNED:
        return facts.status, None
    if facts.status is CampaignStatus.RUNNING:
        return CampaignStatus.PAUSED, _INTERRUPTED
    return CampaignStatus.PAUSED, facts.reason


def client_differences(facts: CampaignFacts, options: PlanOptions, prefix: str) -> None:
    """Compare the options, the line and the prefix with those of the plan.

    Raises:
        PlanChangedError: They differ.
    """
    pairs = {
        "batch_size": (facts.options.batch_size, options.batch_size),
        "dedupe": (facts.options.dedupe, options.dedupe),
        "normalize": (facts.options.normalize, options.normalize),
        "validate": (facts.options.validate, options.validate),
        "line": (facts.options.line, options.line),
        "api_prefix": (facts.prefix, prefix),
    }
    different = [f"{name}: {was!r} in the plan, {now!r} now" for name, (was, now) in pairs.items() if was != now]
    if different:
        raise PlanChangedError(
            f"the campaign was planned otherwise: {'; '.join(different)}; nothing was sent. A plan never changes: use "
            "what it was planned with, or plan another campaign",
            differences=different,
        )


def account_difference(facts: CampaignFacts, account: int | None) -> None:
    """Compare the account with the one that the campaign belongs to.

    Args:
        facts: The facts.
        account: The account's `user_id`; None if the gateway did not say.

    Raises:
        PlanChangedError: They differ.
    """
    if account is not None and facts.account is not None and account != facts.account:
        difference = f"account: user {facts.account} before, user {account} now"
        raise PlanChangedError(
            f"the campaign belongs to another account: {difference}; nothing was sent. Use the token of that account",
            differences=(difference,),
        )
