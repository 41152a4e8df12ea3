"""The example service: its own tests, the command that runs it, and its load script."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.effort import long_or_short

SERVICE = Path(__file__).parent.parent.parent / "docs" / "examples" / "service"
MOBILE = "09123456789"

if not SERVICE.is_dir():
    pytest.skip("the documentation is not part of what is tested here", allow_module_level=True)
pytest.importorskip("fastapi")

PLUGINS = ("-p", "anyio.pytest_plugin", "-p", "wikipayam_async.pytest_plugin", "-p", "no:cacheprovider")
LEAKS = ("-W", "error::ResourceWarning", "-W", "error::pytest.PytestUnraisableExceptionWarning")


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python in the service's folder."""
    return subprocess.run(  # noqa: S603 - nothing of it comes from outside
        [sys.executable, *arguments], cwd=SERVICE, capture_output=True, check=False, encoding="utf-8", timeout=120
    )


def figure(pattern: str, text: str) -> int:
    """Return a number from a report."""
    found = re.search(pattern, text)
    assert found is not None, text
    return int(found[1].replace(",", ""))


@pytest.fixture
def shop() -> Iterator[httpx.Client]:
    """The shop, started by its command on free ports."""
    process = subprocess.Popen(
        [sys.executable, "run.py", "--port", "0", "--gateway-port", "0"],
        cwd=SERVICE,
        env={**os.environ, "SHOP_INBOUND_POLL_INTERVAL": "0.2"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )
    with process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline().startswith("gateway: http://127.0.0.1:")
            found = re.match(r"shop:    (http://127\.0\.0\.1:\d+)/docs", process.stdout.readline())
            assert found is not None
            with httpx.Client(base_url=found[1], trust_env=False, timeout=30) as http:
                yield http
        finally:
            process.terminate()


def test_the_tests_of_the_service_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    """Run by pytest in the service's folder, with only the plugins they need."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    ended = run("-m", "pytest", "-q", *PLUGINS, *LEAKS)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert figure(r"(\d+) passed", ended.stdout) > 30


def test_one_command_runs_shop_and_gateway(shop: httpx.Client) -> None:
    """A user logs in with the code sent to the mobile, orders, and opts out of announcements."""
    challenge = shop.post("/login/start", json={"receiver": MOBILE}).json()["challenge_id"]
    code = re.findall(r"\d{6}", shop.get(f"/phones/{MOBILE}").json()[0]["message"])[0]
    assert shop.post("/orders", json={"mobile": MOBILE, "item": "چای"}).status_code == 202
    proof = shop.post("/login/check", json={"challenge_id": challenge, "code": code}).json()["proof"]
    orders = shop.get("/me/orders", headers={"Authorization": f"Bearer {proof}"}).json()
    assert [order["item"] for order in orders] == ["چای"]
    assert shop.post("/phones", json={"mobile": MOBILE, "message": "لغو"}).status_code == 204
    deadline = time.monotonic() + 30
    while (health := shop.get("/health").json())["opted_out"] < 1:
        assert time.monotonic() < deadline, health
        time.sleep(0.05)
    progress = shop.post("/announcements", json={"text": "فردا تعطیلیم", "mobiles": [MOBILE, "09350000000"]}).text
    assert json.loads(progress.splitlines()[-1])["counts"] == {"accepted": 1, "opted_out": 1}
    assert [one["kind"] for one in shop.get(f"/phones/{MOBILE}").json()] == ["otp", "sms"]
    assert {"/login/start", "/orders", "/announcements", "/health"} <= set(shop.get("/openapi.json").json()["paths"])


def test_the_load_script_finds_the_records_consistent() -> None:
    """No notice is lost or sent twice, and there are fewer requests than notices."""
    ended = run("load.py", "--users", "40", "--orders", "3", "--think-time", "0.05")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert figure(r"logged in +([\d,]+)", ended.stdout) == 40
    assert figure(r"notices +([\d,]+) in the ledger", ended.stdout) == 120
    assert figure(r"saved +([\d,]+) requests", ended.stdout) > 0
    assert ended.stdout.count("\nok ") == 7


def test_a_shop_stopped_under_load_accounts_for_every_notice() -> None:
    """After SIGTERM, lost responses and a short drain, the outcomes add up to the promised notices."""
    options = [
        "--think-time",
        "0.02",
        "--sigterm",
        "--slow",
        "1",
        "--lost",
        "0.3",
        "--batch-size",
        "2",
        "--drain",
        "0.2",
    ]
    ended = run("load.py", "--users", "40", "--orders", "5", *options)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    answered = figure(r"orders +([\d,]+) answered 202", ended.stdout)
    unanswered = figure(r"([\d,]+) unanswered", ended.stdout)
    outcomes = {
        outcome: figure(rf"([\d,]+) {outcome}", ended.stdout) for outcome in ("accepted", "unknown", "not_attempted")
    }
    assert answered >= 66
    assert answered <= sum(outcomes.values()) <= answered + unanswered
    assert ended.stdout.count("\nok ") == 7


def test_users_log_in_through_two_processes_half_of_them_by_a_call(redis_url: str) -> None:
    """Each is accounted for: one SMS, one call if it was not delivered, the same code, accepted once."""
    pytest.importorskip("redis")
    users = long_or_short(1_000, 60)
    ended = run("logins.py", "--redis", redis_url, "--users", str(users), "--voice-after", "5")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert figure(r"logged in +([\d,]+)", ended.stdout) == users
    assert figure(r"([\d,]+) by a call", ended.stdout) == users // 2
    assert figure(r"messages +([\d,]+)", ended.stdout) == users + users // 2
    assert ended.stdout.count("\nok ") == 3
