from __future__ import annotations

import io
from collections.abc import Sequence

import pytest

from tests.cli.bulk.commands import CAMPAIGN, FILE, SENDS, A, B, outcomes, track_ids, write
from tests.cli.conftest import Run
from wikipayam_async.emulator import Emulator, Fault


@pytest.fixture
def unknown(gateway: Emulator, run: Run) -> list[str]:
    """Make a campaign with two unknown messages; return their track ids."""
    write(f"{A},hi", f"{B},hi")
    gateway.faults.every(Fault.reset(), 1, on=SENDS)
    assert run("bulk", FILE, "--yes").code == 3
    gateway.faults.reset()
    return track_ids(run, "--status", "unknown")


def test_track_ids_are_read_from_stdin(unknown: list[str], run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """As `campaign results --track-ids` writes them, through whatever filter."""
    monkeypatch.setattr("sys.stdin", io.StringIO("\n".join(unknown) + "\n"))
    assert run("campaign", "mark-accepted", CAMPAIGN, "-", "--note", "panel").code == 0
    assert outcomes(run) == {2: "accepted", 3: "accepted"}


def test_a_wrong_track_id_changes_nothing(unknown: list[str], run: Run) -> None:
    """The error names it."""
    ended = run("campaign", "mark-accepted", CAMPAIGN, unknown[0], "other", "--note", "panel")
    assert (ended.code, "TRACK_IDS: expected messages of this campaign" in ended.err) == (2, True)
    assert "1 others: other" in ended.err
    assert outcomes(run) == {2: "unknown", 3: "unknown"}


def test_all_unknown_messages_of_a_cause_are_decided_together(unknown: list[str], run: Run) -> None:
    """A cause that no message has chooses nothing."""
    options = ("--note", "panel", "--yes")
    assert run("campaign", "mark-accepted", CAMPAIGN, "--cause", "timeout", *options).err == (
        "no message was chosen; nothing was changed\n"
    )
    assert run("campaign", "mark-accepted", CAMPAIGN, "--cause", "disconnected", *options).code == 0
    assert outcomes(run) == {2: "accepted", 3: "accepted"}


@pytest.mark.parametrize(
    ("words", "got"),
    [(("mark-accepted",), "expected track ids, or --cause; got neither"), (("requeue", "a", "--rejected"), "got both")],
)
def test_one_way_to_choose_messages_is_needed(unknown: list[str], run: Run, words: Sequence[str], got: str) -> None:
    """Track ids, or a cause."""
    name, *rest = words
    ended = run("campaign", name, CAMPAIGN, *rest, "--note", "x")
    assert (ended.code, got in ended.err) == (2, True)
