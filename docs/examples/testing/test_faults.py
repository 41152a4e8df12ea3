"""What happens when the gateway misbehaves (pytest-trio)."""

import pytest
from login import Login

from wikipayam_async import AsyncWikipayam, UnknownOutcomeError
from wikipayam_async.testing import Emulator, Fault, When


@pytest.mark.trio
async def test_a_busy_gateway_is_asked_again(wikipayam_client: AsyncWikipayam, wikipayam_emulator: Emulator) -> None:
    """Two refusals for haste cost two more requests, and one message is sent."""
    wikipayam_emulator.faults.arm(Fault.status(429), on="POST /otp/sms/send", times=2)
    await Login(wikipayam_client).begin("09123456789")
    assert wikipayam_emulator.requests_to("POST /otp/sms/send") == 3
    assert len(wikipayam_emulator.sent_to("09123456789")) == 1


@pytest.mark.trio
async def test_a_code_may_arrive_although_sending_failed(
    wikipayam_client: AsyncWikipayam, wikipayam_emulator: Emulator
) -> None:
    """Where the connection breaks after the gateway took the code, the code is good, and is not sent twice."""
    wikipayam_emulator.faults.arm(Fault.reset(when=When.AFTER), on="POST /otp/sms/send")
    login = Login(wikipayam_client)
    with pytest.raises(UnknownOutcomeError):
        await login.begin("09123456789")
    assert len(wikipayam_emulator.sent_to("09123456789")) == 1
    assert login.finish("09123456789", wikipayam_emulator.last_code("09123456789"))
