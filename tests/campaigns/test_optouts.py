"""Opt-outs of a campaign."""

from __future__ import annotations

from pathlib import Path

import pytest

from wikipayam_async import InvalidInputError, SuppressedError
from wikipayam_async.campaigns import MemoryJournal
from wikipayam_async.campaigns.optouts import OptOuts, read_opt_out
from wikipayam_async.optout import OptOutList

pytestmark = pytest.mark.anyio

A, B, C = "09120000001", "09120000002", "09120000003"


async def held(opt_outs: OptOuts) -> list[str]:
    """Return the numbers that are held back."""
    return [number for number in (A, B, C) if await opt_outs.check(number, "text") is not None]


async def test_lists_files_and_functions_are_read(tmp_path: Path) -> None:
    """A file and numbers become a list; a list and a function stay what they are."""
    file = tmp_path / "list.txt"
    file.write_text(f"{A}\n")
    listed = OptOutList([B])
    assert await read_opt_out(None) is None
    assert await read_opt_out(listed) is listed
    assert await read_opt_out(held) is held  # type: ignore[arg-type, comparison-overlap]
    for given in (file, str(file), [A]):
        read = await read_opt_out(given)
        assert isinstance(read, OptOutList)
        assert list(read) == [A]
    with pytest.raises(InvalidInputError) as caught:
        await read_opt_out(b"x")  # type: ignore[arg-type]
    assert str(caught.value) == (
        "opt_out: expected an OptOutList, numbers, the path of a file, or a predicate; got an object of type bytes"
    )


async def test_a_function_is_asked_for_the_receiver() -> None:
    """Only if the stored numbers do not decide; what it says is the reason."""
    asked: list[str] = []

    def ask(number: str) -> bool:
        asked.append(number)
        return number == C

    opt_outs = OptOuts([A], ask)
    assert opt_outs.active
    assert [await opt_outs.check(number, "text") is None for number in (A, B, C)] == [False, True, False]
    assert asked == [B, C]
    error = await opt_outs.check(C, "text")
    assert isinstance(error, SuppressedError)


async def test_stored_and_given_numbers_add_up() -> None:
    """Whoever the journal knows is held back, and whoever the run was given."""
    assert await held(OptOuts([], None)) == []
    assert not OptOuts([], None).active
    assert await held(OptOuts([A], None)) == [A]
    assert await held(OptOuts([A], OptOutList([B]))) == [A, B]
    assert await held(OptOuts([], lambda number: number == C)) == [C]

    async def ask(number: str) -> bool:
        return number == B

    assert await held(OptOuts([A], ask)) == [A, B]


async def test_new_numbers_of_a_list_are_stored() -> None:
    """A list that grew during the run is stored with its new numbers; a function cannot be."""
    journal = MemoryJournal()
    await journal.lock()
    given = OptOutList([A, B])
    opt_outs = OptOuts([A], given)
    await opt_outs.store(journal)
    assert await journal.opt_outs() == [B]
    given.add(C)
    await opt_outs.store(journal)
    assert sorted(await journal.opt_outs()) == [B, C]
    await OptOuts([], bool).store(journal)
    await OptOuts([B, C], OptOutList([B])).store(journal)
    assert len(await journal.opt_outs()) == 2
