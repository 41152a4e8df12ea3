from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest
from anyio.abc import ByteStream
from trio.testing import MockClock

from tests.support.raw import RawRequest, answer, raw_gateway
from wikipayam_async import (
    AsyncWikipayam,
    AuthenticationError,
    Delivery,
    DeliveryReport,
    DeliveryStatus,
    InvalidInputError,
    SendResult,
    SendStatus,
    SmsMessage,
)
from wikipayam_async.emulator import DEFAULT_TOKEN, Emulator, EmulatorTransport, ManualClock
from wikipayam_async.services.sms.watch import Polling

pytestmark = pytest.mark.anyio

SMS = SmsMessage("09123456789", "m")
WAITING, SENT, DELIVERED = DeliveryStatus.WAITING_FOR_UPDATE, DeliveryStatus.SENT, DeliveryStatus.DELIVERED
MOCK_TIME = pytest.mark.parametrize("anyio_backend", [("trio", {"clock": MockClock(autojump_threshold=0)})])


def status(id_: str, word: str) -> Delivery:
    """Return a status."""
    return Delivery(id_, DeliveryStatus(word))


@asynccontextmanager
async def emulated(clock: ManualClock) -> AsyncIterator[tuple[AsyncWikipayam, Emulator]]:
    """Return a client of an emulator with its own clock."""
    emulator = Emulator(clock=clock)
    async with AsyncWikipayam(DEFAULT_TOKEN, sender="10002000", transport=EmulatorTransport(emulator)) as client:
        yield client, emulator


class TestThroughTheClient:
    """Deliveries on the emulator."""

    async def test_once(self) -> None:
        """A message just sent waits for its update and is delivered later, with its track id."""
        clock = ManualClock()
        async with emulated(clock) as (client, _):
            sent = await client.sms.send("09123456789", "m", track_id="T")
            before = await client.sms.delivery_status(sent.id)
            clock.advance(2)
            after = await client.sms.delivery_status([sent.id, "unknown"])
        assert before == DeliveryReport((Delivery(sent.id, WAITING, "T"),), (sent.id,))
        assert after == DeliveryReport((Delivery(sent.id, DELIVERED, "T"),), ("unknown",))

    @MOCK_TIME
    async def test_waiting(self) -> None:
        """Polling continues until the statuses are final; ids may repeat."""
        emulator = Emulator(clock=anyio.current_time)
        emulator.delivery.choose(
            "09120000002", [(0, "WAITING_FOR_UPDATE"), (40, "IN_TRANSIT"), (60, "UNDELIVERED"), (70, "Blacklist")]
        )
        begin = anyio.current_time()
        transport = EmulatorTransport(emulator)
        async with AsyncWikipayam(DEFAULT_TOKEN, sender="10002000", transport=transport) as client:
            sents = [await client.sms.send(f"0912000000{index}", "m") for index in (1, 2)]
            report = await client.sms.wait_for_delivery([*sents, *sents])
            elapsed = anyio.current_time() - begin
            short = await client.sms.wait_for_delivery(sents[0].id, final_states=["odd"], timeout=5)
        assert [str(report[one].status) for one in sents] == ["DELIVERED", "BLACKLISTED"]
        assert [one.id for one in report.delivered] == [sents[0].id]
        assert 70 <= elapsed < 90
        assert short.pending == (sents[0].id,)
        assert anyio.current_time() - begin - elapsed == pytest.approx(4.5)

    @MOCK_TIME
    async def test_watching(self) -> None:
        """Every status of a message is yielded."""
        emulator = Emulator(clock=anyio.current_time)
        emulator.delivery.choose("09123456789", [(0, "WAITING_FOR_UPDATE"), (20, "IN_TRANSIT"), (50, "DELIVERED")])
        transport = EmulatorTransport(emulator)
        async with AsyncWikipayam(DEFAULT_TOKEN, sender="10002000", transport=transport) as client:
            sent = await client.sms.send("09123456789", "m")
            words = [
                str(one.status) async for one in client.sms.watch_delivery(sent.id, polling=Polling(max_interval=5.0))
            ]
        assert words == ["WAITING_FOR_UPDATE", "IN_TRANSIT", "DELIVERED"]

    async def test_a_wrong_token(self) -> None:
        """A wrong token is raised at once."""
        async with AsyncWikipayam("wrong", transport=EmulatorTransport(Emulator())) as client:
            with pytest.raises(AuthenticationError):
                await client.sms.wait_for_delivery("a")

    @pytest.mark.parametrize(
        ("arguments", "field"),
        [
            ({"timeout": -1}, "timeout"),
            ({"polling": 5}, "polling"),
            ({"final_states": "DELIVERED"}, "final_states"),
            ({"final_states": [1]}, "final_states"),
        ],
    )
    async def test_bad_arguments(self, arguments: dict[str, Any], field: str) -> None:
        """The error names the invalid argument, before any request."""
        async with emulated(ManualClock()) as (client, emulator):
            with pytest.raises(InvalidInputError) as caught:
                await client.sms.wait_for_delivery("a", **arguments)
        assert (caught.value.field, emulator.requests) == (field, 0)


