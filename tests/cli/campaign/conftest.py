"""Campaigns in files."""

from __future__ import annotations

import pytest

from tests.cli.bulk.commands import FILE, SENDS, A, B, C, write
from tests.cli.conftest import Run
from wikipayam_async.emulator import Emulator, Fault


@pytest.fixture
def mixed(gateway: Emulator, run: Run) -> None:
    """Make a campaign with an accepted, an unknown, a rejected and a pending message, in the rows 2 to 5."""
    write(f"{A},hi,Qom", f"{B},hi,Yazd", f"{C},=1+1,Fars", "09120000004,hi,Ilam", header="mobile,text,city")
    gateway.faults.script([None, Fault.reset(), Fault.status(400), Fault.status(402)], on=SENDS)
    assert run("bulk", FILE, "--yes", "--batch-size", "1", "--concurrency", "1").code == 3
