from __future__ import annotations

from collections.abc import Sequence

import pytest
from anyio.lowlevel import checkpoint

from wikipayam_async import (
    APIConnectionError,
    APIStatusError,
    AuthenticationError,
    MarkReadResult,
    NotFoundError,
    RateLimitError,
    ResponseError,
    ServerError,
    UnprocessableError,
)
from wikipayam_async.services.receives.handled import HandledMessages
from wikipayam_async.services.receives.marking import Marker, shown_ids

pytestmark = pytest.mark.anyio

AWAY = APIConnectionError("away")
BROKEN = ServerError("no", status_code=500)
REFUSED = UnprocessableError("no", status_code=422)


class Gateway:
    """Marks messages, except those that it fails at.

    Attributes:
        errors: The error of every request that names an id.
        asked: The ids of each request.
        now: The time.
    """

    def __init__(self, *ids: str, **errors: Exception) -> None:
        self.errors = errors
        self.asked: list[tuple[str, ...]] = []
        self.now = 0.0
        self.handled = HandledMessages()
        for id_ in ids:
            self.handled.add(id_)
        self.marker = Marker(self.mark, self.handled, interval=1.0, clock=lambda: self.now)

    async def mark(self, ids: Sequence[str]) -> MarkReadResult:
        """Mark messages."""
        await checkpoint()
        self.asked.append(tuple(ids))
        for id_ in ids:
            if id_ in self.errors:
                raise self.errors[id_]
        return MarkReadResult(len(ids), len(ids))

    async def at(self, now: float) -> list[tuple[str, ...]]:
        """Mark what is due at a time; return the requests."""
        self.now = now
        self.asked.clear()
        await self.marker.mark_due()
        return [*self.asked]


async def test_common_requests() -> None:
    """What is due is marked in requests of 500 ids; without anything due there is none."""
    gateway = Gateway(*[f"id{index}" for index in range(1100)])
    assert [len(ids) for ids in await gateway.at(0)] == [500, 500, 100]
    assert await gateway.at(1) == []


@pytest.mark.parametrize(
    "error", [REFUSED, NotFoundError("no", status_code=404), APIStatusError("gone", status_code=410)]
)
async def test_a_refused_id_among_others(error: Exception) -> None:
    """After a refusal the ids are marked one by one, and only the refused one is parked for an hour."""
    gateway = Gateway("a", "bad", "b", bad=error)
    assert await gateway.at(0) == [("a", "bad", "b"), ("a",), ("bad",), ("b",)]
    assert (gateway.handled.parked, await gateway.at(3599)) == (("bad",), [])
    assert await gateway.at(3600) == [("bad",)]


@pytest.mark.parametrize("error", [BROKEN, ResponseError("gibberish")])
async def test_an_id_that_the_gateway_fails_at(error: Exception) -> None:
    """After a failure that one of the ids may cause, each is marked in a request of its own, later."""
    gateway = Gateway("a", "bad", "b", bad=error)
    assert await gateway.at(0) == [("a", "bad", "b")]
    assert (await gateway.at(1.9), await gateway.at(2)) == ([], [("a",), ("bad",), ("b",)])
    assert (gateway.handled.unmarked, gateway.handled.parked) == (("bad",), ())
    assert (await gateway.at(5.9), await gateway.at(6)) == ([], [("bad",)])


@pytest.mark.parametrize(
    "error",
    [
        AWAY,
        *[APIStatusError("no", status_code=status) for status in (301, 405, 407, 408)],
        ServerError("no", status_code=503),
    ],
)
async def test_a_failure_of_the_moment(error: Exception) -> None:
    """After a failure that has nothing to do with the ids they stay in one request."""
    gateway = Gateway("a", "b", a=error)
    assert (await gateway.at(0), await gateway.at(2)) == ([("a", "b")], [("a", "b")])
    gateway.errors.clear()
    assert (await gateway.at(5.9), await gateway.at(6), await gateway.at(7)) == ([], [("a", "b")], [])


