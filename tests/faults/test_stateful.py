"""Random programs against a model: whatever is sent, whatever fails, whoever leaves, nothing is doubled and nothing lost."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import anyio
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.faults.programs import Arm, Bulk, Many, Program, effort, programs
from tests.faults.model import Stage, play
from tests.support.figures import record
from tests.support.net import on_virtual_time
from wikipayam_async import AsyncWikipayam, RateLimitError, RetryPolicy, WikipayamError
from wikipayam_async.core.retry import RetryBudget
from wikipayam_async.emulator import DEFAULT_LINE, DEFAULT_TOKEN, Emulator, EmulatorTransport, ServedEmulator, serve

BACKENDS = pytest.mark.parametrize("backend", ["asyncio", "trio"])
NUMBERS = itertools.count()

played = {"programs": 0, "steps": 0, "messages": 0, "faults": 0, "cancels": 0, "lost": 0, "doubled": 0}


@pytest.fixture(scope="module", autouse=True)
def _figures() -> Iterator[None]:
    yield
    record("stateful", played)


@pytest.fixture(scope="module")
def served() -> Iterator[ServedEmulator]:
    """Serve an emulator to all the programs that go over sockets."""
    with serve(Emulator()) as emulator:
        yield emulator


async def carry_out(program: Program, emulator: Emulator, **options: object) -> None:
    """Play a program with a client of its own."""
    stage = Stage(emulator, f"P{next(NUMBERS)}")
    settings = {"sender": DEFAULT_LINE, "timeout": 0.02, "on_event": stage.hear, "max_connections": 3}
    client = AsyncWikipayam(DEFAULT_TOKEN, **(settings | options))  # type: ignore[arg-type] # each is what it says
    async with client:
        on_virtual_time(client)
        with anyio.fail_after(30):
            played["messages"] += await play(program, stage, client)
        played["faults"] += len(emulator.faults.log)
        played["programs"] += 1
        played["steps"] += len(program)
        played["cancels"] += sum(not isinstance(step, Arm) and step.cancel is not None for step in program)
        # The model is of use only if the gateway takes what no fault strikes.
        emulator.faults.reset()
        client._shared.gate.not_before = 0.0
        await play([Many(2, None)], stage, client.with_options(timeout=10))
        assert stage.outcomes[f"{stage.name}-{stage.made - 1}"] == ["accepted"]


@BACKENDS
@effort(700)
@given(program=programs)
def test_programs_in_process(backend: str, program: Program) -> None:
    """The ledger holds what was reported as accepted, besides it only what was reported as unknown, and nothing twice."""
    emulator = Emulator()
    transport = EmulatorTransport(emulator)
    anyio.run(lambda: carry_out(program, emulator, base_url="http://127.0.0.1:1", transport=transport), backend=backend)


@BACKENDS
@effort(250)
@given(program=programs)
def test_programs_over_sockets(backend: str, served: ServedEmulator, program: Program) -> None:
    """So too over lanes and real sockets, where a cancel can strike at every point of an exchange."""
    served.emulator.faults.reset()
    anyio.run(lambda: carry_out(program, served.emulator, base_url=served.url), backend=backend)


HEADERS = st.lists(
    st.sampled_from(
        [("Retry-After", "0"), ("Retry-After", "7"), ("Retry-After", "61"), ("Retry-After", "x"), ("X-Odd", "\xff")]
    ),
    max_size=1,
)
ANSWERS = st.lists(st.tuples(st.sampled_from([200, 200, 404, 429, 429, 500, 503]), HEADERS), max_size=40)


@BACKENDS
@effort(150)
@given(
    answers=ANSWERS,
    attempts=st.integers(1, 5),
    first=st.sampled_from([0.0, 0.5, 3.0]),
    longest=st.sampled_from([0.0, 2.0, 60.0]),
)
def test_retries_are_bounded(
    backend: str, answers: list[tuple[int, list[tuple[str, str]]]], attempts: int, first: float, longest: float
) -> None:
    """Tries, pauses and the budget keep their bounds, Retry-After is never undercut, and none is waited for too long."""
    policy = RetryPolicy(attempts=attempts, first_pause=first, longest_retry_after=longest)
    asked: list[float] = []
    not_before = [0.0]
    left = list(answers)

    async def ask() -> None:
        def handle(_: httpx.Request) -> httpx.Response:
            now = client._shared.clock()
            asked.append(now)
            early.extend([now] * (now < not_before[0]))
            status, headers = left.pop(0) if left else (200, [])
            wait = dict(headers).get("Retry-After", "")
            if status == 429 and wait.isdigit():
                not_before[0] = max(not_before[0], now + int(wait))
            return httpx.Response(status, headers=headers, json={"data": {"balance": 1}})

        early: list[float] = []
        client = AsyncWikipayam("t", base_url="http://127.0.0.1:1", transport=httpx.MockTransport(handle), retry=policy)
        async with client:
            times = on_virtual_time(client)
            while left:
                before, tokens = len(asked), client._shared.budget.tokens
                error: WikipayamError | None = None
                try:
                    await client.balance()
                except WikipayamError as raised:
                    error = raised
                tries = len(asked) - before
                assert tries <= attempts
                assert client._shared.budget.tokens == min(100, tokens - 5 * max(0, tries - 1) + (error is None))
                if isinstance(error, RateLimitError) and tries < attempts and tokens - 5 * tries >= 5:
                    assert error.retry_after is not None
                    assert error.retry_after > max(longest, 8.0)
                    client._shared.gate.not_before = not_before[0] = 0.0
            assert max(times.slept, default=0) <= max(longest, 8.0)
        assert early == []

    anyio.run(ask, backend=backend)


@effort(200)
@given(outcomes=st.lists(st.booleans(), max_size=400))
def test_retries_cost_at_most_a_fifth_of_the_successes(outcomes: list[bool]) -> None:
    """However successes and wishes to retry alternate, no more retries go through than twenty and one for five successes."""
    budget = RetryBudget()
    retries = 0
    for wish in outcomes:
        if wish:
            retries += budget.take()
        else:
            budget.succeed()
    assert retries <= 20 + outcomes.count(False) / 5


def test_a_program_of_every_step() -> None:
    """The steps do what they say: without faults and exits, every message of every step is accepted."""
    emulator = Emulator()
    stage = Stage(emulator, "all")
    bulk = Bulk(9, 0, 2, 2, False, "async generator", None, None, "break", None, "collect")
    bad = Bulk(9, 3, 2, 2, True, "generator", None, None, "break", None, "collect")

    async def run() -> int:
        client = AsyncWikipayam(
            DEFAULT_TOKEN, sender=DEFAULT_LINE, base_url="http://127.0.0.1:1", transport=EmulatorTransport(emulator)
        )
        async with client:
            return await play([Many(1, None), Many(3, None), bulk, bad], stage, client)

    assert anyio.run(run) == 22
    assert sum(outcomes == ["accepted"] for outcomes in stage.outcomes.values()) == 19
    assert sum(outcomes == ["rejected"] for outcomes in stage.outcomes.values()) == 3
    assert emulator.accepted == 19
