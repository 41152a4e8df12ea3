from __future__ import annotations

import pytest

from tests.cli.conftest import Run
from wikipayam_async.emulator import Emulator, Fault


def test_the_balance_is_shown(gateway: Emulator, run: Run) -> None:
    """Stdout shows the amount, and --json the model."""
    gateway.account.balance = 1_234_567
    assert run("balance").out == "1,234,567 IRR\n"
    assert run("balance", "--json").json == {
        "balance": 1_234_567,
        "currency": "IRR",
        "user_id": 1,
        "user_name": "admin",
    }


def test_a_refused_token_ends_with_4(gateway: Emulator, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong token is reported on stderr and in JSON, and never shown."""
    monkeypatch.setenv("SMS_AUTH_TOKEN", "wrong-token")
    ended = run("balance", "--json")
    assert (ended.code, ended.json["error"]["type"]) == (4, "AuthenticationError")
    assert "wrong-token" not in ended.err + ended.out


def test_no_token_ends_with_4(run: Run) -> None:
    """Without a token no request is made."""
    ended = run("balance")
    assert ended.code == 4
    assert ended.err.startswith("error: no token: set SMS_AUTH_TOKEN")


def test_a_gateway_failure_ends_with_5(gateway: Emulator, run: Run) -> None:
    """A server error on a read is a gateway failure."""
    gateway.faults.arm(Fault.status(500))
    assert run("balance").code == 5