async def test_retry_after() -> None:
    """Marking is not repeated before the time that the gateway asks for, and not later than after an hour."""
    gateway = Gateway("a", a=RateLimitError("slow", status_code=429, retry_after=100))
    assert (await gateway.at(0), await gateway.at(99), await gateway.at(100)) == ([("a",)], [], [("a",)])
    gateway.errors["a"] = RateLimitError("slow", status_code=429, retry_after=1e9)
    assert (await gateway.at(200), await gateway.at(3799), await gateway.at(3800)) == ([("a",)], [], [("a",)])


async def test_a_short_interval_gives_a_short_pause() -> None:
    """If the gateway asks for no other."""
    gateway = Gateway("a", a=RateLimitError("slow", status_code=429))
    gateway.marker = Marker(gateway.mark, gateway.handled, interval=0.1, clock=lambda: gateway.now)
    assert (await gateway.at(0), await gateway.at(0.19), await gateway.at(0.2)) == ([("a",)], [], [("a",)])


async def test_failures_in_a_row_end_a_round() -> None:
    """After three failures in a row the other ids are tried first in the next round, so that none is starved."""
    gateway = Gateway("x", "y", "z", "a", "b", x=BROKEN, y=BROKEN, z=BROKEN)
    assert await gateway.at(0) == [("x", "y", "z", "a", "b")]
    assert await gateway.at(2) == [("x",), ("y",), ("z",)]
    assert await gateway.at(2.9) == []
    assert await gateway.at(3) == [("a",), ("b",)]
    assert gateway.handled.unmarked == ("x", "y", "z")


async def test_a_success_between_failures_lets_a_round_go_on() -> None:
    """Only failures in a row end it."""
    gateway = Gateway("x", "ok", "y", "z", "a", x=BROKEN, y=BROKEN, z=BROKEN)
    await gateway.at(0)
    assert await gateway.at(2) == [("x",), ("ok",), ("y",), ("z",), ("a",)]


async def test_the_account() -> None:
    """A refusal of the account is raised, and the messages stay due."""
    gateway = Gateway("a", "b", b=AuthenticationError("no", status_code=401))
    for _ in range(2):
        with pytest.raises(AuthenticationError):
            await gateway.at(0)
    gateway.errors = {"a": REFUSED, "b": AuthenticationError("no", status_code=401)}
    with pytest.raises(AuthenticationError):
        await gateway.at(0)
    assert (gateway.handled.parked, gateway.handled.due(0)) == (("a",), (["b"], []))


async def test_warnings(caplog: pytest.LogCaptureFixture) -> None:
    """A failure is logged once, and again when twice as many are affected, or after everything was marked meanwhile."""
    gateway = Gateway("a", a=AWAY)
    for now in (0, 2, 6, 14):
        await gateway.at(now)
    (warning,) = [one.getMessage() for one in caplog.records]
    assert warning == (
        "receives.consume: marking as read failed (APIConnectionError); it will be retried: a. Such messages: 1. They are "
        "not handled again, and are marked again after growing pauses"
    )
    gateway.handled.add("b")
    gateway.errors["b"] = AWAY
    await gateway.at(15)
    assert len(caplog.records) == 2
    gateway.errors.clear()
    await gateway.at(1000)
    gateway.handled.note_absent(set())
    await gateway.at(1001)
    gateway.handled.add("c")
    gateway.errors["c"] = REFUSED
    await gateway.at(1002)
    gateway.marker.note_listed_again([])
    gateway.marker.note_listed_again(["d"])
    refused, listed = [one.getMessage() for one in caplog.records[2:]]
    assert refused.startswith(
        "receives.consume: the gateway refuses to mark message c as read (UnprocessableError). Such"
    )
    assert listed.startswith(
        "receives.consume: messages are listed as unread although they were marked as read: d. Such"
    )


def test_shown_ids() -> None:
    """A log line shows five ids at most."""
    assert [shown_ids(list(ids)) for ids in ("a", "abcde", "abcdef")] == ["a", "a, b, c, d, e", "a, b, c, d, e, …"]
