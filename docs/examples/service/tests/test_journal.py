"""The journal on a full disk: nothing is sent without a record, and nothing that was sent is forgotten."""

from __future__ import annotations

import errno
import json
import logging
from collections.abc import Callable
from functools import partial
from io import FileIO
from pathlib import Path
from typing import Any

import attrs
import pytest
from fastapi.testclient import TestClient

from loadtest.audit import read_journal
from shop import journal as journal_module
from shop.app import create_app
from shop.journal import Journal
from shop.settings import Settings
from wikipayam_async import SendResult, SendStatus, SmsMessage
from wikipayam_async.testing import Emulator, Fault, emulator_client

ORDER = {"mobile": "09123456789", "item": "چای"}
MANY = [f"0935{number:07}" for number in range(250)]
ACCEPTED = SendResult(0, SmsMessage("09123456789", "text"), SendStatus.ACCEPTED, id="69e5", track_id="A")


class Disk(FileIO):
    """A file on a disk with a limited number of free bytes, which writes what fits."""

    free = 10**9

    def write(self, data: Any, /) -> int:
        """Write as much as there is room for."""
        if not Disk.free:
            raise OSError(errno.ENOSPC, "No space left on device")
        written = super().write(data[: Disk.free]) or 0
        Disk.free -= written
        return written


@pytest.fixture(autouse=True)
def disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the journals of a test on a disk of their own."""
    monkeypatch.setattr(journal_module, "FileIO", Disk)
    monkeypatch.setattr(Disk, "free", 10**9)


def lines(path: Path) -> list[tuple[str, str]]:
    """Return the lines of a journal as track id and status."""
    found = [json.loads(line) for line in path.read_text("utf-8").splitlines() if line]
    return [(line["track_id"], line["status"]) for line in found]


def test_what_cannot_be_recorded_raises_and_leaves_no_half_line(tmp_path: Path) -> None:
    """The message must not be posted; once there is room, the journal goes on with a whole line."""
    journal = Journal()
    with journal.opened(tmp_path / "journal"):
        journal.posted("A")
        Disk.free = 5
        with pytest.raises(OSError, match="No space left"):
            journal.posted("B")
        assert not journal.healthy
        Disk.free = 1000
        journal.posted("C")
        assert journal.healthy
    assert lines(tmp_path / "journal") == [("A", "posted"), ("C", "posted")]


def test_an_outcome_that_cannot_be_written_is_logged_and_kept(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It is in the log at once, and in the file as soon as there is room, once."""
    journal = Journal()
    with journal.opened(tmp_path / "journal"), caplog.at_level(logging.ERROR, "shop"):
        journal.posted("A")
        Disk.free = 0
        journal.outcome(ACCEPTED)
        journal.try_again()
        assert not journal.healthy
        Disk.free = 1000
        journal.try_again()
        journal.try_again()
        assert journal.healthy
    assert lines(tmp_path / "journal") == [("A", "posted"), ("A", "accepted")]
    assert caplog.messages == [
        'the journal cannot be written (OSError): {"track_id": "A", "status": "accepted", "id": "69e5"}'
    ]


def test_an_outcome_without_room_is_written_at_the_end(tmp_path: Path) -> None:
    """Leaving the block tries once more."""
    journal = Journal()
    with journal.opened(tmp_path / "journal"):
        journal.posted("A")
        Disk.free = 0
        journal.outcome(ACCEPTED)
        Disk.free = 1000
    assert lines(tmp_path / "journal") == [("A", "posted"), ("A", "accepted")]


def test_no_order_is_taken_on_a_full_disk(
    settings: Settings,
    wikipayam_emulator: Emulator,
    tmp_path: Path,
    eventually: Callable[[Callable[[], bool]], None],
) -> None:
    """The response is a 503 and nothing is sent; health shows it, and finds out by itself when there is room again."""
    kept = attrs.evolve(settings, journal=tmp_path / "journal")
    with TestClient(create_app(kept, partial(emulator_client, wikipayam_emulator))) as http:
        Disk.free = 0
        answer = http.post("/orders", json=ORDER)
        sick = http.get("/health")
        Disk.free = 10_000
        eventually(lambda: http.get("/health").status_code == 200)
        taken = http.post("/orders", json=ORDER)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "10")
    assert (sick.status_code, sick.json()["journal"], sick.json()["orders"]) == (503, False, 0)
    assert taken.status_code == 202
    assert wikipayam_emulator.accepted_track_ids() == [taken.json()["track_id"]]


def test_an_announcement_stops_on_a_full_disk(
    settings: Settings,
    wikipayam_emulator: Emulator,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    eventually: Callable[[Callable[[], bool]], None],
) -> None:
    """Nothing is sent without a record, the caller is told, health shows it, and later announcements work."""
    kept = attrs.evolve(settings, journal=tmp_path / "journal")
    with TestClient(create_app(kept, partial(emulator_client, wikipayam_emulator))) as http:
        Disk.free = 150 * len(json.dumps({"track_id": "NEWS-0123456789abcdef", "status": "posted"}) + "\n")
        answer = http.post("/announcements", json={"text": "فردا تعطیلیم", "mobiles": MANY})
        last = json.loads(answer.text.splitlines()[-1])
        sick = http.get("/health").status_code
        Disk.free = 10**9
        eventually(lambda: http.get("/health").status_code == 200)
        second = http.post("/announcements", json={"text": "فردا تعطیلیم", "mobiles": MANY[-1:]})
    assert (last["finished"], last["error"], last["total"]) == (False, "The announcement failed.", 250)
    assert 0 < last["done"] < 250
    assert (sick, json.loads(second.text.splitlines()[-1])["finished"]) == (503, True)
    assert "an announcement failed (OSError)" in caplog.text
    recorded = lines(tmp_path / "journal")
    sent = set(wikipayam_emulator.accepted_track_ids())
    assert sent == {track_id for track_id, status in recorded if status == "accepted"}
    assert sent <= {track_id for track_id, status in recorded if status == "posted"}


def test_a_full_outbox_withdraws_the_notice(settings: Settings, wikipayam_emulator: Emulator, tmp_path: Path) -> None:
    """An order that the outbox refuses is recorded as withdrawn, since nothing is sent for it."""
    wikipayam_emulator.faults.arm(Fault.status(429, retry_after=1), on="POST /sms/send")
    kept = attrs.evolve(settings, journal=tmp_path / "journal", max_waiting=1, batch_size=1)
    with TestClient(create_app(kept, partial(emulator_client, wikipayam_emulator))) as http:
        while http.post("/orders", json=ORDER).status_code == 202:
            pass
    posted, outcomes = read_journal(tmp_path / "journal")
    assert sorted(posted) == sorted(wikipayam_emulator.accepted_track_ids())
    assert sorted(outcomes) == sorted((track_id, "accepted") for track_id in posted)
    assert [status for _, status in lines(tmp_path / "journal")].count("withdrawn") == 1
