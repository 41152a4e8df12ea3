"""The time-out of a single call, in every method that makes requests."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from contextlib import suppress
from types import FunctionType
from typing import Any

import anyio
import pytest
from anyio.abc import ByteStream

from tests.support.calls import read_all
from tests.support.raw import RawRequest, raw_gateway
from wikipayam_async import (
    APITimeoutError,
    AsyncWikipayam,
    InvalidInputError,
    NotFoundError,
    OtpMessage,
    ReceivedMessage,
    RetryPolicy,
    SmsMessage,
    UnknownOutcomeError,
)
from wikipayam_async.core.progress import AttemptProgress
from wikipayam_async.core.protocol import Answer, Outgoing
from wikipayam_async.cost import Tariff
from wikipayam_async.emulator import DEFAULT_LINE, DEFAULT_TOKEN, DEFAULT_USERNAME, Emulator, EmulatorTransport
from wikipayam_async.services.account import AccountService
from wikipayam_async.services.base import Service
from wikipayam_async.services.holoo import HolooService
from wikipayam_async.services.otp import OtpService
from wikipayam_async.services.receives.reading import InboxReading
from wikipayam_async.services.receives.service import ReceivesService
from wikipayam_async.services.sms.service import SmsService
from wikipayam_async.services.sms.tracking import DeliveryTracking
from wikipayam_async.services.voice import VoiceService

pytestmark = pytest.mark.anyio

RECEIVER = "09123456789"
MANY = [f"id{index}" for index in range(1100)]


async def get(client: AsyncWikipayam, seconds: float) -> None:
    """Ask for a message that does not exist."""
    with suppress(NotFoundError):
        await client.receives.get("unknown", timeout=seconds)


async def consume(client: AsyncWikipayam, seconds: float) -> None:
    """Consume the inbox until a message is marked as read."""
    with anyio.CancelScope() as scope:

        def handle(message: ReceivedMessage) -> None:
            if message.message == "last":
                scope.cancel()

        await client.receives.consume(handle, poll_interval=0.001, timeout=seconds)


async def work(client: AsyncWikipayam, seconds: float) -> None:
    """Run a worker until it handled every message."""
    done = anyio.Event()

    def handle(message: ReceivedMessage) -> None:
        if message.message == "last":
            done.set()

    async with client.receives.worker(handle, poll_interval=0.001, timeout=seconds):
        await done.wait()


CALLS: dict[str, Callable[[AsyncWikipayam, float], Awaitable[object]]] = {
    "balance": lambda client, seconds: client.balance(timeout=seconds),
    "estimate": lambda client, seconds: client.estimate([], Tariff(persian=1), timeout=seconds),
    "request": lambda client, seconds: client.request("GET", "user/balance", timeout=seconds),
    "sms.send": lambda client, seconds: client.sms.send(RECEIVER, "m", timeout=seconds),
    "sms.send a message": lambda client, seconds: client.sms.send(SmsMessage(RECEIVER, "m"), timeout=seconds),
    "sms.send_many": lambda client, seconds: client.sms.send_many([SmsMessage(RECEIVER, "m")], timeout=seconds),
    "sms.delivery_status": lambda client, seconds: client.sms.delivery_status(MANY, timeout=seconds),
    "sms.receive": lambda client, seconds: client.sms.receive("2024-01-01", timeout=seconds),
    "otp.send": lambda client, seconds: client.otp.send(RECEIVER, "1", timeout=seconds),
    "otp.send_many": lambda client, seconds: client.otp.send_many([OtpMessage(RECEIVER, "1")], timeout=seconds),
    "voice.send": lambda client, seconds: client.voice.send(RECEIVER, "1", timeout=seconds),
    "holoo.send": lambda client, seconds: client.holoo.send(RECEIVER, "m", timeout=seconds),
    "holoo.send_via_url": lambda client, seconds: client.holoo.send_via_url(RECEIVER, "m", timeout=seconds),
    "receives.list": lambda client, seconds: client.receives.list(timeout=seconds),
    "receives.iter": lambda client, seconds: read_all(client.receives.iter(page_size=1, timeout=seconds)),
    "receives.unread": lambda client, seconds: client.receives.unread(timeout=seconds),
    "receives.iter_unread": lambda client, seconds: read_all(client.receives.iter_unread(page_size=1, timeout=seconds)),
    "receives.unread_count": lambda client, seconds: client.receives.unread_count(timeout=seconds),
    "receives.statistics": lambda client, seconds: client.receives.statistics(timeout=seconds),
    "receives.get": get,
    "receives.mark_read": lambda client, seconds: client.receives.mark_read(MANY, timeout=seconds),
    "receives.mark_all_read": lambda client, seconds: client.receives.mark_all_read(timeout=seconds),
    "receives.delete": lambda client, seconds: client.receives.delete(MANY, timeout=seconds),
    "receives.delete_all_read": lambda client, seconds: client.receives.delete_all_read(timeout=seconds),
    "receives.delete_all_unread": lambda client, seconds: client.receives.delete_all_unread(timeout=seconds),
    "receives.delete_older_than": lambda client, seconds: client.receives.delete_older_than(30, timeout=seconds),
    "receives.consume": consume,
    "receives.worker": work,
}
SEVERAL = {
    "sms.delivery_status": 11,
    "receives.mark_read": 3,
    "receives.delete": 3,
    "receives.iter": 4,
    "receives.iter_unread": 4,
}
"""The requests of the methods that make several."""
LOOPS = {"receives.consume", "receives.worker"}


class RecordingCarrier:
    """Passes attempts on, and keeps their time-outs."""

    def __init__(self, carrier: Any) -> None:
        self._carrier = carrier
        self.timeouts: list[float] = []

    async def carry(self, outgoing: Outgoing, progress: AttemptProgress) -> Answer:
        """Carry out an attempt."""
        self.timeouts.append(outgoing.timeout)
        answer: Answer = await self._carrier.carry(outgoing, progress)
        return answer


@pytest.mark.parametrize("name", CALLS)
async def test_every_request_of_a_call_has_its_timeout(name: str) -> None:
    """The time-out applies to each request of the call; other calls keep the client's."""
    emulator = Emulator()
    for text in ("a", "b", "last"):
        emulator.inbound(sender="989120000000", message=text)
    async with AsyncWikipayam(
        DEFAULT_TOKEN,
        sender=DEFAULT_LINE,
        username=DEFAULT_USERNAME,
        otp_pattern_id=13,
        transport=EmulatorTransport(emulator),
        timeout=7.0,
    ) as client:
        carrier: Any = RecordingCarrier(client._shared.carrier)
        client._shared.carrier = carrier
        with anyio.fail_after(5):
            await CALLS[name](client, 2.5)
        timeouts = list(carrier.timeouts)
        await client.balance()
    assert set(timeouts) == {2.5}
    assert name in LOOPS or len(timeouts) == SEVERAL.get(name, 1)
    assert carrier.timeouts[-1] == 7.0


