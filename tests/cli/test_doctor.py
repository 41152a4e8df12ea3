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
    """Return the codes of all checks."""
    return {check["name"]: check["code"] for check in found["checks"]}


def test_all_is_well(gateway: Emulator, run: Run) -> None:
    """Where everything is there, every check is fine, and nothing is sent."""
    ended = run("doctor", "--json")
    assert by_name(ended.json) == dict.fromkeys(
        ("versions", "proxy", "token", "connection", "tls", "clock", "gateway"), 0
    )
    assert (ended.code, gateway.ledger, DEFAULT_TOKEN in ended.out) == (0, [], False)
    assert all(line.startswith("ok ") for line in run("doctor").err.splitlines())


def test_a_refused_token_is_found(gateway: Emulator, run: Run) -> None:
    """A token that the gateway refuses fails the last check, and decides the exit code."""
    gateway.faults.arm(Fault.status(401), on="GET /user/balance")
    ended = run("doctor", "--json")
    assert (ended.code, by_name(ended.json)["gateway"]) == (4, 4)


def test_a_missing_token_is_found(gateway: Emulator, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a token the way to the gateway is looked at all the same."""
    monkeypatch.delenv("SMS_AUTH_TOKEN")
    ended = run("doctor", "--json")
    assert (ended.code, by_name(ended.json)["token"], by_name(ended.json)["connection"]) == (4, 4, 0)
    assert "gateway" not in by_name(ended.json)


def test_a_gateway_out_of_reach_is_found(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no connection can be made, that is what is told, and nothing more is tried."""
    monkeypatch.setenv("SMS_AUTH_TOKEN", DEFAULT_TOKEN)
    ended = run("doctor", "--base-url", "http://127.0.0.1:1")
    assert ended.code == 5
    assert ended.err.splitlines()[-1].startswith("FAILS  connection: cannot be made")


def test_through_a_proxy_the_gateway_alone_is_asked(gateway: Emulator, run: Run) -> None:
    """With `--proxy` no connection is made past it."""
    gateway.faults.script([Fault.status(500)])
    found = run("doctor", "--json", "--proxy", "http://127.0.0.1:1", "--timeout", "0.2")
    assert "connection" not in by_name(found.json)
    assert by_name(found.json)["gateway"] == 5


def test_tls_is_looked_at(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over https the version of TLS and the days that the certificate is good for are told."""
    monkeypatch.setenv("SMS_AUTH_TOKEN", DEFAULT_TOKEN)
    monkeypatch.setattr(doctor, "default_ssl_context", client_tls)
    monkeypatch.setattr("wikipayam_async.core.transport.default_ssl_context", client_tls)

    async def tell(_: RawRequest, __: object) -> bytes:
        return answer({"data": {"balance": 7}}, headers={"Date": format_datetime(datetime.now(UTC), usegmt=True)})

    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(raw_gateway(tell, tls=server_tls())) as there,
    ):
        ended = run("doctor", "--json", "--base-url", there.url)
    facts = {check["name"]: check["facts"] for check in ended.json["checks"]}
    assert ended.code == 0
    assert facts["tls"]["version"] == "TLSv1.3"
    assert facts["tls"]["days_left"] > 365
    assert abs(facts["clock"]["drift"]) < 30


@pytest.mark.parametrize("said", [b"", b"x" * 70_000])
def test_an_answer_without_a_head_tells_no_time(run: Run, said: bytes) -> None:
    """A peer that hangs up, or never ends its head, is no clock; the rest is told all the same."""

    async def say(stream: ByteStream) -> None:
        await BufferedByteReceiveStream(stream).receive_until(b"\r\n\r\n", 65_536)
        await stream.send(said)

    with start_blocking_portal() as portal, portal.wrap_async_context_manager(raw_server(say)) as url:
        ended = run("doctor", "--json", "--base-url", url)
    assert {check["name"]: check["facts"] for check in ended.json["checks"]}["clock"] == {"drift": None}


def test_the_proxys_of_the_environment_do_not_count() -> None:
    """Proxies of the environment are named, for they are not used; that of the command line is."""
    assert check_proxy({"HTTPS_PROXY": "http://p"}, None).facts == {"used": False, "ignored": ["HTTPS_PROXY"]}
    assert check_proxy({"HTTPS_PROXY": "http://p"}, "http://q").facts == {"used": True}
    assert check_proxy({}, None).says == "none"


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
    """A clock that is more than a minute off is a finding; a gateway that tells no time is none."""
    check = check_clock(date, NOW)
    assert (check.code, check.facts) == (code, {"drift": drift})


def test_a_certificate_that_ends_soon_is_told() -> None:
    """The days left are counted, and fewer than two weeks are said to be few."""
    now = ssl.cert_time_to_seconds("Nov 22 12:00:00 2026 GMT")
    assert (
        check_certificate("TLSv1.3", "Feb 20 12:00:00 2027 GMT", now).says == "TLSv1.3, the certificate ends in 90 days"
    )
    assert check_certificate("TLSv1.3", "Dec  1 12:00:00 2026 GMT", now).says.endswith("in 9 days, which is soon")


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_server_that_hangs_up_is_found(run: Run, monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    """Who closes every connection at once, before TLS or after, is a gateway that fails, and no crash."""
    monkeypatch.setenv("SMS_AUTH_TOKEN", DEFAULT_TOKEN)

    async def close(stream: ByteStream) -> None:
        await stream.aclose()

    with start_blocking_portal() as portal, portal.wrap_async_context_manager(raw_server(close)) as url:
        ended = run("doctor", "--base-url", url.replace("http", scheme), "--timeout", "2")
    assert ended.code == 5
    assert "Traceback" not in ended.err
