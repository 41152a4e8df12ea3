from __future__ import annotations

import pytest
from anyio.lowlevel import checkpoint

from wikipayam_async import APIConnectionError, AuthenticationError, ReceivedMessage, ServerError, UnreadPage
from wikipayam_async.services.receives.scanning import UnreadScanner

pytestmark = pytest.mark.anyio

BROKEN = ServerError("no", status_code=500)


class Inbox:
    """Unread messages; a page with one that begins with `bad` fails, one that begins with `odd` is no message.

    Attributes:
        ids: The ids.
        asked: The limit and the offset of each request.
        errors: The error of the request with a number, counted from 0.
        now: The time.
        counts: Whether the gateway tells the number of unread messages.
    """

    def __init__(self, *ids: str) -> None:
        self.ids = list(ids)
        self.asked: list[tuple[int, int]] = []
        self.errors: dict[int, Exception] = {}
        self.now = 0.0
        self.counts = True
        self.scanner = UnreadScanner(self.fetch, interval=1.0, clock=lambda: self.now)

    async def fetch(self, limit: int, offset: int) -> UnreadPage:
        """Return a page."""
        await checkpoint()
        number = len(self.asked)
        self.asked.append((limit, offset))
        if number in self.errors:
            raise self.errors[number]
        page = self.ids[offset : offset + limit]
        if any(id_.startswith("bad") for id_ in page):
            raise BROKEN
        return UnreadPage(
            len(self.ids) if self.counts else None,
            tuple(ReceivedMessage(id_.removeprefix("none")) for id_ in page if not id_.startswith("odd")),
            unreadable=tuple(index for index, id_ in enumerate(page) if id_.startswith("odd")),
        )

    @property
    def unreadable(self) -> list[int]:
        """Return the offsets of the messages that cannot be read."""
        return list(self.scanner.unreadable)

    async def scan(self, now: float, *not_due: str) -> tuple[list[str], bool]:
        """Scan at a time, and mark what is due; return it, and whether the end was reached."""
        self.now = now
        self.asked.clear()
        scan = await self.scanner.scan(lambda id_: id_ not in not_due)
        due = [message.id for message in scan.due]
        self.ids = [id_ for id_ in self.ids if id_ not in due]
        return due, scan.complete


async def test_the_first_page_with_something_due() -> None:
    """A scan ends with the first page that has a due message, or at the end of the list."""
    inbox = Inbox(*[f"id{index}" for index in range(700)])
    not_due = [f"id{index}" for index in range(500)]
    assert await inbox.scan(0, *not_due) == ([f"id{index}" for index in range(500, 700)], False)
    assert await inbox.scan(0, *not_due) == ([], True)
    assert inbox.asked == [(500, 0), (500, 500)]


async def test_an_unreadable_message_is_left_out() -> None:
    """The others are due; it is expected where the handled ones before it leave it, and is tried again after pauses."""
    inbox = Inbox("a", "b", "bad", "c")
    assert await inbox.scan(0) == (["a", "b", "c"], True)
    assert inbox.unreadable == [0]
    assert (await inbox.scan(1), inbox.asked) == (([], True), [(500, 1)])
    assert (await inbox.scan(2), inbox.asked) == (([], True), [(1, 0), (1, 1_000_000), (1, 1)])
    assert (await inbox.scan(5.9), inbox.asked) == (([], True), [(500, 1)])
    inbox.ids = ["mended"]
    assert (await inbox.scan(6), inbox.unreadable) == ((["mended"], False), [])


async def test_the_pause_grows_to_a_minute() -> None:
    """An unreadable message is tried again once a minute in the long run."""
    inbox = Inbox("bad")
    tries = 0
    for now in range(600):
        await inbox.scan(now)
        tries += (1, 0) in inbox.asked
    assert 10 <= tries <= 16


@pytest.mark.parametrize(("front", "back"), [(["x"], []), ([], ["x"]), (["x", "y"], ["z"])])
async def test_messages_that_come_meanwhile(front: list[str], back: list[str]) -> None:
    """Messages that come before or behind an unreadable one are due at the next scan."""
    inbox = Inbox("a", "bad1", "bad2", "b", "bad3")
    assert await inbox.scan(0) == (["a", "b"], True)
    inbox.ids = [*front, *inbox.ids, *back]
    assert (await inbox.scan(1))[0] == [*front, *back]
    assert inbox.unreadable == [0, 1, 2]


