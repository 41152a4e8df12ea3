"""Random programs against a model: under any faults, cancellations and early exits no message is lost or doubled."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import anyio
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.faults.model import Model, play
from tests.faults.programs import Arm, Program, SendBulk, SendMany, programs
from tests.support.effort import examples
from tests.support.figures import record
from tests.support.net import on_virtual_time
from wikipayam_async import AsyncWikipayam, RateLimitError, RetryPolicy, WikipayamError
from wikipayam_async.core.retry import RetryBudget
from wikipayam_async.emulator import DEFAULT_LINE, DEFAULT_TOKEN, Emulator, EmulatorTransport, ServedEmulator, serve

BACKENDS = pytest.mark.parametrize("backend", ["asyncio", "trio"])
NUMBERS = itertools.count()

played = {"programs": 0, "steps": 0, "messages": 0, "faults": 0, "cancellations": 0, "lost": 0, "duplicated": 0}


@pytest.fixture(scope="module", autouse=True)
def _figures() -> Iterator[None]:
    yield
    record("stateful", played)


@pytest.fixture(scope="module")
def served() -> Iterator[ServedEmulator]:
    """Serve one emulator to all programs over sockets."""
    with serve(Emulator()) as emulator:
        yield emulator


async def run_program(program: Program, emulator: Emulator, **options: object) -> None:
    """Run a program with its own client."""
    model = Model(emulator, f"P{next(NUMBERS)}")
    settings = {"sender": DEFAULT_LINE, "timeout": 0.02, "on_event": model.record_event}
    if "transport" not in options:
        settings["max_connections"] = 3
    client = AsyncWikipayam(DEFAULT_TOKEN, **(settings | options))  # type: ignore[arg-type] # the values have their options' types
    async with client:
        on_virtual_time(client)
        with anyio.fail_after(30):
            played["messages"] += await play(program, model, client)
        played["faults"] += len(emulator.faults.log)
        played["programs"] += 1
        played["steps"] += len(program)
        played["cancellations"] += sum(not isinstance(step, Arm) and step.cancel_after is not None for step in program)
        # The model proves something only if the gateway accepts messages when no fault is armed.
        emulator.faults.reset()
        client._shared.gate.not_before = 0.0
        await play([SendMany(2, None)], model, client.with_options(timeout=10))
        assert model.outcomes[f"{model.name}-{model.made - 1}"] == ["accepted"]


@BACKENDS
@examples(700, short=100)
@given(program=programs)
def test_programs_in_process(backend: str, program: Program) -> None:
    """The ledger holds every message reported as accepted, otherwise only unknown ones, and none twice."""
    emulator = Emulator()
    transport = EmulatorTransport(emulator)
    anyio.run(
        lambda: run_program(program, emulator, base_url="http://127.0.0.1:1", transport=transport), backend=backend
    )


@BACKENDS
@examples(250, short=40)
@given(program=programs)
def test_programs_over_sockets(backend: str, served: ServedEmulator, program: Program) -> None:
    """The same holds over lanes and real sockets, where a cancellation can come at any point of an exchange."""
    served.emulator.faults.reset()
    anyio.run(lambda: run_program(program, served.emulator, base_url=served.url), backend=backend)


HEADERS = st.lists(
    st.sampled_from(
        [("Retry-After", "0"), ("Retry-After", "7"), ("Retry-After", "61"), ("Retry-After", "x"), ("X-Odd", "\xff")]
    ),
    max_size=1,
)
ANSWERS = st.lists(st.tuples(st.sampled_from([200, 200, 404, 429, 429, 500, 503]), HEADERS), max_size=40)


@BACKENDS
@examples(150, short=40)
@given(
    answers=ANSWERS,
    attempts=st.integers(1, 5),
    first=st.sampled_from([0.0, 0.5, 3.0]),
    longest=st.sampled_from([0.0, 2.0, 60.0]),
)
def test_retries_are_bounded(
    backend: str, answers: list[tuple[int, list[tuple[str, str]]]], attempts: int, first: float, longest: float
) -> None:
    """Attempts, delays and the retry budget keep their bounds, and `Retry-After` is obeyed or raised."""
    policy = RetryPolicy(max_attempts=attempts, initial_delay=first, max_retry_after=longest)
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
            clock = on_virtual_time(client)
            while left:
                before, tokens = len(asked), client._shared.budget.tokens
                error: WikipayamError | None = None
                try:
                    await client.balance()
                except WikipayamError as raised:
                    error = raised
                made = len(asked) - before
                assert made <= attempts
                assert client._shared.budget.tokens == min(100, tokens - 5 * max(0, made - 1) + (error is None))
                if isinstance(error, RateLimitError) and made < attempts and tokens - 5 * made >= 5:
                    assert error.retry_after is not None
                    assert error.retry_after > max(longest, 8.0)
                    client._shared.gate.not_before = not_before[0] = 0.0
            assert max(clock.slept, default=0) <= max(longest, 8.0)
        assert early == []

    anyio.run(ask, backend=backend)


@examples(200, short=200)
@given(outcomes=st.lists(st.booleans(), max_size=400))
def test_retries_cost_at_most_a_fifth_of_the_successes(outcomes: list[bool]) -> None:
    """The retry budget allows at most twenty retries plus one for every five successes."""
    budget = RetryBudget()
    retries = 0
    for failed in outcomes:
        if failed:
            retries += budget.take()
        else:
            budget.succeed()
    assert retries <= 20 + outcomes.count(False) / 5


def test_a_program_of_every_step() -> None:
    """Without faults and exits every valid message of every step is accepted."""
    emulator = Emulator()
    model = Model(emulator, "all")
    bulk = SendBulk(9, 0, 2, 2, False, "async generator", None, None, "break", None, False)
    invalid = SendBulk(9, 3, 2, 2, True, "generator", None, None, "break", None, False)

    async def run() -> int:
        client = AsyncWikipayam(
            DEFAULT_TOKEN, sender=DEFAULT_LINE, base_url="http://127.0.0.1:1", transport=EmulatorTransport(emulator)
        )
        async with client:
            return await play([SendMany(1, None), SendMany(3, None), bulk, invalid], model, client)

    assert anyio.run(run) == 22
    assert sum(outcomes == ["accepted"] for outcomes in model.outcomes.values()) == 19
    assert sum(outcomes == ["rejected"] for outcomes in model.outcomes.values()) == 3
    assert emulator.accepted == 19
