from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from zoneinfo import ZoneInfo

import pytest
from anyio.abc import ByteStream

from tests.support.raw import RawRequest, answer, raw_gateway
from tests.support.receives import emulated, exchanged, fill, headers_of
from wikipayam_async import (
    AsyncWikipayam,
    InvalidInputError,
    NotFoundError,
    Pagination,
    ReceivedMessage,
    ReceivesPage,
    ResponseError,
    Statistics,
    UnreadPage,
)

pytestmark = pytest.mark.anyio

MESSAGE = {
    "id": "650f5f1b2c3d4e5f60718293",
    "sender": "989127782175",
    "receiver": "10002000",
    "message": "لغو ۱۱ ",
    "received_at": "2023-09-24 23:55:20",
}
RECEIVED = ReceivedMessage(
    "650f5f1b2c3d4e5f60718293",
    "989127782175",
    "10002000",
    "لغو ۱۱ ",
    datetime(2023, 9, 24, 23, 55, 20),  # noqa: DTZ001 - the gateway names no zone
)


PLAIN_HEADERS = ["Bearer secret", "application/json", "identity", None]


class TestPages:
    """`list` and `unread`: one page."""

    async def test_the_documented_list(self) -> None:
        """The request is the documented one, and the documented answer, with numbers as strings, is read."""
        data = {
            "receives": [MESSAGE, MESSAGE | {"id": "b"}],
            "pagination": {"total": 178, "limit": "2", "offset": "0", "returned_count": 2, "total_pages": 89},
            "filters": {"status": "all"},
        }
        page, (request,) = await exchanged(lambda client: client.receives.list(limit=2), data)
        assert (request.method, request.target) == ("GET", "/api/v1/receives?limit=2&offset=0&status=all")
        assert (headers_of(request), request.body) == (PLAIN_HEADERS, b"")
        assert page.receives[0] == RECEIVED
        assert page.receives[1].id == "b"
        assert page.pagination == Pagination(178, 2, 0, 2, 89)
        assert (page.filters, page.extra) == ({"status": "all"}, {})

    async def test_all_parameters_of_the_list(self) -> None:
        """Every documented parameter is in the query, encoded, with dates as days."""
        _, (request,) = await exchanged(
            lambda client: client.receives.list(
                limit=500,
                offset=1000,
                status="unread",
                sender="989127782175",
                from_date=date(2024, 1, 31),
                to_date=datetime(2024, 2, 1, 23, 59, tzinfo=UTC),
                search="لغو & ۱۱ ",
                sort_by="created_at",
                sort_order="desc",
            ),
            {},
        )
        parts = urlsplit(request.target)
        assert parts.path == "/api/v1/receives"
        assert parse_qsl(parts.query) == [
            ("limit", "500"),
            ("offset", "1000"),
            ("status", "unread"),
            ("sender", "989127782175"),
            ("from_date", "2024-01-31"),
            ("to_date", "2024-02-01"),
            ("search", "لغو & ۱۱ "),
            ("sort_by", "created_at"),
            ("sort_order", "desc"),
        ]

    async def test_the_documented_unread_list(self) -> None:
        """The request is the documented one, and the documented answer, which has no total, is read."""
        data = {
            "total_unread": 178,
            "receives": [MESSAGE],
            "pagination": {"limit": "2", "offset": "0", "returned_count": 2},
        }
        page, (request,) = await exchanged(
            lambda client: client.receives.unread(
                limit=2, offset=4, sender="98912", from_date="2024-01-01", to_date="2024-01-02"
            ),
            data,
        )
        assert (request.method, request.target) == (
            "GET",
            "/api/v1/receives/unread?limit=2&offset=4&sender=98912&from_date=2024-01-01&to_date=2024-01-02",
        )
        assert headers_of(request) == PLAIN_HEADERS
        assert page == UnreadPage(178, (RECEIVED,), Pagination(None, 2, 0, 2, None))

    @pytest.mark.parametrize("data", [[], {"receives": None}, {"receives": [None, 7, []]}, {"pagination": {}}])
    async def test_empty_pages_of_any_shape(self, data: Any) -> None:
        """An answer without messages is an empty page."""
        page, _ = await exchanged(lambda client: client.receives.list(), data)
        assert (page.receives, page.pagination) == ((), Pagination())
        unread, _ = await exchanged(lambda client: client.receives.unread(), data)
        assert (unread.receives, unread.total_unread) == ((), None)

    @pytest.mark.parametrize("data", [None, {}, "x", 7, {"message": "maintenance"}])
    async def test_an_answer_that_is_not_a_page(self, data: Any) -> None:
        """An answer without the fields of a page is unreadable: as an empty page it would end an iteration."""
        page, _ = await exchanged(lambda client: client.receives.list(), data)
        unread, _ = await exchanged(lambda client: client.receives.unread(), data)
        assert (type(page), type(unread)) == (ResponseError, ResponseError)

    async def test_pages_of_other_shapes(self) -> None:
        """A bare list is a page, and new fields are kept."""
        page, _ = await exchanged(lambda client: client.receives.list(), [MESSAGE])
        assert page == ReceivesPage((RECEIVED,))
        data = {"receives": [MESSAGE | {"operator": "MCI"}], "took": 3}
        page, _ = await exchanged(lambda client: client.receives.list(), data)
        assert (page.receives[0].extra, page.extra) == ({"operator": "MCI"}, {"took": 3})

    async def test_times_with_a_zone(self) -> None:
        """With `timezone` the times are aware; without it they are naive."""
        data = {"receives": [MESSAGE, MESSAGE | {"received_at": None}]}
        page, _ = await exchanged(lambda client: client.receives.list(), data, timezone="Asia/Tehran")
        first, second = page.receives
        assert first.received_at == datetime(2023, 9, 24, 23, 55, 20, tzinfo=ZoneInfo("Asia/Tehran"))
        assert first.received_at.utcoffset() == timedelta(hours=3, minutes=30)
        assert second.received_at is None
        unread, _ = await exchanged(lambda client: client.receives.unread(), data, timezone="Asia/Tehran")
        assert unread.receives[0].received_at == first.received_at
        one, _ = await exchanged(lambda client: client.receives.get("a"), MESSAGE, timezone="Asia/Tehran")
        assert one.received_at == first.received_at
        inbox, _ = await exchanged(lambda client: client.sms.receive("2023-01-01"), [MESSAGE], timezone="Asia/Tehran")
        assert inbox.receives[0].received_at == first.received_at
        naive, _ = await exchanged(lambda client: client.receives.list(), data)
        assert naive.receives[0].received_at.tzinfo is None

    @pytest.mark.parametrize(
        ("method", "arguments", "field"),
        [
            ("list", {"limit": 0}, "limit"),
            ("list", {"limit": 501}, "limit"),
            ("list", {"limit": "20"}, "limit"),
            ("list", {"offset": -1}, "offset"),
            ("list", {"status": "new"}, "status"),
            ("list", {"sender": ""}, "sender"),
            ("list", {"from_date": "2024-1-1"}, "from_date"),
            ("list", {"to_date": 7}, "to_date"),
            ("list", {"from_date": "2024-01-02", "to_date": "2024-01-01"}, "to_date"),
            ("list", {"search": ""}, "search"),
            ("list", {"search": "\ud800"}, "search"),
            ("list", {"sort_by": "id"}, "sort_by"),
            ("list", {"sort_order": "up"}, "sort_order"),
            ("unread", {"limit": True}, "limit"),
            ("unread", {"offset": 1.5}, "offset"),
            ("unread", {"sender": 98912}, "sender"),
            ("unread", {"from_date": "1403/01/16", "to_date": "1403/01/15"}, "to_date"),
            ("statistics", {"from_date": "2024-02-30"}, "from_date"),
            ("statistics", {"from_date": "1403/01/15", "to_date": "2024-04-02"}, "to_date"),
            ("get", {"id": "../user"}, "id"),
            ("get", {"id": ""}, "id"),
            ("get", {"id": 7}, "id"),
            ("mark_read", {"ids": ["a", "b c"]}, "ids[1]"),
            ("mark_read", {"ids": 7}, "ids"),
            ("delete", {"ids": "a b"}, "ids"),
            ("delete_older_than", {"days": 0}, "days"),
            ("delete_older_than", {"days": "30"}, "days"),
        ],
    )
    async def test_bad_arguments(self, method: str, arguments: dict[str, Any], field: str) -> None:
        """The error names the invalid argument, and no request is sent."""
        client, emulator = emulated()
        async with client:
            with pytest.raises(InvalidInputError) as caught:
                await getattr(client.receives, method)(**arguments)
        assert (caught.value.field, emulator.requests) == (field, 0)

    async def test_on_the_emulator(self) -> None:
        """Pages, filters and counts agree with the inbox."""
        client, emulator = emulated()
        ids = fill(emulator, 5)
        other = emulator.inbound(sender="989350000000", message="نظر ")
        async with client:
            page = await client.receives.list(limit=2, offset=1, sender="09127782175")
            found = await client.receives.list(search="نظر", sort_by="sender", sort_order="asc")
            count = await client.receives.unread_count()
            unread = await client.receives.unread(limit=500)
        assert [message.id for message in page.receives] == ids[1:3]
        assert page.pagination.total == 5
        assert [(message.id, message.message) for message in found.receives] == [(other, "نظر ")]
        assert (count, unread.total_unread, len(unread.receives)) == (6, 6, 6)


