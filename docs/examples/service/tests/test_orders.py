"""Orders and their notices."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import attrs
from fastapi.testclient import TestClient

from shop.app import create_app
from shop.settings import Settings
from wikipayam_async.testing import Emulator, Fault, When, emulator_client

ORDER = {"mobile": "09123456789", "item": "چای"}


def lines(path: Path) -> list[tuple[str, str]]:
    """Return the lines of a journal as track id and status."""
    return [(line["track_id"], line["status"]) for line in map(json.loads, path.read_text("utf-8").splitlines())]


def test_an_order_is_confirmed_by_a_notice(
    http: TestClient, wikipayam_emulator: Emulator, eventually: Callable[[Callable[[], bool]], None]
) -> None:
    """The response is immediate, and holds the track id of the notice."""
    answer = http.post("/orders", json=ORDER)
    assert answer.status_code == 202
    eventually(lambda: len(wikipayam_emulator.ledger) == 1)
    (entry,) = wikipayam_emulator.sent_to("09123456789")
    assert (entry.message, entry.track_id) == ("سفارش شما ثبت شد: چای", answer.json()["track_id"])


def test_a_full_outbox_is_a_503_and_no_order(settings: Settings, wikipayam_emulator: Emulator) -> None:
    """While the gateway limits the rate, notices wait; once the outbox is full, orders are refused."""
    wikipayam_emulator.faults.arm(Fault.status(429, retry_after=1), on="POST /sms/send")
    small = attrs.evolve(settings, max_waiting=2, batch_size=1)
    with TestClient(create_app(small, partial(emulator_client, wikipayam_emulator))) as http:
        accepted: list[str] = []
        while (answer := http.post("/orders", json=ORDER)).status_code == 202:
            accepted.append(answer.json()["track_id"])
        assert http.get("/health").json()["orders"] == len(accepted)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert sorted(wikipayam_emulator.accepted_track_ids()) == sorted(accepted)


def test_a_shop_that_shuts_down_sends_the_posted_notices(
    settings: Settings, wikipayam_emulator: Emulator, tmp_path: Path
) -> None:
    """Every notice is in the ledger once, and in the journal as accepted."""
    kept = attrs.evolve(settings, journal=tmp_path / "journal")
    with TestClient(create_app(kept, partial(emulator_client, wikipayam_emulator))) as http:
        posted = [http.post("/orders", json=ORDER).json()["track_id"] for _ in range(20)]
    assert sorted(wikipayam_emulator.accepted_track_ids()) == sorted(posted)
    found = lines(tmp_path / "journal")
    assert sorted(found) == sorted((one, status) for one in posted for status in ("posted", "accepted"))


def test_the_journal_records_unknown_outcomes(settings: Settings, wikipayam_emulator: Emulator, tmp_path: Path) -> None:
    """A lost response is recorded as unknown, and the notice is not sent again."""
    wikipayam_emulator.faults.arm(Fault.reset(when=When.AFTER), on="POST /sms/send")
    kept = attrs.evolve(settings, journal=tmp_path / "journal")
    with TestClient(create_app(kept, partial(emulator_client, wikipayam_emulator))) as http:
        track_id = http.post("/orders", json=ORDER).json()["track_id"]
    assert lines(tmp_path / "journal") == [(track_id, "posted"), (track_id, "unknown")]
    assert wikipayam_emulator.accepted_track_ids() == [track_id]
