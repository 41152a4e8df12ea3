from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.support.misuse import misuse
from wikipayam_async.misuse import AsyncOnly

pytestmark = pytest.mark.anyio


class Block(AsyncOnly):
    """An async context manager."""

    _usage = "a block is entered with async with: async with Block() as entered: ..."

    async def __aenter__(self) -> int:
        return 1

    async def __aexit__(self, *_: object) -> None:
        return None


class Items(AsyncOnly):
    """An async iterator."""

    _usage = "items are iterated with async for: async for item in Items(): ..."

    def __aiter__(self) -> AsyncIterator[int]:
        return self._items()

    async def _items(self) -> AsyncIterator[int]:
        yield 2


@pytest.mark.parametrize("keyword", ["with", "for", "await"])
async def test_the_error_says_what_to_write(keyword: str) -> None:
    """A plain `with`, a plain `for` and `await` raise a `TypeError` with the right code."""
    for value in (Block(), Items()):
        with pytest.raises(TypeError) as caught:
            await misuse(value, keyword)
        assert str(caught.value) == value._usage


async def test_the_right_use_works() -> None:
    """The asynchronous methods of a subclass are unaffected."""
    async with Block() as entered:
        assert entered == 1
    assert [item async for item in Items()] == [2]