class TestIterating:
    """`iter` and `iter_unread`: all pages."""

    @pytest.mark.parametrize("count", [0, 1, 4, 5, 11])
    async def test_all_pages(self, count: int) -> None:
        """Every message is yielded once, in the gateway's order, for any size of the last page."""
        client, emulator = emulated()
        ids = fill(emulator, count)
        async with client:
            assert [message.id async for message in client.receives.iter(page_size=4)] == ids
            assert [message.id async for message in client.receives.iter_unread(page_size=4)] == ids

    async def test_an_iterator_is_closed(self) -> None:
        """The iterators have the methods of an async generator: `aclose` ends them without a request."""
        client, emulator = emulated()
        ids = fill(emulator, 5)
        async with client:
            for messages in (client.receives.iter(page_size=2), client.receives.iter_unread(page_size=2)):
                assert [(await anext(messages)).id, (await messages.asend(None)).id] == ids[:2]
                await messages.aclose()
                assert [message async for message in messages] == []
                with pytest.raises(LookupError):
                    await messages.athrow(LookupError)
        assert emulator.requests == 2

    async def test_filters(self) -> None:
        """The filters and the page size are in every request."""
        pages = [[MESSAGE], []]

        async def handler(request: RawRequest, _: ByteStream) -> bytes:
            offset = int(dict(parse_qsl(urlsplit(request.target).query))["offset"])
            return answer({"data": {"receives": pages[min(offset, 1)]}})

        async with raw_gateway(handler) as gateway, AsyncWikipayam("t", base_url=gateway.url) as client:
            found = client.receives.iter(
                status="read",
                sender="98912",
                from_date="2024-01-01",
                to_date="2024-01-02",
                search="x",
                sort_by="sender",
                sort_order="asc",
                page_size=7,
            )
            assert [message async for message in found] == [RECEIVED]
            unread = client.receives.iter_unread(
                sender="98912", from_date="2024-01-01", to_date="2024-01-02", page_size=8
            )
            assert [message async for message in unread] == [RECEIVED]
        queries = [parse_qsl(urlsplit(request.target).query) for request in gateway.requests]
        filters = [("sender", "98912"), ("from_date", "2024-01-01"), ("to_date", "2024-01-02")]
        sorting = [("search", "x"), ("sort_by", "sender"), ("sort_order", "asc")]
        assert queries[0] == [("limit", "7"), ("offset", "0"), ("status", "read"), *filters, *sorting]
        assert queries[1] == [("limit", "7"), ("offset", "1"), ("status", "read"), *filters, *sorting]
        assert [("limit", "8"), ("offset", "0"), *filters] in queries

    @pytest.mark.parametrize("unread", [False, True])
    @pytest.mark.parametrize(
        "server", ["short pages", "ignores the offset", "repeats a page", "total too low", "total too high", "no total"]
    )
    async def test_servers_with_wrong_counts(self, server: str, unread: bool) -> None:
        """For any wrong pages and totals of a gateway, every message is yielded once and the iteration ends."""
        ids = [f"id{index}" for index in range(10)]
        requests = 0

        async def handler(request: RawRequest, _: ByteStream) -> bytes:
            nonlocal requests
            requests += 1
            query = dict(parse_qsl(urlsplit(request.target).query))
            offset, limit = int(query["offset"]), int(query["limit"])
            total: int | None = 10
            if server == "short pages":
                limit = 2
            elif server == "ignores the offset":
                offset, limit = 0, 10
            elif server == "repeats a page" and requests == 2:
                offset = 0
            elif server.startswith("total too"):
                total = 3 if server == "total too low" else 99
            elif server == "no total":
                total = None
            receives = [MESSAGE | {"id": id_} for id_ in ids[offset : offset + limit]]
            return answer({"data": {"receives": receives, "total_unread": total, "pagination": {"total": total}}})

        async with raw_gateway(handler) as gateway, AsyncWikipayam("t", base_url=gateway.url) as client:
            iterate: Any = client.receives.iter_unread if unread else client.receives.iter
            assert [message.id async for message in iterate(page_size=4)] == ids
        assert requests <= 12

    @pytest.mark.parametrize("count", [3, 4, 9, 20, 33])
    @pytest.mark.parametrize("page_size", [1, 4, 7])
    async def test_marking_meanwhile(self, count: int, page_size: int) -> None:
        """If every unread message is marked as it is yielded, none is lost or repeated."""
        client, emulator = emulated()
        ids = fill(emulator, count)
        seen = []
        async with client:
            async for message in client.receives.iter_unread(page_size=page_size):
                seen.append(message.id)
                await client.receives.mark_read(message.id)
        assert sorted(seen) == sorted(ids)
        assert all(message.is_read for message in emulator.inbox())

    @pytest.mark.parametrize("page_size", [1, 3, 10])
    async def test_deleting_meanwhile(self, page_size: int) -> None:
        """If every message is deleted as it is yielded, none is lost or repeated."""
        client, emulator = emulated()
        ids = fill(emulator, 10)
        seen = []
        async with client:
            async for message in client.receives.iter(page_size=page_size):
                seen.append(message.id)
                await client.receives.delete(message.id)
        assert sorted(seen) == sorted(ids)
        assert emulator.inbox() == []

    async def test_messages_that_come_meanwhile(self) -> None:
        """Messages that arrive during the iteration cause no repetition."""
        client, emulator = emulated()
        ids = fill(emulator, 6)
        seen = []
        async with client:
            async for message in client.receives.iter(page_size=2):
                seen.append(message.id)
                if len(seen) < 4:
                    emulator.inbound(sender="989127782175", message="new")
        assert [id_ for id_ in seen if id_ in ids] == ids
        assert len(seen) == len(set(seen))

    @pytest.mark.parametrize("page_size", [0, 501, "100", True])
    async def test_bad_page_sizes(self, page_size: Any) -> None:
        """A page size out of bounds is refused before any request."""
        client, emulator = emulated()
        async with client:
            iterates: list[Any] = [client.receives.iter, client.receives.iter_unread]
            for iterate in iterates:
                with pytest.raises(InvalidInputError) as caught:
                    await anext(iterate(page_size=page_size))
                assert caught.value.field == "page_size"
        assert emulator.requests == 0


