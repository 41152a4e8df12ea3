"""Following deliveries: in rounds, with flat memory, through failures of the gateway."""

from __future__ import annotations

from typing import Any

import anyio
import pytest

from tests.campaigns.doubles import WallClock, messages
from wikipayam_async import AuthenticationError, Polling
from wikipayam_async.campaigns import Campaign, MemoryJournal
from wikipayam_async.emulator import DELIVERED, Emulator, Fault
from wikipayam_async.emulator.gateway.clock import ManualClock
from wikipayam_async.emulator.gateway.delivery import DeliveryRules, waiting_then
from wikipayam_async.testing import emulator_client

pytestmark = pytest.mark.anyio

DELIVER = "POST /sms/deliver"


async def sent(emulator: Emulator, clock: WallClock | None = None, **arguments: Any) -> Campaign:
    """Return an open campaign whose 150 messages were accepted."""
    options: Any = {} if clock is None else {"now": clock.now, "sleep": clock.sleep}
    campaign = await Campaign.open(emulator_client(emulator), MemoryJournal(), **options, **arguments).__aenter__()
    await campaign.plan(messages(150))
    await campaign.run()
    return campaign


async def test_rounds_go_on_until_every_status_is_final() -> None:
    """The interval grows; what is final is not asked for again."""
    time = ManualClock()
    emulator = Emulator(clock=time, delivery=DeliveryRules(script=waiting_then(DELIVERED, after=60)))
    clock = WallClock()

    async def sleep(seconds: float) -> None:
        time.advance(seconds)
        await clock.sleep(seconds)

    campaign = await Campaign.open(emulator_client(emulator), MemoryJournal(), now=clock.now, sleep=sleep).__aenter__()
    await campaign.plan(messages(150))
    await campaign.run()
    polling = Polling(initial_interval=20, growth=2, max_interval=100, jitter=0)
    delivery = await campaign.wait_for_delivery(timeout=10_000, polling=polling)
    assert (dict(delivery.counts), delivery.complete) == ({"DELIVERED": 150}, True)
    assert clock.slept == [20, 40]
    assert emulator.requests_to(DELIVER) == 6


async def test_the_timeout_ends_it_with_what_is_known() -> None:
    """The last wait is not longer than what is left."""
    emulator = Emulator(delivery=DeliveryRules(script=waiting_then(DELIVERED, after=1e9)))
    campaign = await sent(emulator)
    start = anyio.current_time()
    delivery = await campaign.wait_for_delivery(timeout=0.05)
    assert anyio.current_time() - start < 5
    assert (dict(delivery.counts), delivery.pending) == ({"WAITING_FOR_UPDATE": 150}, 150)


async def test_a_gateway_that_fails_is_asked_again() -> None:
    """A round that fails is no answer; a refusal that waiting cannot mend is raised."""
    emulator = Emulator(delivery=DeliveryRules(script=waiting_then(DELIVERED, after=0)))
    clock = WallClock()
    campaign = await sent(emulator, clock)
    emulator.faults.arm(Fault.status(500), on=DELIVER, times=2)
    assert (await campaign.wait_for_delivery(timeout=1000)).complete
    assert len(clock.slept) == 1
    emulator.faults.arm(Fault.status(401), on=DELIVER)
    other = Campaign.open(emulator_client(emulator), MemoryJournal())
    async with other as campaign:
        await campaign.plan(messages(1))
        await campaign.run()
        with pytest.raises(AuthenticationError):
            await campaign.wait_for_delivery()
