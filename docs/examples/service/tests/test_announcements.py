"""Announcements and opt-outs."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import attrs
from fastapi.testclient import TestClient

from shop.app import create_app
from shop.settings import Settings
from wikipayam_async.testing import Emulator, Fault, When, emulator_client

MANY = [f"0935{number:07}" for number in range(250)]


def announce(http: TestClient, *mobiles: str) -> list[dict[str, Any]]:
    """Make an announcement; return the lines of progress."""
    answer = http.post("/announcements", json={"text": "فردا تعطیلیم", "mobiles": mobiles})
    assert answer.headers["Content-Type"] == "application/x-ndjson"
    return [json.loads(line) for line in answer.text.splitlines()]


def test_progress_is_streamed(http: TestClient, wikipayam_emulator: Emulator) -> None:
    """There is a line for each request, and a last one with `finished` set."""
    lines = announce(http, *MANY)
    assert [line["done"] for line in lines] == sorted(line["done"] for line in lines)
    assert [line["finished"] for line in lines] == [False, False, False, True]
    assert lines[-1] == {"done": 250, "total": 250, "counts": {"accepted": 250}, "finished": True, "error": None}
    assert sorted(entry.receiver for entry in wikipayam_emulator.ledger) == MANY


def test_every_outcome_is_counted(
    http: TestClient, wikipayam_emulator: Emulator, send_inbound: Callable[[str, str], None]
) -> None:
    """Duplicates, opt-outs and invalid numbers are not sent; every other number receives one message."""
    send_inbound("989127777777", "لغو۱۱")
    last = announce(http, "09123456789", "+98 912 345 6789", "09127777777", "02188776655")[-1]
    assert last["counts"] == {"accepted": 1, "duplicate": 1, "opted_out": 1, "rejected": 1}
    assert [entry.receiver for entry in wikipayam_emulator.ledger] == ["09123456789"]


def test_unknown_outcomes_are_counted(http: TestClient, wikipayam_emulator: Emulator) -> None:
    """A lost response counts as `unknown`, and is not retried."""
    wikipayam_emulator.faults.arm(Fault.reset(when=When.AFTER), on="POST /sms/send")
    assert announce(http, *MANY[:3])[-1]["counts"] == {"unknown": 3}
    assert wikipayam_emulator.requests_to("POST /sms/send") == 1


def test_a_sentence_that_contains_the_opt_out_word_is_no_opt_out(
    http: TestClient, send_inbound: Callable[[str, str], None]
) -> None:
    """`سفارشم را لغو کنید` concerns an order."""
    send_inbound("989123456789", "سفارشم را لغو کنید")
    assert http.get("/health").json()["opted_out"] == 0


def test_opt_outs_are_persistent(
    settings: Settings,
    wikipayam_emulator: Emulator,
    tmp_path: Path,
    eventually: Callable[[Callable[[], bool]], None],
) -> None:
    """Opt-outs are written to a file, once each, and read when the shop starts again."""
    kept = attrs.evolve(settings, opted_out=tmp_path / "opted-out.txt")
    (tmp_path / "opted-out.txt").write_text("09350000000\n", encoding="utf-8")
    for _ in range(2):
        wikipayam_emulator.inbound(sender="989123456789", message="لغو")
    open_shop = partial(create_app, kept, partial(emulator_client, wikipayam_emulator))
    with TestClient(open_shop()) as http:
        eventually(lambda: http.get("/health").json()["worker"]["handled"] == 2)
    with TestClient(open_shop()) as http:
        assert announce(http, "09123456789", "09350000000")[-1]["counts"] == {"opted_out": 2}
    assert (tmp_path / "opted-out.txt").read_text("utf-8") == "09350000000\n09123456789\n"
