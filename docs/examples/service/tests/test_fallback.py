"""When the shop calls, and when it does not."""

from __future__ import annotations

import anyio
import pytest
from anyio.lowlevel import checkpoint

from shop.fallback import VoiceFallback
from wikipayam_async.testing import Emulator, Fault, emulator_client, waiting_then

MOBILE = "09123456789"

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    """FastAPI runs on asyncio."""
    return "asyncio"


async def look_three_times(emulator: Emulator, *, after: float) -> None:
    """Send a code, and look after it three times."""
    pauses: list[float] = []
    async with emulator_client(emulator) as client, anyio.create_task_group() as tasks:

        async def sleep(seconds: float) -> None:
            await anyio.wait_all_tasks_blocked()
            pauses.append(seconds)
            if len(pauses) > 3:
                tasks.cancel_scope.cancel()
            await checkpoint()

        fallback = VoiceFallback(client, after=after, look_every=2, sleep=sleep)
        sent = await client.otp.send(MOBILE, "123456")
        fallback.watch(sent.id, MOBILE, "123456")
        await fallback.run()
    assert pauses == [2] * 4


async def test_a_code_that_arrived_is_not_called_about(wikipayam_emulator: Emulator) -> None:
    """Once it has arrived, nobody asks any more."""
    wikipayam_emulator.delivery.script = waiting_then("DELIVERED", after=0)
    await look_three_times(wikipayam_emulator, after=30)
    assert wikipayam_emulator.requests_to("POST /sms/deliver") == 1
    assert wikipayam_emulator.requests_to("POST /voice-otp/send") == 0


async def test_a_code_is_waited_for(wikipayam_emulator: Emulator) -> None:
    """While it is in flight and in time, there is no call."""
    await look_three_times(wikipayam_emulator, after=30)
    assert wikipayam_emulator.requests_to("POST /sms/deliver") == 3
    assert wikipayam_emulator.requests_to("POST /voice-otp/send") == 0


async def test_a_late_code_is_called_about_once(wikipayam_emulator: Emulator) -> None:
    """It is so even if the gateway does not know yet."""
    await look_three_times(wikipayam_emulator, after=0)
    assert wikipayam_emulator.requests_to("POST /sms/deliver") == 1
    assert wikipayam_emulator.requests_to("POST /voice-otp/send") == 1


async def test_a_code_of_unknown_delivery_is_called_about_in_time(wikipayam_emulator: Emulator) -> None:
    """A gateway that tells nothing delays no call."""
    wikipayam_emulator.faults.arm(Fault.status(401), on="POST /sms/deliver", times=None)
    await look_three_times(wikipayam_emulator, after=0)
    assert wikipayam_emulator.requests_to("POST /voice-otp/send") == 1


async def test_a_call_whose_outcome_is_unknown_is_not_ordered_again(wikipayam_emulator: Emulator) -> None:
    """Nobody is called twice."""
    wikipayam_emulator.faults.arm(Fault.reset(), on="POST /voice-otp/send", times=None)
    await look_three_times(wikipayam_emulator, after=0)
    assert wikipayam_emulator.requests_to("POST /voice-otp/send") == 1
