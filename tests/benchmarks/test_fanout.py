"""Distributing sends over tasks."""

from __future__ import annotations

import pytest

from tests.benchmarks.fanout import Tally, fan_out, run
from tests.benchmarks.implementations.interface import Backend, chunks


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_every_number_is_sent_once(backend: Backend) -> None:
    """Several tasks send every number exactly once."""
    sent: list[int] = []

    async def send(number: int) -> object:
        sent.append(number)
        return None

    tally: Tally = run(lambda: fan_out(send, 10, 3, backend), backend)
    assert (sorted(sent), tally.done, tally.note) == (list(range(10)), 10, "")


def test_failures_are_counted_by_exception() -> None:
    """A failed send does not stop the others."""

    async def send(number: int) -> object:
        if number % 5 == 0:
            raise ValueError
        return None

    tally: Tally = run(lambda: fan_out(send, 10, 2, "asyncio"), "asyncio")
    assert (tally.done, tally.capped, tally.note) == (8, False, "8 done, 2 ValueError")


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_sends_are_stopped_at_the_time_limit(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sends done by then are counted."""
    monkeypatch.setattr("tests.benchmarks.fanout.CAP", 0.01)

    async def send(number: int) -> object:
        if number < 3:
            return None
        if backend == "trio":
            import trio  # noqa: PLC0415 - as in the module under test

            await trio.sleep_forever()
        import asyncio  # noqa: PLC0415 - as above

        await asyncio.Event().wait()
        return None

    tally: Tally = run(lambda: fan_out(send, 10, 2, backend), backend)
    assert (tally.done, tally.capped) == (3, True)
    assert tally.note.startswith("3 done, stopped after")


def test_the_last_batch_may_be_smaller() -> None:
    """Batches hold exactly the requested number of messages."""
    assert [len(chunk) for chunk in chunks(range(250), 100)] == [100, 100, 50]
