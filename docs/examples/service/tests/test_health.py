"""The health endpoint and the settings."""

from __future__ import annotations

from collections.abc import Callable

from fastapi.testclient import TestClient

from shop.settings import Settings
from wikipayam_async.testing import Emulator, Fault


def test_health_reports_the_worker_and_the_outbox(
    http: TestClient, eventually: Callable[[Callable[[], bool]], None]
) -> None:
    """The response shows whether the worker runs, and the number of notices by outcome."""
    http.post("/orders", json={"mobile": "09123456789", "item": "چای"})
    eventually(lambda: http.get("/health").json()["outbox"]["counts"]["accepted"] == 1)
    eventually(lambda: http.get("/health").json()["worker"]["last_poll"] is not None)
    answer = http.get("/health").json()
    assert answer["outbox"] == {
        "healthy": True,
        "last_error": None,
        "waiting": 0,
        "in_flight": 0,
        "counts": {"accepted": 1, "rejected": 0, "unknown": 0, "not_attempted": 0},
    }
    assert (answer["worker"]["running"], answer["worker"]["failed"], answer["orders"]) == (True, 0, 1)
    assert (answer["healthy"], answer["journal"], http.get("/health").status_code) == (True, True, 200)


def test_health_shows_a_wrong_token(
    http: TestClient, wikipayam_emulator: Emulator, eventually: Callable[[Callable[[], bool]], None]
) -> None:
    """A notice that was lost because of the token turns the response into a 503, until a notice is accepted."""
    wikipayam_emulator.faults.arm(Fault.status(401), on="POST /sms/send")
    http.post("/orders", json={"mobile": "09123456789", "item": "چای"})
    eventually(lambda: http.get("/health").json()["outbox"]["last_error"] == "AuthenticationError")
    assert http.get("/health").status_code == 503
    http.post("/orders", json={"mobile": "09123456789", "item": "چای"})
    eventually(lambda: http.get("/health").status_code == 200)


def test_settings_come_from_the_environment() -> None:
    """Values are converted, and missing or empty variables have their defaults."""
    settings = Settings.from_environ({"SHOP_BATCH_SIZE": "20", "SHOP_VOICE_AFTER": "1.5", "SHOP_JOURNAL": ""})
    assert settings == Settings(batch_size=20, voice_after=1.5)
