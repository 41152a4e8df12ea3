"""Sentry, Rollbar and rich with their default settings: whatever fails or succeeds, they get no secret from this package."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any, cast

import anyio
import pytest
import sentry_sdk
from anyio.abc import ByteStream

from tests.support.leaks import FAILURES, client_on
from tests.support.raw import Handler, RawRequest, accept_all, answer, raw_gateway
from tests.support.secrets import CALLS, CODE, ID, NUMBER, TEXT, client_for, leaks
from tests.support.trackers import Trackers, trackers
from wikipayam_async import AsyncWikipayam, OtpMessage, ReceivedMessage, RetryPolicy, SmsMessage
from wikipayam_async.cost import Tariff, estimate_text
from wikipayam_async.messages.footer import footer_of
from wikipayam_async.numbers import normalize_receiver, parse_number
from wikipayam_async.optout import OptOutList, is_opt_out, read_reply
from wikipayam_async.templates import Template, messages_from, preview, render
from wikipayam_async.text import count_parts, normalize_text, split_parts, suggest
from wikipayam_async.text.remarks import remarks_on
from wikipayam_async.verification import check_otp_pattern

pytestmark = pytest.mark.anyio


@pytest.fixture
def tools(monkeypatch: pytest.MonkeyPatch) -> Iterator[Trackers]:
    """Switch the error trackers on."""
    with trackers(monkeypatch.setattr) as found:
        yield found


def messages() -> Iterator[SmsMessage]:
    """Yield messages, one of them invalid."""
    yield SmsMessage(NUMBER, TEXT)
    yield SmsMessage(NUMBER + "4", TEXT)
    yield SmsMessage(NUMBER, note=TEXT)


async def bulk(client: AsyncWikipayam) -> None:
    """Send by `bulk`, and raise for its failures."""
    async with client.sms.bulk(messages(), batch_size=1) as run:
        async for result in run:
            if result.error is not None:
                raise result.error


async def batched(client: AsyncWikipayam) -> None:
    """Send by a batcher."""
    async with client.sms.batcher(linger=0) as batcher:
        await batcher.send(NUMBER, TEXT)


async def posted(client: AsyncWikipayam) -> None:
    """Send by an outbox, and raise for its failure."""
    async with client.sms.outbox(linger=0) as outbox:
        outbox.post(NUMBER, TEXT)
    for result in outbox.unsent:
        raise result.error or ValueError("unsent")


async def consumed(client: AsyncWikipayam) -> None:
    """Consume one message with a handler that fails."""

    def fail(_: ReceivedMessage) -> None:
        raise RuntimeError("the handler's own words")

    def give_up(_: ReceivedMessage, error: Exception) -> None:
        raise error

    with anyio.fail_after(0.3):
        await client.receives.consume(fail, on_error=give_up, sender=NUMBER, poll_interval=0.001)


async def bulk_report(client: AsyncWikipayam) -> None:
    """Send by `send_bulk`, and raise for its failures."""
    (await client.sms.send_bulk(messages())).raise_for_failures()


EVERY_CALL: dict[str, Callable[[AsyncWikipayam], Awaitable[object]]] = {
    **CALLS,
    "holoo.send_via_url": lambda client: client.holoo.send_via_url(NUMBER, TEXT, username=NUMBER),
    "sms.bulk": bulk,
    "sms.batcher": batched,
    "sms.outbox": posted,
    "sms.send_bulk": bulk_report,
    "sms.delivery_status": lambda client: client.sms.delivery_status([ID]),
    "sms.wait_for_delivery": lambda client: client.sms.wait_for_delivery(ID, timeout=0),
    "sms.receive": lambda client: client.sms.receive("2024-01-01"),
    "estimate": lambda client: client.estimate([SmsMessage(NUMBER, TEXT)], tariff=Tariff(persian=1)),
    "receives.consume": consumed,
    "receives.get": lambda client: client.receives.get(ID),
    "receives.statistics": lambda client: client.receives.statistics(),
    "receives.unread_count": lambda client: client.receives.unread_count(),
    "receives.mark_read": lambda client: client.receives.mark_read(ID),
    "receives.mark_all_read": lambda client: client.receives.mark_all_read(),
    "receives.delete": lambda client: client.receives.delete(ID),
    "receives.delete_all_read": lambda client: client.receives.delete_all_read(),
    "receives.delete_all_unread": lambda client: client.receives.delete_all_unread(),
    "receives.delete_older_than": lambda client: client.receives.delete_older_than(30),
    "raw sms.send": lambda client: client.sms.with_raw_response.send(NUMBER, TEXT),
    "raw holoo.send": lambda client: client.holoo.with_raw_response.send(NUMBER, TEXT),
    "raw request": lambda client: client.with_raw_response.request("POST", "x", json={"text": TEXT, "to": NUMBER}),
}
"""Every public call that sends a request."""


def give_secrets(request: RawRequest) -> bytes:
    """Answer with success, and with received messages that are secrets."""
    if request.body and isinstance(request.json, list):
        return accept_all(request)
    item = {"id": ID, "message": TEXT, "sender": NUMBER, "receiver": "10002000"}
    fields = {"balance": 1, "currency": "IRR", "marked_count": 1, "requested_count": 1, "unread_count": 1}
    return answer({"data": {**item, **fields, "receives": [item], "total_unread": 1, "pagination": {"total": 1}}})


async def given_secrets(request: RawRequest, _: ByteStream) -> object:
    """Answer like `give_secrets`."""
    return give_secrets(request)


async def quote(request: RawRequest, _: ByteStream) -> object:
    """Answer with success and nothing but the request's own words, as a broken gateway may."""
    return answer({"success": False, "message": f"{request.target} {request.headers} {request.body.decode()}"})


