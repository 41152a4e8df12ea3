"""What the shop says of itself."""

from __future__ import annotations

from collections.abc import Callable

from fastapi.testclient import TestClient

from shop.settings import Settings


def test_health_tells_of_the_worker_and_the_outbox(
    http: TestClient, eventually: Callable[[Callable[[], bool]], None]
) -> None:
    """It says whether messages are read, and how many notices came to which outcome."""
    http.post("/orders", json={"mobile": "09123456789", "item": "چای"})
    eventually(lambda: http.get("/health").json()["outbox"]["counts"]["accepted"] == 1)
    eventually(lambda: http.get("/health").json()["worker"]["last_poll"] is not None)
    answer = http.get("/health").json()
    assert answer["outbox"] == {
        "waiting": 0,
        "in_flight": 0,
        "counts": {"accepted": 1, "rejected": 0, "unknown": 0, "not_attempted": 0},
    }
    assert (answer["worker"]["running"], answer["worker"]["failed"], answer["orders"]) == (True, 0, 1)


def test_settings_come_from_the_environment() -> None:
    """Numbers become numbers, and what is not there, or empty, has its default."""
    settings = Settings.from_environ({"SHOP_BATCH_SIZE": "20", "SHOP_VOICE_AFTER": "1.5", "SHOP_JOURNAL": ""})
    assert settings == Settings(batch_size=20, voice_after=1.5)