class TestOne:
    """`get`, `unread_count` and `statistics`."""

    async def test_get(self) -> None:
        """A message is requested by its id in the path, and read."""
        message, (request,) = await exchanged(lambda client: client.receives.get("650f-5F_1"), MESSAGE)
        assert (request.method, request.target) == ("GET", "/api/v1/receives/650f-5F_1")
        assert headers_of(request) == PLAIN_HEADERS
        assert message == RECEIVED

    @pytest.mark.parametrize(
        ("data", "expected"),
        [
            ([MESSAGE], RECEIVED),
            ({"receive": MESSAGE}, RECEIVED),
            ({"id": 7}, ReceivedMessage("7")),
            ({"subject": "x"}, ReceivedMessage("asked", extra={"subject": "x"})),
            (None, ReceivedMessage("asked", extra={"data": None})),
            ("text", ReceivedMessage("asked", extra={"data": "text"})),
            ([], ReceivedMessage("asked", extra={"data": []})),
        ],
    )
    async def test_get_of_any_shape(self, data: Any, expected: ReceivedMessage) -> None:
        """Any answer is read as a message, or kept with the requested id."""
        message, _ = await exchanged(lambda client: client.receives.get("asked"), data)
        assert message == expected

    async def test_get_on_the_emulator(self) -> None:
        """A known id gives its message, and an unknown one raises `NotFoundError`."""
        client, emulator = emulated()
        id_ = emulator.inbound(sender="989127782175", message="لغو ۱۱ ")
        async with client:
            assert (await client.receives.get(id_)).message == "لغو ۱۱ "
            with pytest.raises(NotFoundError):
                await client.receives.get("unknown")

    async def test_unread_count(self) -> None:
        """The request is the documented one, and the count is read."""
        count, (request,) = await exchanged(lambda client: client.receives.unread_count(), {"unread_count": 178})
        assert (request.method, request.target) == ("GET", "/api/v1/receives/unread/count")
        assert count == 178

    @pytest.mark.parametrize(("data", "expected"), [({"unread_count": "7"}, 7), (5, 5), ("5", 5)])
    async def test_counts_of_other_shapes(self, data: Any, expected: int) -> None:
        """A number in any format is a count."""
        assert (await exchanged(lambda client: client.receives.unread_count(), data))[0] == expected

    @pytest.mark.parametrize("data", [{}, None, [], {"unread_count": None}, {"unread_count": "many"}])
    async def test_no_count(self, data: Any) -> None:
        """An answer without the documented number is unreadable."""
        error, _ = await exchanged(lambda client: client.receives.unread_count(), data)
        assert isinstance(error, ResponseError)

    async def test_statistics(self) -> None:
        """Statistics are requested with their days, and are a mapping of the answer."""
        figures, (request,) = await exchanged(
            lambda client: client.receives.statistics(date(2024, 1, 1), "2024-01-31"),
            {"total": 3, "by_sender": {"a": 1}},
        )
        assert (request.method, request.target) == (
            "GET",
            "/api/v1/receives/statistics?from_date=2024-01-01&to_date=2024-01-31",
        )
        assert dict(figures) == {"total": 3, "by_sender": {"a": 1}}
        assert (figures["total"], len(figures)) == (3, 2)

    @pytest.mark.parametrize("data", [None, [], [1, 2], 7, "x"])
    async def test_statistics_of_any_shape(self, data: Any) -> None:
        """An answer that is not an object is an empty mapping that keeps it."""
        figures, (request,) = await exchanged(lambda client: client.receives.statistics(), data)
        assert isinstance(figures, Statistics)
        assert (dict(figures), figures.raw, request.target) == ({}, data, "/api/v1/receives/statistics")
