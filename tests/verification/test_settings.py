from __future__ import annotations

from typing import Any

import pytest

from tests.verification.stage import SECRET
from wikipayam_async import ConfigurationError
from wikipayam_async.testing import Emulator, emulator_client
from wikipayam_async.verification import MemoryStore, SmsChannel, Verifier, VoiceChannel


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"channels": []}, "channels: expected a list such as"),
        ({"channels": SmsChannel()}, "channels: expected a list such as"),
        ({"channels": [SmsChannel]}, "channels: expected channels such as"),
        ({"channels": ["sms"]}, "channels: expected channels such as"),
        ({"limits": None}, "limits: expected a VerificationLimits"),
        ({"code_length": 5}, "code_length: expected 6 to 10 digits"),
        ({"code_length": 11}, "code_length: expected 6 to 10 digits"),
        ({"code_length": True}, "code_length: expected 6 to 10 digits"),
        ({"lifetime": 601}, "lifetime: expected seconds above 0 and at most 600"),
        ({"lifetime": 0}, "lifetime: expected seconds above 0"),
        ({"lifetime": "60"}, "lifetime: expected seconds above 0"),
        ({"store_timeout": float("inf")}, "store_timeout: expected seconds above 0"),
        ({"fallback_after": 0}, "fallback_after: expected seconds above 0"),
        ({"fallback_after": 101}, "fallback_after: expected at most lifetime - 20 s (100)"),
        ({"destinations": "IR"}, "destinations"),
        ({"secret": "short"}, "secret"),
        ({"store": None}, "store: expected a store such as MemoryStore()"),
        ({"store": MemoryStore}, "store: expected a store such as MemoryStore()"),
    ],
)
def test_an_invalid_setting_is_refused(options: dict[str, object], expected: str) -> None:
    """When the verifier is made, by the name of the setting."""
    settings = {"store": MemoryStore(), "secret": SECRET, "channels": [SmsChannel(), VoiceChannel()], **options}
    with pytest.raises(ConfigurationError) as caught:
        Verifier(emulator_client(Emulator()), **settings)  # type: ignore[arg-type]
    assert expected in str(caught.value)


def test_one_channel_needs_no_time_for_another() -> None:
    """The fall-back has no bound where there is none."""
    client = emulator_client(Emulator())
    cases: list[dict[str, Any]] = [{"fallback_after": 500.0}, {"fallback_after": None, "lifetime": 30.0}]
    for options in cases:
        verifier = Verifier(client, MemoryStore(), secret=SECRET, channels=[SmsChannel()], **options)
        assert repr(verifier) == "Verifier(sms; MemoryStore(0 challenges, 0 counters))"
