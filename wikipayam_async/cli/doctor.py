"""`wikipayam doctor`: checks everything that a send needs."""

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

from wikipayam_async.cli.campaign.options import UrlOptions
from wikipayam_async.cli.checks import Check
from wikipayam_async.cli.database import find_database
from wikipayam_async.cli.database_checks import check_database
from wikipayam_async.cli.exits import Exit, exit_of, worst
from wikipayam_async.cli.output import Output
from wikipayam_async.cli.session import GatewayOptions, guarded, make_client
from wikipayam_async.cli.settings import Settings, read_settings
from wikipayam_async.cli.wording import in_words_of_the_command_line
from wikipayam_async.core.options import DEFAULT_BASE_URL, Origin
from wikipayam_async.core.transport import default_ssl_context
from wikipayam_async.errors import WikipayamError

__all__ = ["doctor"]

OnCheck: TypeAlias = Callable[[Check], None]

_PROXIES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "https_proxy", "http_proxy", "all_proxy")
_MAX_DRIFT = 60.0
_EXPIRY_WARNING_DAYS = 14
_CALLS = 3
_MAX_HEADER_BYTES = 65_536


def doctor(*, database: UrlOptions = UrlOptions(), connection: GatewayOptions = GatewayOptions()) -> Exit:
    """Check token, TLS, clock, proxy and connection. No message is sent; the balance is read.

    Args:
        database: The database of campaigns, if it is to be checked, too.
        connection: How to reach the gateway.
    """
    out = Output(json=connection.json)
    checks: list[Check] = []

    def report(check: Check) -> None:
        checks.append(check)
        out.explain(check.line)

    def run_checks() -> Exit:
        settings = read_settings(connection.env_file)
        report(check_versions())
        report(check_proxy(os.environ, connection.proxy))
        anyio.run(_check_gateway, connection, settings, report)
        if (found := find_database(database.database)) is not None:
            anyio.run(check_database, found, report)
        out.emit({"checks": checks})
        return worst(check.code for check in checks)

    return guarded(out, run_checks)


def check_versions() -> Check:
    """Return the installed versions."""
    names = ("wikipayam_async", "httpx", "anyio", "attrs", "cattrs", "msgspec", "httptools")
    found = {name: version(name) for name in names}
    found |= {"python": platform.python_version(), "platform": platform.platform(), "openssl": ssl.OPENSSL_VERSION}
    return Check("versions", Exit.OK, ", ".join(f"{name} {number}" for name, number in found.items()), found)


def check_proxy(environ: Mapping[str, str], proxy: str | None) -> Check:
    """Check whether a proxy is used, and which proxy variables are ignored.

    Args:
        environ: The environment.
        proxy: The proxy of the command line.
    """
    if proxy is not None:
        return Check("proxy", Exit.OK, "--proxy is used", {"used": True})
    ignored = [name for name in _PROXIES if environ.get(name)]
    text = f"none; {', '.join(ignored)} is ignored, pass --proxy to use a proxy" if ignored else "none"
    return Check("proxy", Exit.OK, text, {"used": False, "ignored": ignored})


def check_token(settings: Settings) -> Check:
    """Check whether a token was found, and where.

    Args:
        settings: The settings of the environment.
    """
    if settings.token is None:
        return Check("token", Exit.AUTH, "not found: set SMS_AUTH_TOKEN", {"found": None})
    return Check("token", Exit.OK, f"found in {settings.token_from}", {"found": settings.token_from})


def check_clock(date: str | None, now: datetime) -> Check:
    """Compare the local clock with the gateway's.

    Args:
        date: The `Date` header of a response.
        now: The local time.
    """
    try:
        gateway_time = parsedate_to_datetime(date or "")
    except ValueError:
        return Check("clock", Exit.OK, "the gateway sent no time", {"drift": None})
    drift = (now - gateway_time.astimezone(UTC)).total_seconds()
    code = Exit.OK if abs(drift) <= _MAX_DRIFT else Exit.USAGE
    text = f"{abs(drift):.0f} s {'behind' if drift < 0 else 'ahead of'} the gateway's"
    return Check("clock", code, text, {"drift": drift})


def check_certificate(tls: str, expires: str, now: float) -> Check:
    """Check the version of TLS and the expiry of the certificate.

    Args:
        tls: The version of TLS.
        expires: The expiry of the certificate, as OpenSSL writes it.
        now: The local time, in seconds since 1970.
    """
    days = int((ssl.cert_time_to_seconds(expires) - now) // 86400)
    warning = ", which is soon" if days < _EXPIRY_WARNING_DAYS else ""
    return Check(
        "tls", Exit.OK, f"{tls}, the certificate expires in {days} days{warning}", {"version": tls, "days_left": days}
    )


async def _check_gateway(connection: GatewayOptions, settings: Settings, report: OnCheck) -> None:
    report(check_token(settings))
    try:
        if connection.proxy is None:
            origin = Origin.parse(connection.base_url or settings.get("WIKIPAYAM_SMS_API_BASE_URL") or DEFAULT_BASE_URL)
            with anyio.fail_after(connection.timeout):
                await _check_connection(origin.url, report)
    except (OSError, TimeoutError, anyio.BrokenResourceError, anyio.EndOfStream) as error:
        report(Check("connection", Exit.GATEWAY, f"failed: {type(error).__name__}: {error}"))
    else:
        if settings.token is not None:
            await _check_calls(connection, settings, report)


async def _check_connection(url: str, report: OnCheck) -> None:
    parts = urlsplit(url)
    host = parts.hostname or ""
    started = time.perf_counter()
    stream: ByteStream = await anyio.connect_tcp(host, parts.port or (443 if parts.scheme == "https" else 80))
    elapsed = (time.perf_counter() - started) * 1000
    report(Check("connection", Exit.OK, f"{url}, connected in {elapsed:.0f} ms", {"url": url, "milliseconds": elapsed}))
    try:
        if parts.scheme == "http":
            report(Check("tls", Exit.OK, "none: plain http, allowed only for loopback", {"version": None}))
        else:
            context = default_ssl_context()
            stream = await TLSStream.wrap(stream, hostname=host, ssl_context=context, standard_compatible=False)
            # An accepted certificate always has an expiry.
            certificate: Any = stream.extra(TLSAttribute.peer_certificate)
            report(check_certificate(stream.extra(TLSAttribute.tls_version), certificate["notAfter"], time.time()))
        report(check_clock(await _read_date(stream, parts.netloc), datetime.now(UTC)))
    finally:
        await anyio.aclose_forcefully(stream)


async def _read_date(stream: ByteStream, host: str) -> str | None:
    """Request the root page without a token, and return the `Date` header."""
    await stream.send(f"HEAD / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
    try:
        head = await BufferedByteReceiveStream(stream).receive_until(b"\r\n\r\n", _MAX_HEADER_BYTES)
    except (anyio.IncompleteRead, anyio.DelimiterNotFound, anyio.BrokenResourceError):
        return None
    return message_from_bytes(head.partition(b"\r\n")[2]).get("Date")


async def _check_calls(connection: GatewayOptions, settings: Settings, report: OnCheck) -> None:
    times = []
    try:
        async with make_client(connection, settings) as client:
            for _ in range(_CALLS):
                started = time.perf_counter()
                await client.balance()
                times.append((time.perf_counter() - started) * 1000)
    except WikipayamError as error:
        report(Check("gateway", exit_of(error), in_words_of_the_command_line(str(error))))
    else:
        text = f"accepted the token; {min(times):.0f} to {max(times):.0f} ms per call"
        report(Check("gateway", Exit.OK, text, {"milliseconds": times}))
