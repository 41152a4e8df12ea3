"""`wikipayam doctor`: is everything there that a send needs?"""

from __future__ import annotations

import os
import platform
import ssl
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email import message_from_bytes
from email.utils import parsedate_to_datetime
from importlib.metadata import version
from typing import Any, TypeAlias
from urllib.parse import urlsplit

import anyio
from anyio.abc import ByteStream
from anyio.streams.buffered import BufferedByteReceiveStream
from anyio.streams.tls import TLSAttribute, TLSStream
from attrs import field, frozen

from wikipayam_async.cli.exits import Exit, exit_of, worst
from wikipayam_async.cli.output import Output
from wikipayam_async.cli.session import Connection, guarded, make_client
from wikipayam_async.cli.settings import Settings, read_settings
from wikipayam_async.core.options import DEFAULT_BASE_URL, Origin
from wikipayam_async.core.transport import default_ssl_context
from wikipayam_async.errors import WikipayamError

__all__ = ["Check", "doctor"]

Note: TypeAlias = Callable[["Check"], None]

_PROXIES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "https_proxy", "http_proxy", "all_proxy")
_MOST_DRIFT = 60.0
_SOON = 14
_CALLS = 3
_LONGEST_HEAD = 65_536


@frozen
class Check:
    """What was looked at, and what was found.

    Attributes:
        name: What was looked at.
        code: `OK`, or what a command would end with because of it.
        says: What was found, and what to do about it.
        facts: The same for a program.
    """

    name: str
    code: Exit
    says: str
    facts: Mapping[str, object] = field(factory=dict)


def doctor(*, connection: Connection = Connection()) -> Exit:
    """Check token, TLS, clock, proxy and the way to the gateway. Nothing is sent; the balance is asked for.

    Args:
        connection: How to reach the gateway.
    """
    out = Output(json=connection.json)
    checks: list[Check] = []

    def note(check: Check) -> None:
        checks.append(check)
        out.say(f"{'ok   ' if check.code is Exit.OK else 'FAILS'}  {check.name}: {check.says}")

    def look() -> Exit:
        settings = read_settings(connection.env_file)
        note(check_versions())
        note(check_proxy(os.environ, connection.proxy))
        anyio.run(_look, connection, settings, note)
        out.emit({"checks": checks})
        return worst(check.code for check in checks)

    return guarded(out, look)


def check_versions() -> Check:
    """Tell what is installed."""
    names = ("wikipayam_async", "httpx", "anyio", "attrs", "cattrs", "msgspec", "httptools")
    found = {name: version(name) for name in names}
    found |= {"python": platform.python_version(), "platform": platform.platform(), "openssl": ssl.OPENSSL_VERSION}
    return Check("versions", Exit.OK, ", ".join(f"{name} {number}" for name, number in found.items()), found)


def check_proxy(environ: Mapping[str, str], proxy: str | None) -> Check:
    """Tell whether a proxy is used, and which are not.

    Args:
        environ: The environment.
        proxy: The one of the command line.
    """
    if proxy is not None:
        return Check("proxy", Exit.OK, "the one of --proxy is used", {"used": True})
    unused = [name for name in _PROXIES if environ.get(name)]
    says = f"none is used; {', '.join(unused)} of the environment does not count, --proxy would" if unused else "none"
    return Check("proxy", Exit.OK, says, {"used": False, "ignored": unused})


def check_token(settings: Settings) -> Check:
    """Tell where the token was found.

    Args:
        settings: What the surroundings say.
    """
    if settings.token is None:
        return Check("token", Exit.AUTH, "found nowhere: set SMS_AUTH_TOKEN", {"found": None})
    return Check("token", Exit.OK, f"found in {settings.token_from}", {"found": settings.token_from})