@pytest.mark.parametrize("seconds", [0, -1.0, float("inf"), float("nan"), True, "5"])
@pytest.mark.parametrize("name", CALLS)
async def test_an_invalid_timeout_is_refused(name: str, seconds: Any) -> None:
    """An invalid time-out is refused before any request, also by a worker, which would restart after the error."""
    emulator = Emulator()
    async with AsyncWikipayam(
        DEFAULT_TOKEN, sender="1", username="u", otp_pattern_id=13, transport=EmulatorTransport(emulator)
    ) as client:
        with pytest.raises(InvalidInputError) as caught:
            await CALLS[name](client, seconds)
    assert (caught.value.field, emulator.requests) == ("timeout", 0)


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("sms.send", UnknownOutcomeError),
        ("voice.send", UnknownOutcomeError),
        ("holoo.send_via_url", UnknownOutcomeError),
        ("balance", APITimeoutError),
        ("receives.mark_read", APITimeoutError),
        ("receives.iter", APITimeoutError),
    ],
)
async def test_over_a_socket(name: str, error: type[Exception]) -> None:
    """A call whose answer does not come ends at its own time-out, long before the client's."""

    async def handler(_: RawRequest, __: ByteStream) -> bytes:
        await anyio.sleep_forever()
        raise AssertionError

    async with (
        raw_gateway(handler) as gateway,
        AsyncWikipayam(
            "t", sender="1", username="u", base_url=gateway.url, timeout=60, retry=RetryPolicy(max_attempts=1)
        ) as client,
    ):
        began = anyio.current_time()
        with pytest.raises(error):
            await CALLS[name](client, 0.05)
        assert 0.05 <= anyio.current_time() - began < 5
    assert len(gateway.requests) == 1


SERVICES: list[type[Service]] = [
    AccountService,
    DeliveryTracking,
    HolooService,
    InboxReading,
    OtpService,
    ReceivesService,
    SmsService,
    VoiceService,
]
METHODS = [
    method
    for service in SERVICES
    for name, method in vars(service).items()
    if isinstance(method, FunctionType) and not name.startswith("_")
]


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.__qualname__)
def test_options_are_passed_by_name(method: FunctionType) -> None:
    """At most two arguments are positional; every method has a `timeout`, which is passed by name."""
    parameters = inspect.signature(method).parameters
    positional = [name for name, one in parameters.items() if one.kind is not inspect.Parameter.KEYWORD_ONLY]
    assert len(positional) <= 3, positional
    assert parameters["timeout"].kind is inspect.Parameter.KEYWORD_ONLY
