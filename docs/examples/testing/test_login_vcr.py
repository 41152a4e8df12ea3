"""A login, replayed from a cassette of vcrpy. The transport is httpx's own, because vcrpy sees no other."""

from pathlib import Path

import httpx
import pytest
import vcr
from login import Login

from wikipayam_async import AsyncWikipayam

recorder = vcr.VCR(
    cassette_library_dir=str(Path(__file__).parent / "cassettes"),
    record_mode=vcr.mode.NONE,  # ONCE to record, in a test marked wikipayam_network: this sends a real message
    filter_headers=["authorization"],  # or the token would be in the cassette
    match_on=["method", "scheme", "host", "path"],
)


@pytest.mark.asyncio
async def test_the_code_is_sent() -> None:
    """The cassette answers, and nothing leaves the machine."""
    with recorder.use_cassette("login.yaml") as cassette:
        async with AsyncWikipayam("test-token", otp_pattern_id=13, transport=httpx.AsyncHTTPTransport()) as client:
            await Login(client).begin("09123456789")
    assert cassette.play_count == 1
