from __future__ import annotations

from collections.abc import AsyncIterator
from inspect import isawaitable

import pytest

from tests.support.misuse import misuse
from wikipayam_async.misuse import AsyncIteration, AsyncOnly

pytestmark = pytest.mark.anyio


class Block(AsyncOnly):
    """An async context manager."""

    _usage = "a block is entered with async with: async with Block() as entered: ..."

    async def __aenter__(self) -> int:
        return 1

    async def __aexit__(self, *_: object) -> None:
        return None


class Items(AsyncIteration):
    """An async iterator."""

    _usage = "items are iterated with async for: async for item in Items(): ..."

    def __aiter__(self) -> AsyncIterator[int]:
        return self._items()

    async def _items(self) -> AsyncIterator[int]:
        yield 2


@pytest.mark.parametrize(("value", "keyword"), [
    (Block(), "with"), (Block(), "for"), (Items(), "with"), (Items(), "for"), (Items(), "await"),
])  # fmt: skip
async def test_the_error_says_what_to_write(value: AsyncOnly, keyword: str) -> None:
    """A plain `with`, a plain `for`, and `await` of an iteration raise a `TypeError` with the right code."""
    with pytest.raises(TypeError) as caught:
        await misuse(value, keyword)
    assert str(caught.value) == value._usage


def test_what_an_application_keeps_is_not_awaitable() -> None:
    """A container for dependency injection awaits a value that is awaitable."""
    assert [isawaitable(Block()), isawaitable(Items())] == [False, True]


async def test_the_right_use_works() -> None:
    """The asynchronous methods of a subclass are unaffected."""
    async with Block() as entered:
        assert entered == 1
    assert [item async for item in Items()] == [2]