class TestStatuses:
    """`delivery_status`: the current statuses."""

    async def test_the_documented_answer(self) -> None:
        """The request is the documented one, and the documented answer is read into models."""

        async def handler(_: RawRequest, __: ByteStream) -> bytes:
            return answer(
                {
                    "data": [
                        {
                            "id": "69e5eeab439260d336015405",
                            "deliver_status": "WAITING_FOR_UPDATE",
                            "track_id": None,
                        }
                    ]
                }
            )

        async with raw_gateway(handler) as gateway, AsyncWikipayam("secret", base_url=gateway.url) as client:
            statuses = await client.sms.delivery_status("69e5eeab439260d336015405")
        (request,) = gateway.requests
        assert (request.method, request.target) == ("POST", "/api/v1/sms/deliver")
        assert request.json == {"id": ["69e5eeab439260d336015405"]}
        assert request.headers["content-type"] == "application/json"
        assert list(statuses) == [Delivery("69e5eeab439260d336015405", WAITING)]

    async def test_order_chunks_and_absent_ids(self) -> None:
        """Ids are sent in chunks of 100; the statuses are in the order of the ids, without unknown ones."""

        async def handler(request: RawRequest, _: ByteStream) -> bytes:
            known = [id_ for id_ in reversed(request.json["id"]) if not id_.endswith("7")]
            return answer({"data": [{"id": id_, "deliver_status": "DELIVERED"} for id_ in known]})

        ids = [f"id{index}" for index in range(250)]
        async with raw_gateway(handler) as gateway, AsyncWikipayam("t", base_url=gateway.url) as client:
            statuses = await client.sms.delivery_status([*ids, "id0", "id249"])
        asked = sorted([int(id_[2:]) for id_ in request.json["id"]] for request in gateway.requests)
        assert asked == [list(range(100)), list(range(100, 200)), list(range(200, 250))]
        assert [one.id for one in statuses] == [id_ for id_ in ids if not id_.endswith("7")]
        assert statuses.pending == tuple(id_ for id_ in ids if id_.endswith("7"))

    async def test_statuses_of_other_messages(self) -> None:
        """Statuses of other messages are dropped."""

        async def handler(_: RawRequest, __: ByteStream) -> bytes:
            return answer({"data": [{"id": "other", "deliver_status": "DELIVERED"}]})

        async with raw_gateway(handler) as gateway, AsyncWikipayam("t", base_url=gateway.url) as client:
            assert await client.sms.delivery_status(["mine"]) == DeliveryReport((), ("mine",))

    async def test_no_ids(self) -> None:
        """An empty list sends no request."""
        emulator = Emulator()
        async with AsyncWikipayam(DEFAULT_TOKEN, transport=EmulatorTransport(emulator)) as client:
            assert await client.sms.delivery_status([]) == DeliveryReport()
        assert emulator.requests == 0

    async def test_ids_of_objects(self) -> None:
        """Messages and reports stand for their ids, so that results can be passed on."""
        clock = ManualClock()
        async with emulated(clock) as (client, emulator):
            sents = await client.sms.send_many([SmsMessage("09123456789", text) for text in "ab"])
            clock.advance(2)
            report = await client.sms.delivery_status(sents)
            again = await client.sms.wait_for_delivery(report)
            words = [str(one.status) async for one in client.sms.watch_delivery(sents[1])]
            with pytest.raises(InvalidInputError) as caught:
                await client.sms.delivery_status([sents[0], SendResult(0, SMS, SendStatus.REJECTED)])
        assert (again, [one.id for one in report.delivered]) == (report, [sent.id for sent in sents])
        assert words == ["DELIVERED"]
        assert str(caught.value) == (
            "ids[1]: expected an object with an id; of a bulk send pass report.accepted_ids; "
            "got an object of type SendResult without an id"
        )
        assert emulator.requests == 4

    @pytest.mark.parametrize(
        ("ids", "field"),
        [("", "ids"), ("a b", "ids"), (["good", "a/b"], "ids[1]"), ([7], "ids[0]"), (7, "ids"), (None, "ids")],
    )
    async def test_bad_ids(self, ids: Any, field: str) -> None:
        """The error names the invalid id, before any request."""
        emulator = Emulator()
        async with AsyncWikipayam(DEFAULT_TOKEN, transport=EmulatorTransport(emulator)) as client:
            for call in (client.sms.delivery_status, client.sms.wait_for_delivery):
                with pytest.raises(InvalidInputError) as caught:
                    await call(ids)
                assert caught.value.field == field
            with pytest.raises(InvalidInputError):
                client.sms.watch_delivery(ids)
        assert emulator.requests == 0
