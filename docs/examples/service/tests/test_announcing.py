"""An announcement runs independently of the request that started it."""

from __future__ import annotations

import json
import math
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest
from anyio.abc import TaskGroup
from anyio.lowlevel import checkpoint

from shop.announcements import Announcement, Progress, _send_all
from shop.journal import Journal
from shop.opting_out import OptOuts
from shop.settings import Settings
from shop.state import Shop
from wikipayam_async import AsyncWikipayam
from wikipayam_async.testing import Emulator, Fault

ANNOUNCEMENT = Announcement(text="فردا تعطیلیم", mobiles=[f"0935{number:07}" for number in range(250)])

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    """FastAPI runs on asyncio."""
    return "asyncio"


async def announce(client: AsyncWikipayam, tasks: TaskGroup, journal: Journal) -> None:
    """Make an announcement whose caller has disconnected."""
    shop = Shop(Settings(), OptOuts(), journal, tasks)
    send, receive = anyio.create_memory_object_stream[Progress](math.inf)
    receive.close()
    await _send_all(client, shop, ANNOUNCEMENT, send)


def outcomes(path: Path) -> list[str]:
    """Return the outcomes in a journal; fail unless each message was recorded before its outcome, and has one."""
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    posted = dict.fromkeys(line["track_id"] for line in lines if line["status"] == "posted")
    found: dict[str, str] = {}
    for line in lines:
        if line["status"] != "posted":
            assert line["track_id"] not in found
            assert line["track_id"] in posted
            found[line["track_id"]] = line["status"]
    assert found.keys() == posted.keys()
    return list(found.values())


async def test_it_continues_if_the_caller_disconnects(
    wikipayam_client: AsyncWikipayam, wikipayam_emulator: Emulator, tmp_path: Path
) -> None:
    """A closed browser does not stop an announcement."""
    journal = Journal()
    with journal.opened(tmp_path / "journal"):
        async with anyio.create_task_group() as tasks:
            await announce(wikipayam_client, tasks, journal)
            tasks.cancel_scope.cancel()
    assert len(wikipayam_emulator.ledger) == 250
    assert outcomes(tmp_path / "journal") == ["accepted"] * 250


async def test_a_shop_that_shuts_down_accounts_for_it(
    wikipayam_client: AsyncWikipayam, wikipayam_emulator: Emulator, tmp_path: Path
) -> None:
    """Messages that the gateway refused or that were not begun are recorded as not sent."""
    wikipayam_emulator.faults.arm(Fault.status(429, retry_after=50), on="POST /sms/send", times=None)
    journal = Journal()
    with journal.opened(tmp_path / "journal"):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(announce, wikipayam_client, tasks, journal)
            while wikipayam_emulator.requests_to("POST /sms/send") < 3:
                await checkpoint()
            tasks.cancel_scope.cancel()
    assert len(wikipayam_emulator.ledger) == 0
    recorded = outcomes(tmp_path / "journal")
    assert len(recorded) == 250
    assert set(recorded) <= {"rejected", "not_attempted"}
