"""One cell of the matrix: one call of one kind against one fault, and what came of it on both sides."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeAlias

import anyio
from attrs import frozen

from tests.faults.matrix.setup import Fault, Stage
from tests.support.net import connected
from wikipayam_async import AsyncWikipayam, SendResult, SendStatus, SmsMessage

__all__ = ["Observation", "observe", "observe_all"]

Outcomes: TypeAlias = Sequence[tuple[str, str]]


@frozen
class Observation:
    """What came of one call.

    Attributes:
        told: The class of the exception, or `ok`; for messages of a bulk send with different outcomes, each that occurs.
        seen: How many requests the gateway saw whole.
        accepted: How many messages it accepted, or markings it made.
        outcome: What `CallFinished` said; for a bulk send, the status of each message.
        pauses: The pauses between the tries.
        broken: What breaks the promise, in words. Empty if all is well.
    """

    told: str
    seen: int
    accepted: int
    outcome: str
    pauses: tuple[float, ...]
    broken: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.told} {self.seen}/{self.accepted} {self.outcome}"


def _messages(stage: Stage) -> list[SmsMessage]:
    return [SmsMessage(f"0912345678{number}", stage.text, track_id=f"t-{number}") for number in range(stage.messages)]


async def _send(client: AsyncWikipayam, stage: Stage) -> object:
    if stage.messages > 1:
        return await client.sms.send_many(_messages(stage))
    return await client.sms.send("09123456780", stage.text, track_id="t-0")


async def _balance(client: AsyncWikipayam, _: Stage) -> object:
    return await client.balance()


async def _mark(client: AsyncWikipayam, _: Stage) -> object:
    return await client.receives.mark_read("a" * 24)


CALLS: Mapping[str, Callable[[AsyncWikipayam, Stage], Awaitable[object]]] = {
    "read": _balance,
    "marking": _mark,
    "send": _send,
}


async def observe(kind: str, fault: Fault) -> Observation:
    """Play a fault against one call of a kind."""
    async with fault() as stage:
        options = {"timeout": 5.0, **stage.options}
        async with connected(stage.url, **options) as (client, times, ear):
            if stage.interlude is not None:
                await CALLS["read" if kind == "bulk" else kind](client, stage)
                await stage.interlude()
                ear.events.clear()
                stage.ledger.seen = 0
                stage.ledger.carried_out.clear()
            results: list[SendResult] = []
            told = "ok"
            try:
                if kind == "bulk":
                    results = list((await client.sms.send_bulk(_messages(stage))).results)
                else:
                    await CALLS[kind](client, stage)
            except Exception as error:  # noqa: BLE001 - whatever comes out is what is to be seen
                told = type(error).__name__
        if kind == "bulk":
            outcome = "+".join(result.status for result in results)
            raised = dict.fromkeys(type(result.error).__name__ for result in results if result.error is not None)
            told = "+".join(raised) or told
            outcomes = [(str(result.track_id), str(result.status)) for result in results]
        else:
            outcome = "+".join(end.outcome for end in ear.finished)
            outcomes = [(str(outcome.track_id), str(outcome.status)) for outcome in ear.outcomes]
        booked = stage.ledger.carried_out
        broken = _broken(kind, told, outcomes, booked, stage)
        if stage.touched():
            broken.append("something was touched that nothing may touch")
        pauses = tuple(round(pause, 1) for pause in times.slept if pause > 0.1)
        return Observation(told, stage.ledger.seen, booked.total(), outcome, pauses, tuple(broken))


def _broken(kind: str, told: str, outcomes: Outcomes, booked: Counter[str], stage: Stage) -> list[str]:
    """Hold what the client said of each message against the gateway's books."""
    if kind in {"read", "marking"}:
        return []
    broken = [f"{name} was accepted {count} times" for name, count in booked.items() if count > 1]
    if sorted(name for name, _ in outcomes) != [f"t-{number}" for number in range(stage.messages)]:
        broken.append(f"the outcomes are those of {outcomes}")
    right = {SendStatus.ACCEPTED: {1}, SendStatus.UNKNOWN: {0, 1}}
    for name, status in outcomes:
        if booked[name] not in right.get(SendStatus(status), {0}):
            broken.append(f"{name} was accepted {booked[name]} times, and is {status}")
    if kind == "send" and told == "ok" and booked.total() != stage.messages:
        broken.append("a success was not accepted")
    if kind == "send" and told not in {"ok", "UnknownOutcomeError"} and any(booked.values()):
        broken.append("a failure was accepted")
    return broken


async def observe_all(fault: Fault, kinds: Sequence[str], *, at_once: bool) -> dict[str, Observation]:
    """Play a fault against a call of each kind, every one on a stage of its own."""
    seen: dict[str, Observation] = {}

    async def one(kind: str) -> None:
        seen[kind] = await observe(kind, fault)

    async with anyio.create_task_group() as group:
        for kind in kinds:
            if at_once:
                group.start_soon(one, kind)
            else:
                await one(kind)
    return seen
