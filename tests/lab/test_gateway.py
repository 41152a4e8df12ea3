from __future__ import annotations

from typing import Any

import pytest

from tests.lab.conftest import TOKEN, gateway_at
from wikipayam_async.emulator import Emulator
from wikipayam_async.lab.gateway import emulated


@pytest.mark.anyio
async def test_the_client_of_the_emulator_reaches_it_whatever_the_environment_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Settings of the environment, which are for the real gateway, do not apply to the emulator."""
    monkeypatch.setenv("SMS_AUTH_TOKEN", "another")
    monkeypatch.setenv("WIKIPAYAM_SMS_API_PREFIX", "elsewhere")
    emulator, events = Emulator(), list[Any]()
    gateway = emulated(emulator)
    async with gateway.connect(events.append) as client:
        await client.balance()
    assert (emulator.requests, len(events) > 0, gateway.is_real, gateway.base_url) == (1, True, False, None)


def test_the_real_gateway_has_the_settings_of_its_client() -> None:
    """The page shows URL, line and user name of the client; the token is sealed."""
    gateway = gateway_at("http://127.0.0.1:9")
    assert (gateway.base_url, gateway.prefix, gateway.sender, gateway.username, gateway.is_real) == (
        "http://127.0.0.1:9",
        "api/v1",
        "10002000",
        "09120000000",
        True,
    )
    assert (gateway.token.reveal(), TOKEN in repr(gateway)) == (TOKEN, False)
