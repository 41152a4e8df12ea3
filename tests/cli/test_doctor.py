from __future__ import annotations

import ssl
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

import pytest
from anyio.abc import ByteStream
from anyio.from_thread import start_blocking_portal
from anyio.streams.buffered import BufferedByteReceiveStream

from tests.cli.conftest import Run
from tests.support.net import client_tls, server_tls
from tests.support.raw import RawRequest, answer, raw_gateway, raw_server
from wikipayam_async.cli import doctor
from wikipayam_async.cli.doctor import check_certificate, check_clock, check_proxy
from wikipayam_async.emulator import DEFAULT_TOKEN, Emulator, Fault

NOW = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)


def by_name(found: dict[str, Any]) -> dict[str, int]:
    """Return the exit codes of all checks by name."""
    return {check["name"]: check["code"] for check in found["checks"]}


def test_all_checks_pass(gateway: Emulator, run: Run) -> None:
    """With valid settings and a running gateway every check passes, and nothing is sent."""
    ended = run("doctor", "--json")
    assert by_name(ended.json) == dict.fromkeys(
        ("versions", "proxy", "token", "connection", "tls", "clock", "gateway"), 0
    )
    assert (ended.code, gateway.ledger, DEFAULT_TOKEN in ended.out) == (0, [], False)
    assert all(line.startswith("ok ") for line in run("doctor").out.splitlines())


def test_a_refused_token_is_found(gateway: Emulator, run: Run) -> None:
    """A refused token fails the last check, and decides the exit code."""
    gateway.faults.arm(Fault.status(401), on="GET /user/balance")
    ended = run("doctor", "--json")
    assert (ended.code, by_name(ended.json)["gateway"]) == (4, 4)


def test_a_missing_token_is_found(gateway: Emulator, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a token the connection is still checked."""
    monkeypatch.delenv("SMS_AUTH_TOKEN")
    ended = run("doctor", "--json")
    assert (ended.code, by_name(ended.json)["token"], by_name(ended.json)["connection"]) == (4, 4, 0)
    assert "gateway" not in by_name(ended.json)


def test_an_unreachable_gateway_is_found(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """If no connection can be made, the checks after it are skipped."""
    monkeypatch.setenv("SMS_AUTH_TOKEN", DEFAULT_TOKEN)
    ended = run("doctor", "--base-url", "http://127.0.0.1:1")
    assert ended.code == 5
    assert ended.out.splitlines()[-1].startswith("FAILS  connection: failed: ")


def test_with_a_proxy_only_calls_are_checked(gateway: Emulator, run: Run) -> None:
    """With `--proxy` no direct connection is made."""
    gateway.faults.script([Fault.status(500)])
    found = run("doctor", "--json", "--proxy", "http://127.0.0.1:1", "--timeout", "0.2")
    assert "connection" not in by_name(found.json)
    assert by_name(found.json)["gateway"] == 5


def test_tls_is_checked(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over https the version of TLS and the days until the certificate expires are shown."""
    monkeypatch.setenv("SMS_AUTH_TOKEN", DEFAULT_TOKEN)
    monkeypatch.setattr(doctor, "default_ssl_context", client_tls)
    monkeypatch.setattr("wikipayam_async.core.transport.default_ssl_context", client_tls)

    async def respond(_: RawRequest, __: object) -> bytes:
        return answer({"data": {"balance": 7}}, headers={"Date": format_datetime(datetime.now(UTC), usegmt=True)})

    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(raw_gateway(respond, tls=server_tls())) as served,
    ):
        ended = run("doctor", "--json", "--base-url", served.url)
    facts = {check["name"]: check["facts"] for check in ended.json["checks"]}
    assert ended.code == 0
    assert facts["tls"]["version"] == "TLSv1.3"
    assert facts["tls"]["days_left"] > 365
    assert abs(facts["clock"]["drift"]) < 30


@pytest.mark.parametrize("response", [b"", b"x" * 70_000])
def test_a_response_without_headers_has_no_time(run: Run, response: bytes) -> None:
    """A peer that closes the connection, or never ends its headers, gives no time; the other checks still run."""

    async def respond(stream: ByteStream) -> None:
        await BufferedByteReceiveStream(stream).receive_until(b"\r\n\r\n", 65_536)
        await stream.send(response)

    with start_blocking_portal() as portal, portal.wrap_async_context_manager(raw_server(respond)) as url:
        ended = run("doctor", "--json", "--base-url", url)
    assert {check["name"]: check["facts"] for check in ended.json["checks"]}["clock"] == {"drift": None}


def test_proxies_of_the_environment_are_ignored() -> None:
    """Proxy variables are listed as ignored; the proxy of the command line is used."""
    assert check_proxy({"HTTPS_PROXY": "http://p"}, None).facts == {"used": False, "ignored": ["HTTPS_PROXY"]}
    assert check_proxy({"HTTPS_PROXY": "http://p"}, "http://q").facts == {"used": True}
    assert check_proxy({}, None).text == "none"


@pytest.mark.parametrize(
    ("date", "code", "drift"),
    [
        ("Sun, 22 Nov 2026 12:00:30 GMT", 0, -30.0),
        ("Sun, 22 Nov 2026 11:58:00 GMT", 2, 120.0),
        ("yesterday", 0, None),
        (None, 0, None),
    ],
)
def test_the_clocks_are_compared(date: str | None, code: int, drift: float | None) -> None:
    """A clock that is off by more than a minute fails the check; a gateway without a time does not."""
    check = check_clock(date, NOW)
    assert (check.code, check.facts) == (code, {"drift": drift})


def test_a_certificate_that_expires_soon_is_reported() -> None:
    """The remaining days are counted, and fewer than two weeks are a warning."""
    now = ssl.cert_time_to_seconds("Nov 22 12:00:00 2026 GMT")
    assert (
        check_certificate("TLSv1.3", "Feb 20 12:00:00 2027 GMT", now).text
        == "TLSv1.3, the certificate expires in 90 days"
    )
    assert check_certificate("TLSv1.3", "Dec  1 12:00:00 2026 GMT", now).text.endswith("in 9 days, which is soon")


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_server_that_hangs_up_is_found(run: Run, monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    """A server that closes every connection at once, with or without TLS, is a gateway failure and no crash."""
    monkeypatch.setenv("SMS_AUTH_TOKEN", DEFAULT_TOKEN)

    async def close(stream: ByteStream) -> None:
        await stream.aclose()

    with start_blocking_portal() as portal, portal.wrap_async_context_manager(raw_server(close)) as url:
        ended = run("doctor", "--base-url", url.replace("http", scheme), "--timeout", "2")
    assert ended.code == 5
    assert "Traceback" not in ended.err
