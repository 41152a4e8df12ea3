from __future__ import annotations

from tests.cli.bulk.commands import CAMPAIGN
from tests.cli.conftest import Run


def test_the_status_groups_messages_by_cause(mixed: None, run: Run) -> None:
    """It goes to stdout, so it pipes; what to do next goes to stderr."""
    ended = run("campaign", "status", CAMPAIGN)
    assert ended.code == 0
    assert ended.out.splitlines()[0].startswith("paused: sms.send: the gateway answered 402")
    assert ended.out.splitlines()[1:3] == [
        "4 messages: 1 accepted, 1 rejected, 1 unknown, 1 left",
        "1 message unknown, disconnected: sms.send: it is not known whether the gateway accepted this (disconnected)",
    ]
    assert ended.err.splitlines()[-1] == f"to go on: wikipayam campaign run {CAMPAIGN}"
    described = run("campaign", "status", CAMPAIGN, "--json").json
    assert (described["status"], described["counts"]) == (
        "paused", {"accepted": 1, "rejected": 1, "unknown": 1, "sending": 0, "pending": 1},
    )  # fmt: skip