async def nonsense(request: RawRequest, _: ByteStream) -> object:
    """Answer with success and fields of wrong types."""
    return answer({"data": [[request.body.decode()], {"id": None, "message": TEXT, "receives": 5}]})


KINDS: dict[str, Handler] = {
    **{
        kind: FAILURES[kind]
        for kind in ("401", "422", "500", "429", "html", "no json", "gzip", "no data", "reset", "hang")
    },
    "given secrets": given_secrets,
    "quoted under 200": quote,
    "nonsense under 200": nonsense,
}


async def outcomes(client: AsyncWikipayam, tools: Trackers) -> AsyncIterator[tuple[str, list[str]]]:
    """Make every call inside a transaction of Sentry; yield its name and what the tools got."""
    for name, call in EVERY_CALL.items():
        client._shared.gate.not_before = 0.0
        shown = []
        with sentry_sdk.isolation_scope(), sentry_sdk.start_transaction(name=name):
            try:
                await call(client)
            except Exception as error:  # noqa: BLE001 - whatever is raised, nothing of it may show a secret
                shown = tools.catch(error)
                del error
        yield name, [*shown, *tools.taken()]


@pytest.mark.parametrize(
    ("via", "kind"),
    [("lanes", kind) for kind in KINDS]
    + [
        (via, kind)
        for via in ("proxy", "transport", "http_client")
        for kind in ("422", "hang", "reset", "given secrets")
    ],
)
async def test_no_call_shows_a_secret_to_an_error_tracker(via: str, kind: str, tools: Trackers) -> None:
    """After every public call, failed or not, no tool has a token, text, code or number, in any encoding."""
    logging.getLogger("httpx").setLevel(logging.INFO)
    async with raw_gateway(KINDS[kind]) as gateway, client_on(via, gateway, timeout=0.05) as client:
        once = client.with_options(retry=RetryPolicy(max_attempts=1))
        leaked = {name: leaks(shown) async for name, shown in outcomes(once, tools) if not in_url(via, name)}
    assert {name: found for name, found in leaked.items() if found} == {}
    assert len(leaked) > len(EVERY_CALL) - 7


def in_url(via: str, name: str) -> bool:
    """Return whether a caller's own client is asked to put a number or a text into its URL, which it logs."""
    listed = {
        "receives.list",
        "receives.unread",
        "receives.iter",
        "receives.iter_unread",
        "receives.consume",
        "request",
    }
    return via in {"http_client", "transport"} and name in listed


PURE: dict[str, Callable[[], object]] = {
    "an opt-out list": lambda: OptOutList([NUMBER, "09123333333", TEXT]),
    "a number to add": lambda: OptOutList().add(NUMBER + "4"),
    "an opt-out": lambda: is_opt_out([TEXT]),  # type: ignore[arg-type] # meant
    "a reply": lambda: read_reply([TEXT]),  # type: ignore[arg-type] # meant
    "the remarks on a text": lambda: remarks_on([TEXT]),  # type: ignore[arg-type] # meant
    "a footer": lambda: footer_of([TEXT]),  # type: ignore[arg-type] # meant
    "the text of a pattern": lambda: check_otp_pattern([TEXT]),  # type: ignore[arg-type] # meant
    "a receiver": lambda: normalize_receiver(NUMBER + "4"),
    "a number": lambda: parse_number(NUMBER + "4"),
    "the parts of a text": lambda: count_parts(TEXT + "\ud800"),
    "the split of a text": lambda: split_parts([TEXT]),  # type: ignore[arg-type] # meant
    "a spelling": lambda: normalize_text(TEXT, rules=[TEXT]),  # type: ignore[list-item] # meant
    "suggestions": lambda: suggest(TEXT, rules=[TEXT]),  # type: ignore[list-item] # meant
    "the price of a text": lambda: estimate_text(TEXT, Tariff(persian=1), receivers=-1),
    "a template": lambda: Template(TEXT + "{"),
    "the defaults of a template": lambda: Template("{a}", defaults=cast("Any", {"a": TEXT, "b": 5})),
    "a row": lambda: render("{a} {b}", {"a": TEXT, "number": NUMBER}),
    "rows": lambda: list(messages_from("{a} {b}", [{"a": TEXT, "b": "x", "receiver": NUMBER}, {"a": TEXT, "b": ""}])),
    "rows without end": lambda: list(messages_from("{a}", [{"a": TEXT}])),
    "a preview": lambda: preview("{a}", [TEXT, NUMBER]).errors[0].args[5],  # type: ignore[list-item] # meant
}


