"""Faults of the gateway (pytest-trio)."""

import pytest
from login import Login

from wikipayam_async import AsyncWikipayam
from wikipayam_async.testing import Emulator, Fault, When


@pytest.mark.trio
async def test_a_rate_limited_request_is_retried(
    wikipayam_client: AsyncWikipayam, wikipayam_emulator: Emulator
) -> None:
    """After two 429 responses the third request succeeds, and one message is sent."""
    wikipayam_emulator.faults.arm(Fault.status(429), on="POST /otp/sms/send", times=2)
    await Login(wikipayam_client).begin("09123456789")
    assert wikipayam_emulator.requests_to("POST /otp/sms/send") == 3
    assert len(wikipayam_emulator.sent_to("09123456789")) == 1


@pytest.mark.trio
async def test_a_code_whose_answer_was_lost_is_valid(
    wikipayam_client: AsyncWikipayam, wikipayam_emulator: Emulator
) -> None:
    """If the connection breaks after the gateway accepted the code, the code is valid and is not sent twice."""
    wikipayam_emulator.faults.arm(Fault.reset(when=When.AFTER), on="POST /otp/sms/send")
    login = Login(wikipayam_client)
    challenge = await login.begin("09123456789")
    assert len(wikipayam_emulator.sent_to("09123456789")) == 1
    code = wikipayam_emulator.last_code("09123456789")
    assert await login.finish(challenge, code) == "09123456789"