def check_clock(date: str | None, now: datetime) -> Check:
    """Compare this machine's clock with the gateway's.

    Args:
        date: The `Date` header of an answer.
        now: This machine's time.
    """
    try:
        there = parsedate_to_datetime(date or "")
    except ValueError:
        return Check("clock", Exit.OK, "the gateway did not tell its time", {"drift": None})
    drift = (now - there.astimezone(UTC)).total_seconds()
    good = abs(drift) <= _MOST_DRIFT
    says = f"{abs(drift):.0f} s {'behind' if drift < 0 else 'ahead of'} the gateway's"
    return Check("clock", Exit.OK if good else Exit.USAGE, says, {"drift": drift})


def check_certificate(tls: str, expires: str, now: float) -> Check:
    """Tell how the connection is encrypted, and for how long the certificate is good.

    Args:
        tls: The version of TLS.
        expires: The end of the certificate, as OpenSSL writes it.
        now: This machine's time, in seconds since 1970.
    """
    days = int((ssl.cert_time_to_seconds(expires) - now) // 86400)
    warning = ", which is soon" if days < _SOON else ""
    return Check(
        "tls", Exit.OK, f"{tls}, the certificate ends in {days} days{warning}", {"version": tls, "days_left": days}
    )


async def _look(connection: Connection, settings: Settings, note: Note) -> None:
    note(check_token(settings))
    try:
        if connection.proxy is None:
            origin = Origin.parse(connection.base_url or settings.get("WIKIPAYAM_SMS_API_BASE_URL") or DEFAULT_BASE_URL)
            with anyio.fail_after(connection.timeout):
                await _connect(origin.url, note)
    except (OSError, TimeoutError, anyio.BrokenResourceError, anyio.EndOfStream) as error:
        note(Check("connection", Exit.GATEWAY, f"cannot be made: {type(error).__name__}: {error}"))
    else:
        if settings.token is not None:
            await _ask(connection, settings, note)


async def _connect(url: str, note: Note) -> None:
    parts = urlsplit(url)
    host = parts.hostname or ""
    began = time.perf_counter()
    stream: ByteStream = await anyio.connect_tcp(host, parts.port or (443 if parts.scheme == "https" else 80))
    took = (time.perf_counter() - began) * 1000
    note(Check("connection", Exit.OK, f"{url}, made in {took:.0f} ms", {"url": url, "milliseconds": took}))
    try:
        if parts.scheme == "http":
            note(Check("tls", Exit.OK, "none: plain http, which is for this machine alone", {"version": None}))
        else:
            context = default_ssl_context()
            stream = await TLSStream.wrap(stream, hostname=host, ssl_context=context, standard_compatible=False)
            # Of a certificate that was accepted, OpenSSL always has the end.
            certificate: Any = stream.extra(TLSAttribute.peer_certificate)
            note(check_certificate(stream.extra(TLSAttribute.tls_version), certificate["notAfter"], time.time()))
        note(check_clock(await _read_date(stream, parts.netloc), datetime.now(UTC)))
    finally:
        await anyio.aclose_forcefully(stream)


async def _read_date(stream: ByteStream, host: str) -> str | None:
    """Ask for the first page without a token, for the sake of the time in its head."""
    await stream.send(f"HEAD / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
    try:
        head = await BufferedByteReceiveStream(stream).receive_until(b"\r\n\r\n", _LONGEST_HEAD)
    except (anyio.IncompleteRead, anyio.DelimiterNotFound, anyio.BrokenResourceError):
        return None
    return message_from_bytes(head.partition(b"\r\n")[2]).get("Date")


async def _ask(connection: Connection, settings: Settings, note: Note) -> None:
    times = []
    try:
        async with make_client(connection, settings) as client:
            for _ in range(_CALLS):
                began = time.perf_counter()
                await client.balance()
                times.append((time.perf_counter() - began) * 1000)
    except WikipayamError as error:
        note(Check("gateway", exit_of(error), f"{type(error).__name__}: {error}"))
    else:
        says = f"took the token; {min(times):.0f} to {max(times):.0f} ms a call"
        note(Check("gateway", Exit.OK, says, {"milliseconds": times}))