@pytest.mark.parametrize("name", PURE)
def test_no_pure_function_shows_a_secret_to_an_error_tracker(name: str, tools: Trackers) -> None:
    """The error for a bad argument shows neither that argument nor the others, whatever walks its frames."""
    with pytest.raises(Exception) as caught:
        PURE[name]()
    assert leaks(tools.catch(caught.value)) == []


class Bad:
    """Raises whatever is done with it."""

    def __iter__(self) -> Iterator[Any]:
        yield SmsMessage(NUMBER, TEXT)
        raise RuntimeError("the source's own words")

    def __str__(self) -> str:
        raise RuntimeError("its own words")


BAD: dict[str, Callable[[AsyncWikipayam], Awaitable[object]]] = {
    "a source that raises": lambda client: client.sms.send_many(Bad()),
    "a bulk source that raises": lambda client: client.sms.send_bulk(Bad()),
    "a code source that raises": lambda client: client.otp.send_many(Bad()),
    "a parameter that raises": lambda client: client.request(
        "GET",
        "x",
        params={"q": TEXT, "to": NUMBER, "bad": Bad()},  # type: ignore[dict-item] # meant
    ),
    "a body that is none": lambda client: client.request("POST", "x", json={"text": TEXT, "bad": Bad()}),
    "a path with a number": lambda client: client.request("GET", f"x?to={NUMBER}"),
    "texts for messages": lambda client: client.sms.send_many([TEXT, NUMBER]),  # type: ignore[list-item] # meant
    "texts for a bulk send": lambda client: client.sms.send_bulk([TEXT], on_progress=5),  # type: ignore[call-overload] # meant
    "texts for codes": lambda client: client.otp.send_many([CODE, NUMBER]),  # type: ignore[list-item] # meant
    "a receiver": lambda client: client.sms.send(NUMBER + "4", TEXT),
    "a user name": lambda client: client.holoo.send(NUMBER, TEXT, username=f"{NUMBER}\n"),
    "a text over Holoo": lambda client: client.holoo.send(NUMBER, TEXT + "\ud800"),
    "a text in a URL": lambda client: client.holoo.send_via_url(NUMBER, TEXT + "\ud800"),
    "a code": lambda client: client.otp.send(NUMBER, CODE + "!"),
    "codes": lambda client: client.otp.send_many([OtpMessage(NUMBER, CODE), OtpMessage(NUMBER, CODE + "!")]),
    "a code by voice": lambda client: client.voice.send(NUMBER, CODE + "!"),
    "a message beside another": lambda client: client.sms.send(SmsMessage(NUMBER, TEXT), TEXT),  # type: ignore[call-overload] # meant
    "a search": lambda client: client.receives.list(search=TEXT + "\ud800", sender=NUMBER),
    "a search for all pages": lambda client: anext(client.receives.iter(search=TEXT + "\ud800", sender=NUMBER)),
    "a time-out": lambda client: client.sms.send(NUMBER, TEXT, timeout=0),
    "a time-out over Holoo": lambda client: client.holoo.send(NUMBER, TEXT, timeout=-1),
    "a time-out by voice": lambda client: client.voice.send(NUMBER, CODE, timeout=-1),
    "an estimate": lambda client: client.estimate([SmsMessage(NUMBER, TEXT), TEXT], tariff=Tariff(persian=1)),  # type: ignore[list-item] # meant
    "an opt-out list": lambda client: client.sms.send_bulk([SmsMessage(NUMBER, TEXT)], opt_out=[NUMBER, TEXT]),
}


@pytest.mark.parametrize("name", BAD)
async def test_a_refused_call_shows_no_secret_to_an_error_tracker(name: str, tools: Trackers) -> None:
    """An invalid argument, or one whose own code raises, takes no other argument into the error's frames."""
    async with client_for("http://127.0.0.1:1") as client:
        with pytest.raises(Exception) as caught:
            await BAD[name](client)
    assert leaks(tools.catch(caught.value)) == []
