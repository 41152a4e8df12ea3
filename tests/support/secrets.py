"""Secret values, calls that carry them, and everything that an error can show of them."""

from __future__ import annotations

import pickle
import traceback
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import rich.traceback

from tests.support.disguises import finds
from tests.support.raw import RawRequest, accept_all, answer
from wikipayam_async import AsyncWikipayam, OtpMessage, SmsMessage

__all__ = [
    "CALLS",
    "CALLS_WITH_QUERY",
    "CODE",
    "ID",
    "NUMBER",
    "TEXT",
    "TOKEN",
    "accept",
    "client_for",
    "leaks",
    "locals_of",
    "shown_of",
]

TOKEN = "marker-token-81f3d5"
NUMBER = "09121112233"
TEXT = 'Marker text for Zoe: سلام زهرا، your parcel waits behind the green door until nine tomorrow, bring "both" keys.'
CODE = "73915482"
ID = "69e5eeab439260d336015405"

_TESTS = Path(__file__).resolve().parents[1]


def _fragments() -> Iterator[str]:
    """Yield the secrets and parts of them."""
    yield from (TOKEN[:10], TOKEN[-10:], NUMBER, NUMBER[1:], CODE)
    for start in range(0, len(TEXT) - 12, 6):
        yield TEXT[start : start + 12]


FRAGMENTS = tuple(dict.fromkeys(_fragments()))

CALLS: dict[str, Callable[[AsyncWikipayam], Awaitable[object]]] = {
    "sms.send": lambda client: client.sms.send(NUMBER, TEXT),
    "sms.send_many": lambda client: client.sms.send_many([SmsMessage(NUMBER, TEXT), SmsMessage(NUMBER, note=TEXT)]),
    "otp.send": lambda client: client.otp.send(NUMBER, CODE),
    "otp.send_many": lambda client: client.otp.send_many([OtpMessage(NUMBER, CODE)]),
    "voice.send": lambda client: client.voice.send(NUMBER, CODE),
    "holoo.send": lambda client: client.holoo.send(NUMBER, TEXT, username=NUMBER),
    "holoo.send_via_url": lambda client: client.holoo.send_via_url(
        NUMBER, TEXT, username=NUMBER, allow_url_in_logs=True
    ),
    "receives.list": lambda client: client.receives.list(sender=NUMBER, search=TEXT),
    "receives.unread": lambda client: client.receives.unread(sender=NUMBER),
    "receives.iter": lambda client: anext(aiter(client.receives.iter(sender=NUMBER, search=TEXT))),
    "receives.iter_unread": lambda client: anext(aiter(client.receives.iter_unread(sender=NUMBER))),
    "request": lambda client: client.request("POST", "x", params={"to": NUMBER, "q": TEXT}, json={"text": TEXT}),
    "balance": lambda client: client.balance(),
}
"""Calls that pass a secret to a client; `balance` carries only the token."""

CALLS_WITH_QUERY = frozenset(
    {"holoo.send_via_url", "receives.list", "receives.unread", "receives.iter", "receives.iter_unread", "request"}
)
"""The calls that put a secret into the query of the URL."""


def client_for(url: str, **options: object) -> AsyncWikipayam:
    """Return a client that holds the secrets."""
    settings: dict[str, object] = {"sender": "10002000", "username": NUMBER, "otp_pattern_id": 13, "timeout": 2.0}
    return AsyncWikipayam(TOKEN, base_url=url, **(settings | options))  # type: ignore[arg-type] # the values have their options' types


def accept(request: RawRequest) -> bytes:
    """Return a successful answer to any request."""
    if request.body and isinstance(request.json, list):
        return accept_all(request)
    return answer({"data": {"id": "5", "balance": 1, "receives": [{"id": ID, "message": "m"}]}})


def locals_of(error: BaseException) -> Iterator[str]:
    """Yield the locals of every frame outside the tests, as rich and the standard library show them."""
    for limit in (None, 80):
        shown = rich.traceback.Traceback.extract(
            type(error),
            error,
            error.__traceback__,
            show_locals=True,
            locals_hide_dunder=False,
            locals_max_length=limit or 1_000_000,
            locals_max_string=limit or 1_000_000,
        )
        for stack in shown.stacks:
            yield f"{stack.exc_type}: {stack.exc_value}"
            for frame in stack.frames:
                if not Path(frame.filename).resolve().is_relative_to(_TESTS):
                    yield from (f"{frame.name}: {name} = {node}" for name, node in (frame.locals or {}).items())
    yield from _captured(traceback.TracebackException.from_exception(error, capture_locals=True, compact=True))


def _captured(shown: traceback.TracebackException | None) -> Iterator[str]:
    if shown is None:
        return
    for frame in shown.stack:
        if not Path(frame.filename).resolve().is_relative_to(_TESTS):
            yield from (f"{frame.name}: {name} = {value}" for name, value in (frame.locals or {}).items())
    yield from shown.format_exception_only()
    yield from _captured(shown.__cause__)
    if not shown.__suppress_context__:
        yield from _captured(shown.__context__)


def shown_of(error: BaseException) -> Iterator[str]:
    """Yield everything that is commonly shown or stored of an error and its causes."""
    seen: BaseException | None = error
    while seen is not None:
        yield from (str(seen), repr(seen), repr(seen.args), repr(vars(seen)))
        for value in vars(seen).values():
            yield from (str(value), repr(value))
        yield pickle.dumps(seen).decode("latin-1")
        yield repr(pickle.loads(pickle.dumps(seen)))  # noqa: S301 - the pickle was made here
        seen = seen.__cause__ or (None if seen.__suppress_context__ else seen.__context__)
    yield from traceback.format_exception(error)


def leaks(shown: Iterator[str] | list[str]) -> list[str]:
    """Return the texts that hold a secret or a part of one, in any encoding."""
    return [one for one in dict.fromkeys(shown) if finds(one, FRAGMENTS)]
