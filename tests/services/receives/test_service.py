from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import pytest
from anyio.abc import ByteStream

from tests.support.raw import RawRequest, answer, raw_gateway
from tests.support.receives import emulated, exchanged, fill, headers_of
from wikipayam_async import (
    APIConnectionError,
    AsyncWikipayam,
    DeleteResult,
    InvalidInputError,
    MarkReadResult,
    ReceivedMessage,
)
from wikipayam_async.emulator import TEHRAN, Fault, When

pytestmark = pytest.mark.anyio


BODY_HEADERS = ["Bearer secret", "application/json", "identity", "application/json"]


class TestMarking:
    """`mark_read` and `mark_all_read`."""

    async def test_the_documented_call(self) -> None:
        """The request is the documented one, and the documented answer is read."""
        result, (request,) = await exchanged(
            lambda client: client.receives.mark_read("a"), {"marked_count": 1, "requested_count": 1}
        )
        assert (request.method, request.target) == ("POST", "/api/v1/receives/mark-read")
        assert (headers_of(request), request.body) == (BODY_HEADERS, b'{"receive_ids":["a"]}')
        assert result == MarkReadResult(1, 1)

    async def test_all(self) -> None:
        """`mark_all_read` sends a flag."""
        result, (request,) = await exchanged(
            lambda client: client.receives.mark_all_read(), {"marked_count": "3", "message": "done"}
        )
        assert (request.method, request.target, request.json) == (
            "POST",
            "/api/v1/receives/mark-read",
            {"mark_all": True},
        )
        assert result == MarkReadResult(3, None, extra={"message": "done"})

    async def test_many(self) -> None:
        """Ids are sent in chunks of 500, each once, and the counts are added up."""
        ids = [f"id{index}" for index in range(1100)]
        result, requests = await exchanged(
            lambda client: client.receives.mark_read([*ids, "id0"]), {"marked_count": 5, "requested_count": "7", "x": 1}
        )
        assert [id_ for request in requests for id_ in request.json["receive_ids"]] == ids
        assert [len(request.json["receive_ids"]) for request in requests] == [500, 500, 100]
        assert result == MarkReadResult(15, 21)

    async def test_none(self) -> None:
        """An empty list sends no request."""
        client, emulator = emulated()
        async with client:
            assert await client.receives.mark_read([]) == MarkReadResult()
            assert await client.receives.delete(iter([])) == DeleteResult()
        assert emulator.requests == 0

    async def test_messages_and_pages(self) -> None:
        """Received messages and pages of them stand for their ids, to mark, to read again and to delete."""
        client, emulator = emulated()
        fill(emulator, 3)
        async with client:
            page = await client.receives.unread(limit=2)
            assert await client.receives.mark_read(page) == MarkReadResult(2, 2)
            (last,) = await client.receives.unread()
            assert await client.receives.get(last) == last
            assert await client.receives.mark_read(last) == MarkReadResult(1, 1)
            assert (await client.receives.delete(page)).deleted_count == 2
            assert (await client.receives.delete(last)).deleted_count == 1
        assert emulator.inbox() == []

    @pytest.mark.parametrize("name", ["mark_read", "delete", "get"])
    async def test_a_message_without_an_id(self, name: str) -> None:
        """A received message whose id the gateway omitted is refused before any request."""
        client, emulator = emulated()
        async with client:
            with pytest.raises(InvalidInputError, match="expected an object with an id; of a bulk send pass"):
                await getattr(client.receives, name)(ReceivedMessage(message="m"))
        assert emulator.requests == 0

    @pytest.mark.parametrize("data", [None, [], {}, "ok", 7, {"marked_count": None}])
    async def test_answers_without_counts(self, data: Any) -> None:
        """Counts that the gateway omits are None."""
        result, _ = await exchanged(lambda client: client.receives.mark_read(["a"]), data)
        assert result == MarkReadResult()
        result, _ = await exchanged(lambda client: client.receives.mark_all_read(), data)
        assert result == MarkReadResult()

    @pytest.mark.parametrize("reply", [answer("", 204), answer("", 200), answer(" \n", 202)])
    @pytest.mark.parametrize(
        ("call", "expected"),
        [
            (lambda receives: receives.mark_read(["a", "b"]), MarkReadResult()),
            (lambda receives: receives.mark_all_read(), MarkReadResult()),
            (lambda receives: receives.delete("a"), DeleteResult()),
            (lambda receives: receives.delete_all_read(), DeleteResult()),
            (lambda receives: receives.delete_all_unread(), DeleteResult()),
            (lambda receives: receives.delete_older_than(3), DeleteResult()),
        ],
    )
    async def test_an_empty_success(self, reply: bytes, call: Any, expected: object) -> None:
        """A success without a body is a success; the counts are None."""

        async def handle(_: RawRequest, __: ByteStream) -> bytes:
            return reply

        async with raw_gateway(handle) as gateway, AsyncWikipayam("t", base_url=gateway.url) as client:
            assert await call(client.receives) == expected
        assert len(gateway.requests) == 1

    async def test_a_count_that_is_missing_once(self) -> None:
        """If one of several answers has no count, the sum is not known: it is not the sum of the others."""
        replies = [answer({"data": {"marked_count": 500, "requested_count": 500}}), answer("", 204)]

        async def handle(_: RawRequest, __: ByteStream) -> bytes:
            return replies.pop(0)

        async with raw_gateway(handle) as gateway, AsyncWikipayam("t", base_url=gateway.url) as client:
            assert await client.receives.mark_read([f"id{index}" for index in range(600)]) == MarkReadResult()

    async def test_a_lost_answer(self) -> None:
        """Marking twice does no harm, so the request is retried if the answer is lost."""
        client, emulator = emulated()
        (id_,) = fill(emulator, 1)
        emulator.faults.arm(Fault.reset(when=When.AFTER))
        async with client:
            client._shared.uniform = lambda _, __: 0.0
            assert await client.receives.mark_read(id_) == MarkReadResult(0, 1)
        assert emulator.requests == 2

    async def test_a_gateway_that_is_gone(self) -> None:
        """A marking that never gets an answer raises `APIConnectionError`."""
        client, emulator = emulated()
        emulator.faults.arm(Fault.close(), times=None)
        async with client:
            client._shared.uniform = lambda _, __: 0.0
            with pytest.raises(APIConnectionError):
                await client.receives.mark_all_read()
        assert emulator.requests == 3

    async def test_on_the_emulator(self) -> None:
        """Marked messages are read, and one call marks the rest."""
        client, emulator = emulated()
        ids = fill(emulator, 5)
        async with client:
            assert await client.receives.mark_read(ids[:2]) == MarkReadResult(2, 2)
            result = await client.receives.mark_all_read()
        assert result.marked_count == 3
        assert all(message.is_read for message in emulator.inbox())


