from __future__ import annotations

from collections.abc import Sequence

import pytest
from anyio.lowlevel import checkpoint

from wikipayam_async import (
    APIConnectionError,
    AuthenticationError,
    Delivery,
    DeliveryStatus,
    NotFoundError,
    ServerError,
    UnprocessableError,
)
from wikipayam_async.services.base import chunked
from wikipayam_async.services.sms.asking import IDS_PER_REQUEST, ChunkedQuery

pytestmark = pytest.mark.anyio

REFUSAL = UnprocessableError("no", status_code=422)


def status(id_: str, word: str) -> Delivery:
    """Return a status."""
    return Delivery(id_, DeliveryStatus(word))


class TestQueries:
    """Requests for statuses, and their answers."""

    async def test_concurrent_requests(self) -> None:
        """Eight requests are in flight at once, and no more."""
        running = 0
        most = 0

        async def query(ids: Sequence[str]) -> list[Delivery]:
            nonlocal running, most
            running += 1
            most = max(most, running)
            for _ in range(5):
                await checkpoint()
            running -= 1
            return [status(id_, "SENT") for id_ in ids]

        noted: list[Delivery] = []
        await ChunkedQuery(query, noted.extend).run(chunked([f"id{index}" for index in range(2001)], IDS_PER_REQUEST))
        assert (most, len({one.id for one in noted}), len(noted)) == (8, 2001, 2001)

    async def test_errors_of_some_requests(self) -> None:
        """An ignored error affects only its own answer; any other stops the requests and is raised unchanged."""
        error: Exception = ServerError("no", status_code=500)
        asked: list[str] = []

        async def query(ids: Sequence[str]) -> list[Delivery]:
            asked.append(ids[0])
            await checkpoint()
            if ids[0] == "id100":
                raise error
            for _ in range(5):
                await checkpoint()
            return [status(id_, "SENT") for id_ in ids]

        noted: list[Delivery] = []
        ids = [f"id{index}" for index in range(2000)]
        asking = ChunkedQuery(query, noted.extend, ignored=lambda error: isinstance(error, ServerError))
        await asking.run(chunked(ids, IDS_PER_REQUEST))
        assert asking.unclear == ids[100:200]
        assert {one.id for one in noted} == {*ids} - {*ids[100:200]}
        assert len(asked) == 20
        asked.clear()
        error = AuthenticationError("no", status_code=401)
        with pytest.raises(AuthenticationError) as caught:
            await ChunkedQuery(query, noted.extend, ignored=lambda error: isinstance(error, ServerError)).run(
                chunked(ids, IDS_PER_REQUEST)
            )
        assert caught.value is error
        assert len(asked) <= 9

    async def test_errors_of_the_moment_are_not_suspicious(self) -> None:
        """An ignored error that no id can cause leaves its ids above suspicion."""

        async def query(_: Sequence[str]) -> list[Delivery]:
            await checkpoint()
            raise APIConnectionError("away")

        asking = ChunkedQuery(query, print, ignored=lambda error: isinstance(error, APIConnectionError))
        await asking.run([["a", "b"]])
        assert (asking.unclear, asking.refused) == ([], [])


class Gateway:
    """Refuses every request with a bad id."""

    def __init__(self, *bad: str, error: Exception = REFUSAL) -> None:
        self.bad = {*bad}
        self.error = error
        self.asked: list[tuple[str, ...]] = []

    async def query(self, ids: Sequence[str]) -> list[Delivery]:
        """Answer a request."""
        self.asked.append(tuple(ids))
        await checkpoint()
        if self.bad & {*ids}:
            raise self.error
        return [status(id_, "SENT") for id_ in ids]


class TestRefusals:
    """Ids that the gateway refuses."""

    @pytest.mark.parametrize("bad", [("id0",), ("id249",), ("id1", "id50", "id120"), tuple(f"id{n}" for n in range(7))])
    @pytest.mark.parametrize("error", [REFUSAL, NotFoundError("no", status_code=404)])
    async def test_some_ids(self, bad: tuple[str, ...], error: Exception) -> None:
        """A refused request is split down to the refused ids, and all others are answered."""
        gateway = Gateway(*bad, error=error)
        ids = [f"id{index}" for index in range(250)]
        noted: list[Delivery] = []
        asking = ChunkedQuery(gateway.query, noted.extend)
        await asking.run(chunked(ids, IDS_PER_REQUEST))
        assert (sorted(asking.refused), {one.id for one in noted}) == (sorted(bad), {*ids} - {*bad})
        assert len(gateway.asked) < 60

    @pytest.mark.parametrize("count", [1, 2, 5, 1000])
    async def test_all_ids(self, count: int) -> None:
        """If every id is refused, the refusal is raised, after a few requests."""
        ids = [f"id{index}" for index in range(count)]
        gateway = Gateway(*ids)
        with pytest.raises(UnprocessableError) as caught:
            await ChunkedQuery(gateway.query, print).run(chunked(ids, IDS_PER_REQUEST))
        assert caught.value is REFUSAL
        assert len(gateway.asked) < 140

    async def test_another_error_during_the_search(self) -> None:
        """An error that is not about single ids ends the search, and is raised."""
        gateway = Gateway("bad")
        failure = AuthenticationError("no", status_code=401)

        async def query(ids: Sequence[str]) -> list[Delivery]:
            if gateway.asked:
                raise failure
            return await gateway.query(ids)

        with pytest.raises(AuthenticationError) as caught:
            await ChunkedQuery(query, print).run([["a", "bad", "b"]])
        assert caught.value is failure
