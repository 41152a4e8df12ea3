from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any
from unittest import mock

import anyio
import httpx
import httpx2
import pytest
from anyio.abc import ByteStream

from tests.support.net import READS, SENDS, TRANSPORT_KINDS, client_tls, connected, server_tls
from tests.support.raw import RawRequest, raw_gateway
from tests.support.secrets import accept
from wikipayam_async import AsyncWikipayam, CallOutcome, ConfigurationError, SendStatus, SmsMessage, UnknownOutcomeError
from wikipayam_async.core.httpx_transport import LaneTransport
from wikipayam_async.emulator import DEFAULT_LINE, DEFAULT_TOKEN, Emulator, EmulatorTransport
from wikipayam_async.loopback import VARIABLE, is_loopback, is_refused, loopback_only

NAME = "gateway.test"
RECEIVER = "09123456789"


@pytest.fixture
def resolved(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the name of another machine resolve to this one."""
    resolve = socket.getaddrinfo

    def getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
        named = host in {NAME, NAME.encode()}
        return resolve("127.0.0.1" if named else host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("wikipayam.ir", False),
        ("localhost.evil.example", False),
        ("127.0.0.1.example", False),
        ("10.0.0.1", False),
        ("0.0.0.0", False),  # noqa: S104 - a value to check
        ("2001:db8::1", False),
    ],
)
def test_which_hosts_are_this_machine(host: str, loopback: bool) -> None:
    """Only `localhost` and loopback addresses are this machine; a name that resolves to one is not."""
    with loopback_only(True):
        assert (is_loopback(host), is_refused(host)) == (loopback, not loopback)
    with loopback_only(False):
        assert not is_refused(host)


def test_blocks_may_be_nested(monkeypatch: pytest.MonkeyPatch) -> None:
    """The end of a block restores what held before it, for this process and for those that it starts."""
    monkeypatch.setenv(VARIABLE, "before")
    seen = []
    with loopback_only(True):
        seen.append((is_refused(NAME), os.environ.get(VARIABLE)))
        with loopback_only(False):
            seen.append((is_refused(NAME), os.environ.get(VARIABLE)))
        seen.append((is_refused(NAME), os.environ.get(VARIABLE)))
    assert seen == [(True, "1"), (False, None), (True, "1")]
    assert os.environ[VARIABLE] == "before"


@pytest.mark.parametrize(("value", "refused"), [(None, False), ("", False), ("0", False), ("1", True), ("true", True)])
def test_the_variable_is_read_at_the_start_of_a_process(value: str | None, refused: bool) -> None:
    """A process that inherits the variable refuses, whatever happens to its environment later."""
    code = (
        "import os; from wikipayam_async import loopback; os.environ.clear(); print(loopback.is_refused('a.example'))"
    )
    environ = {name: text for name, text in os.environ.items() if name != VARIABLE}
    environ |= {} if value is None else {VARIABLE: value}
    done = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=True)  # noqa: S603 - the code is in this test
    assert done.stdout.split() == [str(refused)]


@pytest.mark.anyio
@pytest.mark.usefixtures("resolved")
@pytest.mark.parametrize("via", TRANSPORT_KINDS)
@pytest.mark.parametrize("call", [*SENDS.values(), *READS.values()], ids=[*SENDS, *(f"read {name}" for name in READS)])
async def test_no_call_reaches_another_machine(via: str, call: Callable[[AsyncWikipayam], Awaitable[object]]) -> None:
    """Sends and reads are refused before a connection is made, over every real transport, and are not retried."""

    async def handle(request: RawRequest, _stream: ByteStream) -> object:
        return accept(request)

    async with raw_gateway(handle, tls=server_tls(NAME)) as gateway:
        url = f"https://{NAME}:{gateway.port}"
        async with connected(url, via) as (client, clock, events):
            with loopback_only(True), pytest.raises(ConfigurationError) as caught:
                await call(client)
    assert str(caught.value).startswith(f"base_url: {url} is another machine, and tests must not reach it; nothing was")
    assert (gateway.opened, gateway.requests, clock.slept) == (0, [], [])
    assert caught.value.send_status is SendStatus.NOT_ATTEMPTED
    (end,) = events.finished
    assert end.outcome is CallOutcome.FAILED
    assert {outcome.status for outcome in end.messages} <= {SendStatus.NOT_ATTEMPTED}


@pytest.mark.anyio
@pytest.mark.usefixtures("resolved")
@pytest.mark.parametrize("via", TRANSPORT_KINDS)
async def test_an_open_connection_is_not_used(via: str) -> None:
    """A connection from before is refused, too, and works again afterwards."""

    async def handle(request: RawRequest, _stream: ByteStream) -> object:
        return accept(request)

    async with (
        raw_gateway(handle, tls=server_tls(NAME)) as gateway,
        connected(f"https://{NAME}:{gateway.port}", via) as (client, _, _),
    ):
        await client.sms.send(RECEIVER, "one")
        with loopback_only(True), pytest.raises(ConfigurationError, match="another machine"):
            await client.sms.send(RECEIVER, "two")
        await client.sms.send(RECEIVER, "three")
    assert len(gateway.requests) == 2


@pytest.mark.anyio
@pytest.mark.usefixtures("resolved")
@pytest.mark.parametrize("kind", ["httpx2", "client over lanes"])
async def test_other_transports_are_refused_too(kind: str) -> None:
    """A transport of httpx2, and a client of one's own over a `LaneTransport`, reach no other machine; nothing is unknown."""

    async def handle(request: RawRequest, _stream: ByteStream) -> object:
        return accept(request)

    async with AsyncExitStack() as stack:
        gateway = await stack.enter_async_context(raw_gateway(handle, tls=server_tls(NAME)))
        options: dict[str, Any] = {}
        if kind == "httpx2":
            options["transport"] = httpx2.AsyncHTTPTransport(verify=client_tls())
        else:
            http = httpx.AsyncClient(transport=LaneTransport(ssl_context=client_tls()))
            options["http_client"] = await stack.enter_async_context(http)
        made = connected(f"https://{NAME}:{gateway.port}", "options", **options)
        client, _, events = await stack.enter_async_context(made)
        with loopback_only(True), pytest.raises(ConfigurationError, match="another machine"):
            await client.sms.send(RECEIVER, "text")
        assert gateway.opened == 0
        await client.sms.send(RECEIVER, "text")
    assert [outcome.status for outcome in events.outcomes] == [SendStatus.NOT_ATTEMPTED, SendStatus.ACCEPTED]


@pytest.mark.anyio
async def test_a_setting_error_of_a_transport_of_ones_own_proves_nothing() -> None:
    """Without the switch, a `ConfigurationError` that a caller's transport raises leaves a send unknown."""

    def raise_error(_: httpx.Request) -> httpx.Response:
        raise ConfigurationError("of another client")

    transport = httpx.MockTransport(raise_error)
    async with AsyncWikipayam("token", sender="1000", base_url=f"https://{NAME}", transport=transport) as client:
        with loopback_only(False), pytest.raises(UnknownOutcomeError):
            await client.sms.send(RECEIVER, "text")


@pytest.mark.anyio
@pytest.mark.usefixtures("resolved")
@pytest.mark.parametrize("via", TRANSPORT_KINDS)
async def test_this_machine_is_reached(via: str) -> None:
    """A gateway on a loopback address gets every call."""

    async def handle(request: RawRequest, _stream: ByteStream) -> object:
        return accept(request)

    async with raw_gateway(handle) as gateway, connected(gateway.url, via) as (client, _, _):
        with loopback_only(True):
            await client.sms.send(RECEIVER, "text")
    assert len(gateway.requests) == 1


@pytest.mark.anyio
async def test_queues_and_bulk_sends_attempt_nothing() -> None:
    """A bulk send, a batcher and an outbox report their messages as not attempted."""
    with loopback_only(True):
        async with AsyncWikipayam("token", sender="1000", base_url=f"https://{NAME}") as client:
            report = await client.sms.send_bulk(SmsMessage(RECEIVER, "text") for _ in range(250))
            async with client.sms.outbox(linger=0) as outbox:
                outbox.post(RECEIVER, "text")
                await outbox.flush()
                healthy = outbox.healthy
            async with client.sms.batcher(linger=0) as batcher:
                with pytest.raises(ConfigurationError, match="another machine"):
                    await batcher.send(RECEIVER, "text")
    assert (len(report), len(report.not_attempted)) == (250, 250)
    assert (outbox.counts[SendStatus.NOT_ATTEMPTED], healthy) == (1, False)


def answer_mock(_: httpx.Request) -> httpx.Response:
    """Accept a message."""
    return httpx.Response(200, json={"data": [{"id": "6651a5", "receiver": RECEIVER}]})


@pytest.mark.anyio
@pytest.mark.parametrize("kind", ["transport", "client", "emulator"])
async def test_a_mock_is_not_refused(kind: str) -> None:
    """What the caller passed in place of the network answers, whatever the name of the gateway."""
    async with AsyncExitStack() as stack:
        options: dict[str, Any] = {"transport": httpx.MockTransport(answer_mock)}
        if kind == "client":
            http = httpx.AsyncClient(transport=httpx.MockTransport(answer_mock))
            options = {"http_client": await stack.enter_async_context(http)}
        if kind == "emulator":
            options = {"transport": EmulatorTransport(Emulator())}
        with loopback_only(True):
            client = AsyncWikipayam(DEFAULT_TOKEN, sender=DEFAULT_LINE, base_url=f"https://{NAME}", **options)
            sent = await client.sms.send(RECEIVER, "text")
            await client.aclose()
    assert sent.id


@pytest.mark.anyio
async def test_the_http_client_of_a_client_is_refused_too() -> None:
    """A request of one's own over the client's connections does not leave the machine either."""
    async with AsyncWikipayam("token", base_url=f"https://{NAME}") as client:
        with loopback_only(True), pytest.raises(ConfigurationError, match="another machine"):
            await client.http_client.get(f"https://{NAME}/")


def test_a_replaced_environment_changes_nothing() -> None:
    """A test that clears the environment and sets a token still cannot send."""
    with (
        loopback_only(True),
        mock.patch.dict(os.environ, {"SMS_AUTH_TOKEN": "real"}, clear=True),
        pytest.raises(ConfigurationError, match="another machine"),
    ):
        anyio.run(AsyncWikipayam(base_url=f"https://{NAME}").balance)
