from __future__ import annotations

import pytest
from anyio.lowlevel import checkpoint

from wikipayam_async import APIConnectionError, AuthenticationError, ResponseError, ServerError
from wikipayam_async.services.receives.splitting import SplittingReader

pytestmark = pytest.mark.anyio


class List:
    """A list of numbers; a page with a bad one cannot be read.

    Attributes:
        asked: The limit and the offset of each request.
        error: What a page with a bad number raises.
        fails: Whether every request fails.
    """

    def __init__(self, count: int, *bad: int, error: Exception | None = None) -> None:
        self._numbers = list(range(count))
        self._bad = {*bad}
        self.asked: list[tuple[int, int]] = []
        self.error = error or ServerError("no", status_code=500)
        self.fails = False

    async def fetch(self, limit: int, offset: int) -> list[int]:
        """Return a page."""
        await checkpoint()
        self.asked.append((limit, offset))
        page = self._numbers[offset : offset + limit]
        if self.fails or self._bad & {*page}:
            raise self.error
        return page

    async def read(self, limit: int) -> list[int]:
        """Read the whole list; a bad number counts as its negative."""
        reader, offset, found = SplittingReader(self.fetch), 0, list[int]()
        while True:
            try:
                page = await reader.read(limit, offset)
            except (ResponseError, ServerError) as error:
                found.append(-(error.offset or 0))
                offset += 1
                continue
            if not page:
                return found
            found += page
            offset += len(page)


@pytest.mark.parametrize("bad", [(), (1,), (99,), (3, 4, 5), (1, 50, 98), tuple(range(1, 100))])
@pytest.mark.parametrize("limit", [1, 7, 500])
@pytest.mark.parametrize("error", [ServerError("no", status_code=500), ResponseError("gibberish")])
async def test_everything_else_is_read(bad: tuple[int, ...], limit: int, error: Exception) -> None:
    """Every number but the bad ones is read once and in order, and each bad one is named by its offset."""
    source = List(100, *bad, error=error)
    assert await source.read(limit) == [-number if number in bad else number for number in range(100)]


async def test_the_requests_around_a_bad_one() -> None:
    """The pages shrink to the bad one and grow behind it; a page behind the end shows that the gateway works."""
    source = List(40, 2)
    await source.read(500)
    assert source.asked == [
        (500, 0), (1, 1_000_000), (125, 0), (31, 0), (7, 0), (1, 0),
        (4, 1), (1, 1), (4, 2), (1, 2), (1, 1_000_002),
        (1, 3), (4, 4), (16, 8), (64, 24), (256, 40),
    ]  # fmt: skip


@pytest.mark.parametrize("error", [APIConnectionError("away"), ServerError("no", status_code=503)])
async def test_failures_of_the_moment(error: Exception) -> None:
    """A failure that no message can cause is raised at once, without an offset."""
    source = List(3, error=error)
    source.fails = True
    with pytest.raises(type(error)) as caught:
        await SplittingReader(source.fetch).read(500, 0)
    assert (caught.value, source.asked) == (error, [(500, 0)])


async def test_a_gateway_that_fails_altogether() -> None:
    """If the page behind the end fails, too, the failure is about no message; the next reading begins anew."""
    source = List(3)
    source.fails = True
    reader = SplittingReader(source.fetch)
    for _ in range(2):
        with pytest.raises(ServerError) as caught:
            await reader.read(500, 0)
        assert (caught.value.offset, reader.is_splitting) == (None, False)
    assert source.asked == [(500, 0), (1, 1_000_000)] * 2
    source.fails = False
    assert await reader.read(500, 0) == [0, 1, 2]


async def test_a_gateway_that_fails_during_the_search() -> None:
    """No message is blamed if the gateway fails altogether before the search has ended."""
    source = List(40, 30)
    reader = SplittingReader(source.fetch)
    offset = len(await reader.read(40, 0))
    assert (offset, reader.is_splitting) == (10, True)
    source.fails = True
    with pytest.raises(ServerError) as caught:
        await reader.read(40, offset)
    assert (caught.value.offset, reader.is_splitting) == (None, False)
    assert source.asked[-2:] == [(1, 10), (1, 1_000_010)]


async def test_an_account_that_is_refused_during_the_search() -> None:
    """The refusal is raised, and no message is blamed."""
    refusal = AuthenticationError("no", status_code=401)

    async def fetch(_: int, offset: int) -> list[int]:
        await checkpoint()
        raise ServerError("no", status_code=500) if offset < 1_000 else refusal

    with pytest.raises(AuthenticationError) as caught:
        await SplittingReader(fetch).read(40, 0)
    assert caught.value is refusal


async def test_splitting_ends_with_the_first_full_page() -> None:
    """Once a page of the size that is asked for can be read, the reader no longer splits."""
    source = List(40, 1)
    reader = SplittingReader(source.fetch)
    assert (await reader.read(4, 0), reader.is_splitting) == ([0], True)
    with pytest.raises(ServerError):
        await reader.read(4, 1)
    assert (await reader.read(4, 2), reader.is_splitting) == ([2], True)
    assert (await reader.read(4, 3), reader.is_splitting) == ([3, 4, 5, 6], False)
