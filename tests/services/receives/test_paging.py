import random
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from traceback import walk_tb
from typing import Any

import pytest
from anyio.lowlevel import checkpoint
from hypothesis import given
from hypothesis import strategies as st

from tests.support.misuse import misuse
from wikipayam_async.services.receives.paging import MAX_PAGE, Pager, Pages

Answer = tuple[list[int], int | None]
ENOUGH = 3000


def read_all(ask: Callable[[int, int], Answer], *, limit: int = 3, offset: int = 0) -> tuple[list[int], int]:
    """Read a list to its end; return the items and the number of requests."""
    pager: Pager[int] = Pager(lambda item: item, limit=limit, offset=offset)
    came: list[int] = []
    for requests in range(ENOUGH):
        if pager.done:
            return came, requests
        came += pager.feed(*ask(pager.limit, pager.offset))
    raise AssertionError("the reading has no end")


def test_a_list_is_read_page_by_page_until_an_empty_one() -> None:
    """Each page begins where the previous one ended."""
    asked: list[tuple[int, int]] = []

    def ask(limit: int, offset: int) -> Answer:
        asked.append((limit, offset))
        return list(range(7))[offset : offset + limit], 7

    assert read_all(ask) == ([0, 1, 2, 3, 4, 5, 6], 4)
    assert asked == [(3, 0), (3, 3), (3, 6), (3, 7)]


def test_the_reading_may_begin_at_an_offset() -> None:
    """Items before the first offset are not read."""
    assert read_all(lambda limit, offset: (list(range(7))[offset : offset + limit], 7), offset=5) == ([5, 6], 2)


@given(
    count=st.integers(0, 40),
    cap=st.integers(1, 8),
    limit=st.integers(1, 8),
    totals=st.lists(st.none() | st.integers(0, 60), min_size=1, max_size=5) | st.none(),
)
def test_a_constant_list_is_read_whole(count: int, cap: int, limit: int, totals: list[int | None] | None) -> None:
    """For any page limit and any total of the gateway, every item is returned once and in order."""
    asked = 0

    def ask(most: int, offset: int) -> Answer:
        nonlocal asked
        asked += 1
        total = count if totals is None else totals[asked % len(totals)]
        return list(range(count))[offset : offset + min(most, cap)], total

    came, _ = read_all(ask, limit=limit)
    assert (sorted(came), totals is None and came != sorted(came)) == (list(range(count)), False)


@given(
    count=st.integers(0, 40),
    cap=st.integers(1, 8),
    when=st.integers(0, 12),
    arrived=st.integers(0, 60),
    has_total=st.booleans(),
)
def test_messages_that_arrive_at_the_front_hide_none(
    count: int, cap: int, when: int, arrived: int, has_total: bool
) -> None:
    """However many messages arrive between pages, every message of the initial list is returned once."""
    listed = list(range(count))
    asked = 0

    def ask(most: int, offset: int) -> Answer:
        nonlocal asked
        if asked == when:
            listed[:0] = range(1000, 1000 + arrived)
        asked += 1
        return listed[offset : offset + min(most, cap)], len(listed) if has_total else None

    came, _ = read_all(ask, limit=5)
    assert (sorted(set(range(count)) - set(came)), len(came)) == ([], len(set(came)))


@given(count=st.integers(0, 40), cap=st.integers(1, 8), seed=st.integers(0, 2**32), every=st.integers(1, 3))
def test_messages_marked_meanwhile_hide_none(count: int, cap: int, seed: int, every: int) -> None:
    """A list of unread messages that shrinks as they are marked is still returned completely and once."""
    rng = random.Random(seed)
    listed = list(range(count))
    pager: Pager[int] = Pager(lambda item: item, limit=5)
    came: list[int] = []
    for step in range(ENOUGH):
        if pager.done:
            break
        fresh = pager.feed(listed[pager.offset : pager.offset + min(pager.limit, cap)], len(listed))
        came += fresh
        if fresh and step % every == 0:
            marked = set(rng.sample(came, rng.randint(0, len(came))))
            listed = [item for item in listed if item not in marked]
    assert (pager.done, sorted(came)) == (True, list(range(count)))


