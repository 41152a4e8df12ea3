from __future__ import annotations

import io
from typing import Any

import pytest

from tests.cli.bulk.commands import CAMPAIGN, FILE, A, write
from tests.cli.conftest import Run
from wikipayam_async.campaigns import CampaignResult
from wikipayam_async.cli.campaign.offline import show_result
from wikipayam_async.cli.output import Output
from wikipayam_async.emulator import Emulator
from wikipayam_async.outcomes import SendStatus

RESULT = CampaignResult(0, A, SendStatus.ACCEPTED, "5f", None, "t-\x1b1", row=2)


@pytest.mark.parametrize(
    ("changes", "only", "shown"),
    [
        ({}, False, "2\t0912*****01\taccepted\t5f\tt-\\x1b1\t\t\n"),
        ({}, True, "t-\\x1b1\n"),
        ({"track_id": None}, True, ""),
    ],
)
def test_a_result_is_one_line(changes: dict[str, Any], only: bool, shown: str) -> None:
    """Control characters do not reach the terminal; a message without a track id has none to show."""
    fields = {"track_id": RESULT.track_id, **changes}
    out = io.StringIO()
    result = CampaignResult(0, A, SendStatus.ACCEPTED, "5f", None, fields["track_id"], row=2)
    show_result(Output(stdout=out), result, track_id_only=only)
    assert out.getvalue() == shown


def test_no_gateway_is_needed(gateway: Emulator, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a token nor a connection."""
    write(f"{A},hi")
    assert run("bulk", FILE, "--yes").code == 0
    monkeypatch.delenv("SMS_AUTH_TOKEN")
    requests = gateway.requests
    for name in ("status", "results", "audit", "pause"):
        assert run("campaign", name, CAMPAIGN).code == 0
    assert gateway.requests == requests