class TestDeleting:
    """`delete` and the other deletions."""

    @pytest.mark.parametrize(
        ("call", "body"),
        [
            (lambda client: client.receives.delete("a"), {"receive_ids": ["a"]}),
            (lambda client: client.receives.delete(["a", "b", "a"]), {"receive_ids": ["a", "b"]}),
            (lambda client: client.receives.delete_all_read(), {"delete_all_read": True}),
            (lambda client: client.receives.delete_all_unread(), {"delete_all_unread": True}),
            (lambda client: client.receives.delete_older_than(30), {"delete_older_than_days": 30}),
        ],
    )
    async def test_the_documented_calls(self, call: Callable[[AsyncWikipayam], Awaitable[Any]], body: Any) -> None:
        """Every deletion is a DELETE with its documented body, and the documented answers are read."""
        data = {"deleted_count": 1, "requested_count": 1, "message": "All read receives have been deleted"}
        result, (request,) = await exchanged(call, data)
        assert (request.method, request.target, request.json) == ("DELETE", "/api/v1/receives", body)
        assert headers_of(request) == BODY_HEADERS
        assert result == DeleteResult(1, 1, "All read receives have been deleted")

    @pytest.mark.parametrize("data", [None, [], {}, "ok", 7, {"deleted_count": "x"}])
    async def test_answers_without_counts(self, data: Any) -> None:
        """Counts that the gateway omits are None; unreadable fields are kept."""
        result, _ = await exchanged(lambda client: client.receives.delete_older_than(1), data)
        assert result == DeleteResult(extra=data if data == {"deleted_count": "x"} else {})

    async def test_many(self) -> None:
        """Ids are sent in chunks of 500, and the counts are added up."""
        result, requests = await exchanged(
            lambda client: client.receives.delete([f"id{index}" for index in range(501)]),
            {"deleted_count": 2, "message": "ok", "x": 1},
        )
        assert [len(request.json["receive_ids"]) for request in requests] == [500, 1]
        assert result == DeleteResult(4, None)

    async def test_on_the_emulator(self) -> None:
        """Only the given messages are deleted."""
        client, emulator = emulated()
        ids = fill(emulator, 6)
        old = emulator.inbound(sender="989127782175", message="old", received_at=datetime(2024, 1, 1, tzinfo=TEHRAN))
        async with client:
            assert await client.receives.delete([ids[0], "unknown"]) == DeleteResult(1, 2)
            older = await client.receives.delete_older_than(30)
            await client.receives.mark_read(ids[1:3])
            read = await client.receives.delete_all_read()
            left = [message.id for message in emulator.inbox()]
            unread = await client.receives.delete_all_unread()
        assert (older.deleted_count, read.deleted_count, unread.deleted_count) == (1, 2, 3)
        assert read.message == "All read receives have been deleted"
        assert left == ids[:2:-1]
        assert old not in left
        assert emulator.inbox() == []
