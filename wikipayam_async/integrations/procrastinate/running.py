"""The statements of a run that several processes work on. Each function is one transaction, and may be done twice."""

from __future__ import annotations

from typing import Any

from attrs import asdict, frozen

from wikipayam_async.campaigns.journal import StopRequest
from wikipayam_async.campaigns.shared import Claim, ClaimStatus, RunState, Turn
from wikipayam_async.core.limits import RateLimit
from wikipayam_async.integrations.procrastinate.planning import write_facts

__all__ = [
    "Claimant",
    "claim",
    "claim_in_run",
    "clear_request",
    "complete_run",
    "is_sent",
    "is_used",
    "read_request",
    "read_run",
    "release",
    "request",
    "show",
    "start_run",
    "stop_run",
    "take_turn",
]

_LIVE = "w.heartbeat > clock_timestamp() - %(stalled)s * interval '1 second'"
_CLAIM = """
    UPDATE wikipayam.chunk SET state = 'sending', claim = %(token)s, worker = %(worker)s, attempt = attempt + 1
    WHERE campaign = %(campaign)s AND no = %(no)s
        AND (state = 'pending' OR (state = 'sending' AND claim = %(token)s))
"""
"""A claim that is made again after a commit without an answer is the same claim."""
_OF_THE_RUN = """
    AND count = %(count)s
    AND EXISTS (SELECT 1 FROM wikipayam.campaign WHERE id = %(campaign)s AND active AND run = %(run)s)
"""
_RESERVE = """
    UPDATE wikipayam.campaign SET spent = spent + %(cost)s
    WHERE id = %(campaign)s AND spent + %(cost)s <= %(limit)s RETURNING spent
"""
_TURN = """
    UPDATE wikipayam.rate SET
        requests = greatest(requests, clock_timestamp()) + %(request_cost)s * interval '1 second',
        messages = greatest(messages, clock_timestamp()) + %(message_cost)s * interval '1 second'
    WHERE account = %(account)s AND EXISTS (SELECT 1 FROM wikipayam.campaign WHERE id = %(campaign)s AND active)
    RETURNING clock_timestamp(),
        extract(epoch FROM requests - clock_timestamp())::float8, extract(epoch FROM messages - clock_timestamp())::float8
"""


def start_run(
    connection: Any, campaign: int, after: int, terms: str, queue: str | None, priority: int, spent: int
) -> bool:
    """Make the run after one of a number active; return False if another was started meanwhile."""
    changed = connection.execute(
        "UPDATE wikipayam.campaign SET active = true, queue = %s, priority = %s, terms = %s, spent = %s, "
        "run = run + 1 WHERE id = %s AND run = %s",
        (queue, priority, terms, spent, campaign, after),
    ).rowcount
    if changed:
        write_facts(connection, campaign, {"status": "running", "reason": ""})
    return bool(changed)


def read_run(connection: Any, campaign: int, name: str, stalled_after: float) -> RunState:
    """Return the state of the run."""
    row = connection.execute(
        f"""
        SELECT run, active, queue, coalesce(terms, ''), EXISTS (
            SELECT 1 FROM wikipayam.worker w WHERE w.campaign = %(name)s AND w.sends AND {_LIVE}
        ), priority FROM wikipayam.campaign WHERE id = %(campaign)s
        """,  # noqa: S608 - constants
        {"campaign": campaign, "name": name, "stalled": stalled_after},
    ).fetchone()
    return RunState(0, active=False, queue=None, terms="", sends=False) if row is None else RunState(*row)


def stop_run(connection: Any, campaign: int, number: int | None, stop: StopRequest, reason: str) -> bool:
    """Stop the run in all its processes."""
    changed = connection.execute(
        "UPDATE wikipayam.campaign SET active = false, queue = NULL "
        "WHERE id = %s AND active AND (%s::integer IS NULL OR run = %s)",
        (campaign, number, number),
    ).rowcount
    if changed:
        write_facts(connection, campaign, {"status": stop.status.value, "reason": reason})
    return bool(changed)


def show(connection: Any, campaign: int, waiting: str) -> None:
    """Note what the run waits for, unless it was stopped meanwhile."""
    row = connection.execute("SELECT active FROM wikipayam.campaign WHERE id = %s FOR UPDATE", (campaign,)).fetchone()
    if row is not None and row[0]:
        write_facts(connection, campaign, {"reason": waiting})


def complete_run(connection: Any, campaign: int) -> bool:
    """End the run if nothing is left."""
    changed = connection.execute(
        "UPDATE wikipayam.campaign SET active = false, queue = NULL WHERE id = %(campaign)s AND active AND NOT EXISTS "
        "(SELECT 1 FROM wikipayam.chunk WHERE campaign = %(campaign)s AND state <> 'done')",
        {"campaign": campaign},
    ).rowcount
    if changed:
        write_facts(connection, campaign, {"status": "completed", "reason": ""})
    return bool(changed)


def is_sent(connection: Any, campaign: int, name: str, stalled_after: float) -> bool:
    """Return whether the run is active, and somebody sends it."""
    row = connection.execute(
        f"""
        SELECT active AND (
            (queue IS NOT NULL AND EXISTS (
                SELECT 1 FROM wikipayam.chunk WHERE campaign = %(campaign)s AND state <> 'done'
            )) OR EXISTS (SELECT 1 FROM wikipayam.worker w WHERE w.campaign = %(name)s AND w.sends AND {_LIVE})
        ) FROM wikipayam.campaign WHERE id = %(campaign)s
        """,  # noqa: S608 - constants
        {"campaign": campaign, "name": name, "stalled": stalled_after},
    ).fetchone()
    return bool(row is not None and row[0])


