"""Sends are spread over tasks, and counted."""

from __future__ import annotations

import pytest

from tests.benchmarks.contenders.road import Backend, chunks
from tests.benchmarks.fanout import Tally, run, spread


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_every_number_is_sent_once(backend: Backend) -> None:
    """However many tasks share them."""
    sent: list[int] = []

    async def send(number: int) -> object:
        sent.append(number)
        return None

    tally: Tally = run(lambda: spread(send, 10, 3, backend), backend)
    assert (sorted(sent), tally.done, tally.note) == (list(range(10)), 10, "")


def test_what_fails_is_counted_by_its_reason() -> None:
    """The others go on."""

    async def send(number: int) -> object:
        if number % 5 == 0:
            raise ValueError
        return None

    tally: Tally = run(lambda: spread(send, 10, 2, "asyncio"), "asyncio")
    assert (tally.done, tally.capped, tally.note) == (8, False, "8 done, 2 ValueError")


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_what_takes_too_long_is_broken_off(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    """It counts with what it has done."""
    monkeypatch.setattr("tests.benchmarks.fanout.CAP", 0.01)

    async def send(number: int) -> object:
        if number < 3:
            return None
        if backend == "trio":
            import trio  # noqa: PLC0415 - as in what is tested

            await trio.sleep_forever()
        import asyncio  # noqa: PLC0415 - as above

        await asyncio.Event().wait()
        return None

    tally: Tally = run(lambda: spread(send, 10, 2, backend), backend)
    assert (tally.done, tally.capped) == (3, True)
    assert tally.note.startswith("3 done, broken off after")


def test_batches_end_with_what_was_asked_for() -> None:
    """The last one may be smaller."""
    assert [len(chunk) for chunk in chunks(list(range(1000)), 250)] == [100, 100, 50]
