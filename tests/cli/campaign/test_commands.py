from __future__ import annotations

import pytest

from tests.cli.conftest import Run
from wikipayam_async.cli.campaign.commands import campaign

NAMES = [name for name in campaign if not name.startswith("-")]


def test_the_help_lists_the_commands_in_the_order_of_their_use(run: Run) -> None:
    """From the plan to the end."""
    ended = run("campaign", "--help")
    assert ended.code == 0
    shown = [line.split()[1] for line in ended.out.splitlines() if line.startswith("│") and line[2] != " "]
    assert [name for name in shown if name in NAMES] == [
        "plan", "run", "enqueue", "status", "results", "mark-accepted", "requeue", "audit", "pause", "resume", "cancel",
        "follow", "export", "purge", "migrate",
    ]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_every_command_has_help(run: Run, name: str) -> None:
    """And takes the URL of a database."""
    ended = run("campaign", name, "--help")
    assert (ended.code, ended.err, "--database" in ended.out) == (0, "", True)