@given(st.integers(1, 15), st.integers(1, 5), st.integers(0, 2**32))
def test_random_pages_come_to_an_end(universe: int, limit: int, seed: int) -> None:
    """With random pages and totals no item is returned twice, and the reading ends."""
    rng = random.Random(seed)

    def ask(_: int, offset: int) -> Answer:
        page = [rng.randrange(universe) for _ in range(rng.randint(0, 5))]
        return page, rng.choice([None, rng.randint(-5, 50), 10**12, 10**12 - offset])

    came, _ = read_all(ask, limit=limit)
    assert len(came) == len(set(came))


@pytest.mark.parametrize(
    ("page", "total", "requests"),
    [
        ([1, 2, 3], 178, 4),
        ([1, 2, 3], None, 4),
        ([1, 1, 1], 178, 4),
        ([], 178, 3),
        ([], 0, 1),
        ([], None, 1),
        ([], -1, 1),
    ],
)
def test_repeated_pages_come_to_an_end(page: list[int], total: int | None, requests: int) -> None:
    """A gateway that ignores the offset, or reports a wrong total, is requested only a few times more."""
    assert read_all(lambda limit, offset: (page, total)) == (list(dict.fromkeys(page)), requests)


def test_an_unexpectedly_empty_page_is_requested_again() -> None:
    """If the total exceeds the offset, a page without new items is requested once more, then one further on."""
    hidden = [False, True, True, False]
    offsets: list[int] = []

    def ask(limit: int, offset: int) -> Answer:
        offsets.append(offset)
        barren = hidden.pop(0) if hidden else False
        return [] if barren else list(range(9))[offset : offset + limit], 9

    assert read_all(ask) == ([0, 1, 2, 6, 7, 8], 5)
    assert offsets == [0, 3, 3, 6, 9]


def test_a_shrinking_total_restarts_once() -> None:
    """A total that keeps falling without new items does not restart the reading each time."""
    totals = iter(range(1000, 0, -1))
    assert read_all(lambda limit, offset: ([1, 2, 3], next(totals))) == ([1, 2, 3], 5)