def is_used(connection: Any, campaign: int, name: str, stalled_after: float, but: int = 0) -> bool:
    """Return whether a process writes the campaign, or workers send it."""
    row = connection.execute(
        f"SELECT EXISTS (SELECT 1 FROM wikipayam.worker w WHERE w.campaign = %(name)s AND w.id <> %(but)s AND {_LIVE})",  # noqa: S608 - constants
        {"name": name, "stalled": stalled_after, "but": but},
    ).fetchone()
    return bool(row[0]) or is_sent(connection, campaign, name, stalled_after)


def request(connection: Any, campaign: int, name: str, stalled_after: float, stop: StopRequest, but: int) -> bool:
    """Ask whoever writes the campaign to stop; stop the run at once, if there is one."""
    if stop_run(connection, campaign, None, stop, stop.status.value):
        return True
    if not is_used(connection, campaign, name, stalled_after, but):
        return False
    connection.execute(
        "UPDATE wikipayam.campaign SET request = %s WHERE id = %s AND request IS DISTINCT FROM 'cancel'",
        (stop.value, campaign),
    )
    return True


def read_request(connection: Any, campaign: int) -> str | None:
    """Return what was asked of the writers."""
    row = connection.execute("SELECT request FROM wikipayam.campaign WHERE id = %s", (campaign,)).fetchone()
    return None if row is None else row[0]


def clear_request(connection: Any, campaign: int) -> None:
    """Forget what was asked."""
    connection.execute("UPDATE wikipayam.campaign SET request = NULL WHERE id = %s", (campaign,))


def take_turn(connection: Any, campaign: int, account: str, rate: RateLimit | None, messages: int) -> Turn:
    """Use up the account's allowance for a request; nothing of it is lost if the database crashes a moment later."""
    rate = rate or RateLimit()
    connection.execute("SET LOCAL synchronous_commit = off")
    costs = [
        0.0 if rate.requests_per_second is None else 1 / rate.requests_per_second,
        0.0 if rate.messages_per_second is None else messages / rate.messages_per_second,
    ]
    values = {"campaign": campaign, "account": account, "request_cost": costs[0], "message_cost": costs[1]}
    row = connection.execute(_TURN, values).fetchone()
    if row is None:
        connection.execute(
            "INSERT INTO wikipayam.rate (account) VALUES (%s) ON CONFLICT (account) DO NOTHING", (account,)
        )
        row = connection.execute(_TURN, values).fetchone()
    if row is None:
        return Turn(active=False, at=connection.execute("SELECT clock_timestamp()").fetchone()[0], delay=0.0)
    at, *ahead = row
    burst = rate.burst_seconds
    delays = [until - cost + min(cost, burst) - burst for until, cost in zip(ahead, costs, strict=True) if cost]
    return Turn(active=True, at=at, delay=max(0.0, *delays, 0.0))


def claim(connection: Any, campaign: int, no: int, token: str, worker: int) -> bool:
    """Move a chunk from pending to sending, by compare-and-set."""
    values = {"campaign": campaign, "no": no, "token": token, "worker": worker}
    return bool(connection.execute(_CLAIM, values).rowcount == 1)


@frozen
class Claimant:
    """Who claims a chunk, and as what.

    Attributes:
        token: The token of the claim.
        worker: The number of the process.
        run: The number of the run.
        count: The number of messages that the chunk had when it was read.
        cost: What it costs, in rials.
        limit: The most that the campaign may cost; None for no limit.
    """

    token: str
    worker: int
    run: int
    count: int
    cost: int
    limit: int | None


def claim_in_run(connection: Any, campaign: int, no: int, by: Claimant) -> Claim:
    """Move a chunk from pending to sending, if the run is active and the money suffices."""
    row = connection.execute(
        "SELECT c.state, c.claim, c.count, p.active AND p.run = %s, p.spent FROM wikipayam.campaign p "
        "LEFT JOIN wikipayam.chunk c ON c.campaign = p.id AND c.no = %s WHERE p.id = %s",
        (by.run, no, campaign),
    ).fetchone()
    if row is None or not row[3]:
        return Claim(ClaimStatus.STOPPED)
    state, owner, members, _, spent = row
    if state == "sending" and owner == by.token:
        return Claim(ClaimStatus.CLAIMED, spent)
    if state != "pending" or members != by.count:
        return Claim(ClaimStatus.TAKEN, spent)
    if by.limit is not None:
        reserved = connection.execute(_RESERVE, {"campaign": campaign, "cost": by.cost, "limit": by.limit}).fetchone()
        if reserved is None:
            return _over_the_limit(connection, campaign)
        spent = reserved[0]
    values = {"campaign": campaign, "no": no, **asdict(by)}
    if connection.execute(_CLAIM + _OF_THE_RUN, values).rowcount == 1:
        return Claim(ClaimStatus.CLAIMED, spent)
    if by.limit is not None:
        release(connection, campaign, by.cost, by.run)
    return Claim(ClaimStatus.TAKEN, spent)


def _over_the_limit(connection: Any, campaign: int) -> Claim:
    spent, sending = connection.execute(
        "SELECT spent, EXISTS (SELECT 1 FROM wikipayam.chunk WHERE campaign = %(campaign)s AND state = 'sending') "
        "FROM wikipayam.campaign WHERE id = %(campaign)s",
        {"campaign": campaign},
    ).fetchone()
    return Claim(ClaimStatus.LIMIT, spent, sending)


def release(connection: Any, campaign: int, rials: int, run: int) -> None:
    """Give back what a run reserved of the spending limit, unless another run has begun."""
    connection.execute(
        "UPDATE wikipayam.campaign SET spent = spent - %s WHERE id = %s AND run = %s", (rials, campaign, run)
    )
