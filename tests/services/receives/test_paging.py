import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wikipayam_async.services.receives.paging import MAX_PAGE, Pager

Answer = tuple[list[int], int | None]
ENOUGH = 3000


def read_all(ask: Callable[[int, int], Answer], *, limit: int = 3, offset: int = 0) -> tuple[list[int], int]:
    """Read a list to its end; return what came, and how many requests it took."""
    pager: Pager[int] = Pager(lambda item: item, limit=limit, offset=offset)
    came: list[int] = []
    for requests in range(ENOUGH):
        if pager.done:
            return came, requests
        came += pager.feed(*ask(pager.limit, pager.offset))
    raise AssertionError("the reading has no end")


def test_a_list_is_read_page_by_page_until_an_empty_one() -> None:
    """Each page begins where the one before ended."""
    asked: list[tuple[int, int]] = []

    def ask(limit: int, offset: int) -> Answer:
        asked.append((limit, offset))
        return list(range(7))[offset : offset + limit], 7

    assert read_all(ask) == ([0, 1, 2, 3, 4, 5, 6], 4)
    assert asked == [(3, 0), (3, 3), (3, 6), (3, 7)]


def test_the_reading_may_begin_further_on() -> None:
    """What stands before the first offset is not read."""
    assert read_all(lambda limit, offset: (list(range(7))[offset : offset + limit], 7), offset=5) == ([5, 6], 2)


@given(
    count=st.integers(0, 40),
    cap=st.integers(1, 8),
    limit=st.integers(1, 8),
    totals=st.lists(st.none() | st.integers(0, 60), min_size=1, max_size=5) | st.none(),
)
def test_a_list_that_stands_still_is_read_whole(
    count: int, cap: int, limit: int, totals: list[int | None] | None
) -> None:
    """Whatever the gateway's cap on a page, and whatever total it claims, every item comes once and in order."""
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
    told=st.booleans(),
)
def test_messages_that_arrive_at_the_front_push_none_out(
    count: int, cap: int, when: int, arrived: int, told: bool
) -> None:
    """However many arrive between two pages, every message that was there from the beginning comes, once."""
    listed = list(range(count))
    asked = 0

    def ask(most: int, offset: int) -> Answer:
        nonlocal asked
        if asked == when:
            listed[:0] = range(1000, 1000 + arrived)
        asked += 1
        return listed[offset : offset + min(most, cap)], len(listed) if told else None

    came, _ = read_all(ask, limit=5)
    assert (sorted(set(range(count)) - set(came)), len(came)) == ([], len(set(came)))


@given(count=st.integers(0, 40), cap=st.integers(1, 8), seed=st.integers(0, 2**32), every=st.integers(1, 3))
def test_messages_that_are_marked_as_they_come_hide_none(count: int, cap: int, seed: int, every: int) -> None:
    """A list of unread messages shrinks while it is read and marked: still every message comes, once."""
    chance = random.Random(seed)
    listed = list(range(count))
    pager: Pager[int] = Pager(lambda item: item, limit=5)
    came: list[int] = []
    for step in range(ENOUGH):
        if pager.done:
            break
        fresh = pager.feed(listed[pager.offset : pager.offset + min(pager.limit, cap)], len(listed))
        came += fresh
        if fresh and step % every == 0:
            marked = set(chance.sample(came, chance.randint(0, len(came))))
            listed = [item for item in listed if item not in marked]
    assert (pager.done, sorted(came)) == (True, list(range(count)))


@given(st.integers(1, 15), st.integers(1, 5), st.integers(0, 2**32))
def test_a_gateway_gone_mad_is_left_in_the_end(universe: int, limit: int, seed: int) -> None:
    """Pages and totals at random: nothing comes twice, and the reading ends."""
    chance = random.Random(seed)

    def ask(_: int, offset: int) -> Answer:
        page = [chance.randrange(universe) for _ in range(chance.randint(0, 5))]
        return page, chance.choice([None, chance.randint(-5, 50), 10**12, 10**12 - offset])

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
def test_the_same_page_again_and_again_is_the_end(page: list[int], total: int | None, requests: int) -> None:
    """A gateway that does not heed the offset, or promises what it does not give, is asked a few times more."""
    assert read_all(lambda limit, offset: (page, total)) == (list(dict.fromkeys(page)), requests)


def test_a_page_that_is_empty_by_mistake_is_asked_for_again() -> None:
    """While the total promises more, one barren page is asked for once again at the same place, then further on."""
    hidden = [False, True, True, False]
    offsets: list[int] = []

    def ask(limit: int, offset: int) -> Answer:
        offsets.append(offset)
        barren = hidden.pop(0) if hidden else False
        return [] if barren else list(range(9))[offset : offset + limit], 9

    assert read_all(ask) == ([0, 1, 2, 6, 7, 8], 5)
    assert offsets == [0, 3, 3, 6, 9]


def test_a_list_that_shrinks_without_end_is_read_again_once() -> None:
    """A total that falls and falls, with nothing new to show for it, does not start the reading over each time."""
    totals = iter(range(1000, 0, -1))
    assert read_all(lambda limit, offset: ([1, 2, 3], next(totals))) == ([1, 2, 3], 5)


def test_only_so_many_items_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the last hundred thousand an item may come again; memory stays flat."""
    monkeypatch.setattr("wikipayam_async.services.receives.paging._MAX_REMEMBERED", 3)
    pager: Pager[int] = Pager(lambda item: item, limit=2)
    assert [pager.feed(page, None) for page in ([1, 2], [3, 4], [4, 1], [3, 5])] == [[1, 2], [3, 4], [1], [5]]


def test_items_are_told_apart_by_their_key() -> None:
    """Two items with the same key are the same message."""
    pager: Pager[str] = Pager(str.lower, limit=MAX_PAGE)
    assert (pager.feed(["a", "A", "b"], None), pager.feed(["B", "c"], None)) == (["a", "b"], ["c"])
    assert (pager.offset, pager.limit) == (5, 500)