@pytest.mark.parametrize("counts", [True, False])
async def test_an_unreadable_message_that_is_gone(counts: bool) -> None:
    """If the gateway counts fewer messages, or does not count, what is left out is tried again at the next scan."""
    inbox = Inbox("bad1", "bad2")
    inbox.counts = counts
    for now in (0, 2, 6):
        await inbox.scan(now)
    assert inbox.unreadable == [0, 1]
    inbox.ids = ["bad2"]
    await inbox.scan(7)
    await inbox.scan(8)
    assert inbox.unreadable == [0]
    inbox.ids = []
    await inbox.scan(9)
    inbox.ids = ["x"]
    assert (await inbox.scan(10), inbox.unreadable) == ((["x"], False), [])


async def test_an_unreadable_message_that_moved_to_the_front() -> None:
    """If messages before it were marked elsewhere, it is found where it is now."""
    inbox = Inbox("a", "b", "bad1", "c", "bad2")
    assert await inbox.scan(0, "a", "b", "c") == ([], True)
    assert inbox.unreadable == [2, 4]
    inbox.ids.remove("a")
    assert await inbox.scan(1, "b", "c") == ([], True)
    assert inbox.unreadable == [1, 3]


async def test_a_list_that_ends_before_an_unreadable_message() -> None:
    """An unreadable message that was expected behind the end of the list is forgotten."""
    inbox = Inbox("a", "b", "bad")
    assert await inbox.scan(0, "a", "b") == ([], True)
    inbox.ids = ["a"]
    assert await inbox.scan(1, "a") == ([], True)
    assert inbox.unreadable == []


async def test_rows_that_are_no_messages(caplog: pytest.LogCaptureFixture) -> None:
    """They are named by their offsets, once; a message without an id is one of them."""
    inbox = Inbox("a", "odd", "none", "b")
    assert await inbox.scan(0) == (["a", "b"], False)
    assert await inbox.scan(1) == ([], True)
    assert await inbox.scan(2) == ([], True)
    assert inbox.unreadable == [0, 1]
    (warning,) = [one.getMessage() for one in caplog.records]
    assert warning == (
        "receives.consume: 2 of the unread messages cannot be read or handled (offset 1: it is no message; offset 2: a "
        "message that cannot be marked as read, because it has no valid id). The others are handled, and these are tried "
        "again"
    )
    inbox.ids = []
    await inbox.scan(3)
    inbox.ids = ["odd"]
    await inbox.scan(4)
    assert len(caplog.records) == 2


async def test_a_failure_after_something_due() -> None:
    """What was read before a failure is due; without anything due the failure is raised."""
    inbox = Inbox(*[f"id{index}" for index in range(30)], "bad", "x")
    inbox.errors = {9: APIConnectionError("away")}
    due, complete = await inbox.scan(0)
    assert (due[0], complete, len(due) < 30) == ("id0", False, True)
    inbox.errors = {0: APIConnectionError("away")}
    with pytest.raises(APIConnectionError):
        await inbox.scan(1)
    inbox.errors = {3: AuthenticationError("no", status_code=401)}
    with pytest.raises(AuthenticationError):
        await inbox.scan(1)


async def test_a_gateway_that_ignores_the_offset() -> None:
    """A gateway that always returns the first page is not read for ever."""
    inbox = Inbox("a")
    inner = inbox.fetch
    asked = 0

    async def fetch(limit: int, offset: int) -> UnreadPage:
        del offset
        nonlocal asked
        asked += 1
        return await inner(limit, 0)

    scan = await UnreadScanner(fetch, interval=1.0, clock=lambda: 0.0).scan(lambda _: False)
    assert (scan.complete, asked) == (True, 502)


async def test_a_gateway_that_lists_odd_entries_for_ever() -> None:
    """A reading ends after a hundred pages in which nothing can be handled."""
    asked: list[int] = []

    async def fetch(limit: int, offset: int) -> UnreadPage:
        await checkpoint()
        asked.append(offset)
        return UnreadPage(None, (ReceivedMessage(""), ReceivedMessage("no id")), unreadable=(2,))

    scan = await UnreadScanner(fetch, interval=1.0, clock=lambda: 0.0).scan(lambda _: True)
    assert (scan.due, scan.complete, asked) == ((), False, list(range(0, 303, 3)))


async def test_many_unreadable_messages() -> None:
    """One scan makes a bounded number of requests, and the following ones go on behind it."""
    inbox = Inbox(*[f"bad{index}" for index in range(500)], "a")
    seen: list[str] = []
    requests = []
    for _ in range(6):
        seen += (await inbox.scan(0))[0]
        requests.append(len(inbox.asked))
    assert (seen, max(requests) < 450) == (["a"], True)
