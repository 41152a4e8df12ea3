"""The voice fallback."""

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


async def poll_three_times(emulator: Emulator, *, after: float) -> None:
    """Send a code, and poll its delivery three times."""
    delays: list[float] = []
    async with emulator_client(emulator) as client, anyio.create_task_group() as tasks:

        async def sleep(seconds: float) -> None:
            await anyio.wait_all_tasks_blocked()
            delays.append(seconds)
            if len(delays) > 3:
                tasks.cancel_scope.cancel()
            await checkpoint()

        fallback = VoiceFallback(client, after=after, poll_interval=2, sleep=sleep)
        sent = await client.otp.send(MOBILE, "123456")
        fallback.watch(sent.id, MOBILE, "123456")
        await fallback.run()
    assert delays == [2] * 4


async def test_a_delivered_code_needs_no_call(wikipayam_emulator: Emulator) -> None:
    """A delivered code is not polled again."""
    wikipayam_emulator.delivery.script = waiting_then("DELIVERED", after=0)
    await poll_three_times(wikipayam_emulator, after=30)
    assert wikipayam_emulator.requests_to("POST /sms/deliver") == 1
    assert wikipayam_emulator.requests_to("POST /voice-otp/send") == 0


async def test_a_pending_code_is_polled(wikipayam_emulator: Emulator) -> None:
    """Before the deadline there is no call."""
    await poll_three_times(wikipayam_emulator, after=30)
    assert wikipayam_emulator.requests_to("POST /sms/deliver") == 3
    assert wikipayam_emulator.requests_to("POST /voice-otp/send") == 0


async def test_a_late_code_is_called_once(wikipayam_emulator: Emulator) -> None:
    """After the deadline there is one call, even if the delivery state is not final."""
    await poll_three_times(wikipayam_emulator, after=0)
    assert wikipayam_emulator.requests_to("POST /sms/deliver") == 1
    assert wikipayam_emulator.requests_to("POST /voice-otp/send") == 1


async def test_failed_polls_do_not_delay_the_call(wikipayam_emulator: Emulator) -> None:
    """If the delivery state cannot be read, the call is placed at the deadline."""
    wikipayam_emulator.faults.arm(Fault.status(401), on="POST /sms/deliver", times=None)
    await poll_three_times(wikipayam_emulator, after=0)
    assert wikipayam_emulator.requests_to("POST /voice-otp/send") == 1


async def test_a_call_with_an_unknown_outcome_is_not_repeated(wikipayam_emulator: Emulator) -> None:
    """The call is requested once."""
    wikipayam_emulator.faults.arm(Fault.reset(), on="POST /voice-otp/send", times=None)
    await poll_three_times(wikipayam_emulator, after=0)
    assert wikipayam_emulator.requests_to("POST /voice-otp/send") == 1