def test_the_number_of_remembered_items_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the last 100,000 items one may be returned again; memory stays constant."""
    monkeypatch.setattr("wikipayam_async.services.receives.paging._MAX_REMEMBERED", 3)
    pager: Pager[int] = Pager(lambda item: item, limit=2)
    assert [pager.feed(page, None) for page in ([1, 2], [3, 4], [4, 1], [3, 5])] == [[1, 2], [3, 4], [1], [5]]


def test_pages_of_unreadable_entries_come_to_an_end() -> None:
    """A gateway that answers every request with unreadable entries is asked a bounded number of times."""
    pager: Pager[int] = Pager(lambda item: item, limit=2)
    pages = 0
    while not pager.done:
        pager.unreadable = 2
        assert pager.feed([], None) == []
        pages += 1
    assert pages == 101


def test_items_are_identified_by_their_key() -> None:
    """Two items with the same key are the same item."""
    pager: Pager[str] = Pager(str.lower, limit=MAX_PAGE)
    assert (pager.feed(["a", "A", "b"], None), pager.feed(["B", "c"], None)) == (["a", "b"], ["c"])
    assert (pager.offset, pager.limit) == (5, 500)


def pages_of(count: int) -> tuple[Pages[int], list[int]]:
    """Return the pages of a list, two items each, and the offsets that are requested."""
    asked: list[int] = []

    async def fetch(limit: int, offset: int) -> tuple[list[int], int]:
        await checkpoint()
        asked.append(offset)
        return list(range(count))[offset : offset + limit], count

    return Pages(Pager(lambda item: item, limit=2), fetch), asked


async def real_generator() -> AsyncGenerator[int, None]:
    """Yield numbers."""
    for number in range(5):
        yield number


@pytest.mark.anyio
class TestPages:
    """`Pages`: an async iterator with the methods of an async generator."""

    async def test_all_items(self) -> None:
        """Every item is yielded once, and the end stays the end."""
        pages, asked = pages_of(5)
        assert isinstance(pages, AsyncGenerator)
        assert aiter(pages) is pages
        assert [item async for item in pages] == [0, 1, 2, 3, 4]
        assert asked == [0, 2, 4, 5]
        with pytest.raises(StopAsyncIteration):
            await anext(pages)

    async def test_asend(self) -> None:
        """`asend(None)` returns the next item, as with an async generator."""
        pages, asked = pages_of(3)
        assert [await pages.asend(None), await anext(pages), await pages.asend(None)] == [0, 1, 2]
        with pytest.raises(StopAsyncIteration):
            await pages.asend(None)
        assert asked == [0, 2, 3]

    async def test_aclose(self) -> None:
        """After `aclose` no item is yielded and no page requested; closing again does nothing."""
        pages, asked = pages_of(5)
        async with aclosing(pages) as items:
            async for item in items:
                assert item == 0
                break
        await pages.aclose()
        assert [item async for item in pages] == []
        assert asked == [0]

    @pytest.mark.parametrize(
        ("arguments", "text"),
        [
            ((KeyError("own"),), "KeyError('own')"),
            ((KeyError,), "KeyError()"),
            ((KeyError, KeyError("value")), "KeyError('value')"),
            ((KeyError, "value"), "KeyError('value')"),
        ],
    )
    @pytest.mark.filterwarnings("ignore:the .*signature of athrow:DeprecationWarning")
    async def test_athrow(self, arguments: tuple[Any, ...], text: str) -> None:
        """`athrow` raises the exception and ends the iteration, as with an async generator."""
        pages, _ = pages_of(5)
        for generator in (pages, real_generator()):
            assert await anext(generator) == 0
            with pytest.raises(KeyError) as caught:
                await generator.athrow(*arguments)
            assert repr(caught.value) == text
            assert [item async for item in generator] == []

    async def test_athrow_keeps_a_traceback(self) -> None:
        """A traceback that is passed, or that the exception has, is kept."""
        pages, _ = pages_of(5)
        with pytest.raises(KeyError) as raised:
            dict[str, int]()["own"]
        own = raised.value
        first = own.__traceback__
        passed: list[tuple[Any, ...]] = [(own,), (KeyError, own, first)]
        for arguments in passed:
            with pytest.raises(KeyError) as caught:
                await pages.athrow(*arguments)
            assert caught.value is own
            assert own.__traceback__ is not None
            assert first is not None
            assert first.tb_lineno in [line for _, line in walk_tb(own.__traceback__)]

    async def test_a_failed_step_loses_nothing(self) -> None:
        """After an error the next step requests the same page again."""
        failures = [OSError("away")]

        async def fetch(_: int, offset: int) -> tuple[list[int], int]:
            await checkpoint()
            if failures:
                raise failures.pop()
            return ([7], 1) if offset == 0 else ([], 1)

        pages = Pages(Pager[int](lambda item: item, limit=2), fetch)
        with pytest.raises(OSError, match="away"):
            await anext(pages)
        assert [item async for item in pages] == [7]

    @pytest.mark.parametrize("keyword", ["with", "for", "await"])
    async def test_plain_keywords(self, keyword: str) -> None:
        """A plain `with`, a plain `for` and `await` raise a `TypeError` that says what to write."""
        pages, asked = pages_of(5)
        with pytest.raises(TypeError) as caught:
            await misuse(pages, keyword)
        assert str(caught.value) == (
            "messages are iterated with async for: async for message in client.receives.iter(): ...; "
            "for one page, write await client.receives.list()"
        )
        assert asked == []
