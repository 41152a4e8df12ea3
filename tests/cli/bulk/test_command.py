from __future__ import annotations

import io

import pytest

from tests.cli.bulk.commands import CAMPAIGN, FILE, A, B, C, outcomes, receivers, write
from tests.cli.conftest import Run
from wikipayam_async.cli import main
from wikipayam_async.emulator import Emulator


def test_a_file_is_sent_and_reported(gateway: Emulator, run: Run) -> None:
    """The command shows the check, the balance, the counts and the campaign, and exits with 0."""
    write(f"{A},hi", f"{B},سلام")
    balance = gateway.account.balance
    ended = run("bulk", FILE, "--price-persian", "895", "--price-latin", "500", "--yes-up-to", "1395")
    assert ended.code == 0
    assert ended.out == ""
    assert ended.err.splitlines() == [
        "2 rows (delimiter ',')",
        "2 messages to send, 2 parts; cost: 1,395 rials",
        "shortest text, row 2, 1 part in gsm7:",
        "  hi",
        "longest text, row 3, 1 part in ucs2:",
        "  سلام",
        f"balance: {balance:,} rials",
        "completed",
        "2 messages: 2 accepted, 0 rejected, 0 unknown, 0 left",
        f"campaign: {CAMPAIGN} (wikipayam campaign results {CAMPAIGN})",
    ]
    assert receivers(gateway) == [A, B]
    assert outcomes(run) == {2: "accepted", 3: "accepted"}


def test_a_closed_stderr_does_not_stop_the_run(gateway: Emulator, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in `2>&1 | head -1`: everything is sent and recorded although stderr is closed."""

    class Gone(io.StringIO):
        def write(self, _: str, /) -> int:
            raise BrokenPipeError

    monkeypatch.setattr("wikipayam_async.cli.campaign.progress.SECONDS_BETWEEN_LINES", 0.0)
    write(f"{A},hi", f"{B},hi", f"{C},hi")
    with monkeypatch.context() as patch:
        patch.setattr("sys.stderr", Gone())
        assert main(["bulk", FILE, "--yes", "--batch-size", "1", "--concurrency", "1"]) == 0
    assert receivers(gateway) == [A, B, C]
    assert outcomes(run) == {2: "accepted", 3: "accepted", 4: "accepted"}
