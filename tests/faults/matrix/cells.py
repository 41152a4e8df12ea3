"""A cell of the matrix: one call of one kind against one fault, and what both sides observed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeAlias

import anyio
from attrs import frozen

from tests.faults.matrix.setup import Fault, Setup
from tests.support.net import connected
from wikipayam_async import AsyncWikipayam, SendResult, SendStatus, SmsMessage

__all__ = ["Observation", "observe", "observe_all"]

Outcomes: TypeAlias = Sequence[tuple[str, str]]


@frozen
class Observation:
    """The observed result of one call.

    Attributes:
        raised: The class of the exception, or `ok`; for a bulk send, the classes of its results' errors.
        seen: The number of complete requests at the gateway.
        accepted: The number of messages it accepted, or of messages it marked as read.
        outcome: The outcome of `CallFinished`; for a bulk send, the status of each message.
        delays: The delays between the attempts, in seconds.
        broken: Descriptions of the broken promises.
    """

    raised: str
    seen: int
    accepted: int
    outcome: str
    delays: tuple[float, ...]
    broken: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.raised} {self.seen}/{self.accepted} {self.outcome}"


def _messages(setup: Setup) -> list[SmsMessage]:
    return [SmsMessage(f"0912345678{number}", setup.text, track_id=f"t-{number}") for number in range(setup.messages)]


async def _send(client: AsyncWikipayam, setup: Setup) -> object:
    if setup.messages > 1:
        return await client.sms.send_many(_messages(setup))
    return await client.sms.send("09123456780", setup.text, track_id="t-0")


async def _balance(client: AsyncWikipayam, _: Setup) -> object:
    return await client.balance()


async def _mark(client: AsyncWikipayam, _: Setup) -> object:
    return await client.receives.mark_read("a" * 24)


CALLS: Mapping[str, Callable[[AsyncWikipayam, Setup], Awaitable[object]]] = {
    "read": _balance,
    "mark_read": _mark,
    "send": _send,
}


async def observe(kind: str, fault: Fault) -> Observation:
    """Make one call of a kind against a fault."""
    async with fault() as setup:
        options = {"timeout": 5.0, **setup.options}
        async with connected(setup.url, **options) as (client, clock, recorder):
            if setup.interlude is not None:
                await CALLS["read" if kind == "bulk" else kind](client, setup)
                await setup.interlude()
                recorder.events.clear()
                setup.ledger.seen = 0
                setup.ledger.processed.clear()
            results: list[SendResult] = []
            raised = "ok"
            try:
                if kind == "bulk":
                    results = list((await client.sms.send_bulk(_messages(setup))).results)
                else:
                    await CALLS[kind](client, setup)
            except Exception as error:  # noqa: BLE001 - the source's own; raised to the consumer after the results
                raised = type(error).__name__
        if kind == "bulk":
            outcome = "+".join(result.status for result in results)
            errors = dict.fromkeys(type(result.error).__name__ for result in results if result.error is not None)
            raised = "+".join(errors) or raised
            outcomes = [(str(result.track_id), str(result.status)) for result in results]
        else:
            outcome = "+".join(end.outcome for end in recorder.finished)
            outcomes = [(str(outcome.track_id), str(outcome.status)) for outcome in recorder.outcomes]
        processed = setup.ledger.processed
        broken = _broken(kind, raised, outcomes, processed, setup)
        if setup.violations():
            broken.append("the client connected to a forbidden host or sent foreign credentials")
        delays = tuple(round(delay, 1) for delay in clock.slept if delay > 0.1)
        return Observation(raised, setup.ledger.seen, processed.total(), outcome, delays, tuple(broken))


def _broken(kind: str, raised: str, outcomes: Outcomes, processed: Counter[str], setup: Setup) -> list[str]:
    """Compare the outcome of each message with the gateway's ledger."""
    if kind in {"read", "mark_read"}:
        return []
    broken = [f"{name} was accepted {count} times" for name, count in processed.items() if count > 1]
    if sorted(name for name, _ in outcomes) != [f"t-{number}" for number in range(setup.messages)]:
        broken.append(f"the outcomes are those of {outcomes}")
    allowed = {SendStatus.ACCEPTED: {1}, SendStatus.UNKNOWN: {0, 1}}
    for name, status in outcomes:
        if processed[name] not in allowed.get(SendStatus(status), {0}):
            broken.append(f"{name} was accepted {processed[name]} times, and is {status}")
    if kind == "send" and raised == "ok" and processed.total() != setup.messages:
        broken.append("a success was not accepted")
    if kind == "send" and raised not in {"ok", "UnknownOutcomeError"} and any(processed.values()):
        broken.append("a failure was accepted")
    return broken


async def observe_all(fault: Fault, kinds: Sequence[str], *, concurrently: bool) -> dict[str, Observation]:
    """Make a call of each kind against a fault, each with its own setup."""
    seen: dict[str, Observation] = {}

    async def one(kind: str) -> None:
        seen[kind] = await observe(kind, fault)

    async with anyio.create_task_group() as group:
        for kind in kinds:
            if concurrently:
                group.start_soon(one, kind)
            else:
                await one(kind)
    return seen
