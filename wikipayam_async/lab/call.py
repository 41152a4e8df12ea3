"""One call of the client as data: it can be shown as Python, and made."""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine, Mapping, Sequence
from operator import attrgetter
from typing import Any, TypeAlias, cast

from attrs import field, frozen

from wikipayam_async.client import AsyncWikipayam
from wikipayam_async.messages.models import SmsMessage

__all__ = ["Argument", "SdkCall", "program"]

Argument: TypeAlias = str | int | SmsMessage | Sequence[str] | Sequence[SmsMessage]

_WIDTH = 88
_DEFAULT_URL = "https://wikipayam.ir"


@frozen
class SdkCall:
    """One call of the client.

    Attributes:
        method: The method, as in `sms.send`.
        args: Its positional arguments.
        options: Its keyword arguments.
    """

    method: str
    args: tuple[Argument, ...] = field(default=(), repr=False)
    options: Mapping[str, Argument] = field(factory=dict, repr=False)

    async def make(self, client: AsyncWikipayam) -> object:
        """Make the call, and return its result.

        Args:
            client: The client.

        Raises:
            WikipayamError: The call failed.
        """
        method = cast("Callable[..., Coroutine[Any, Any, object]]", attrgetter(self.method)(client))
        return await method(*self.args, **self.options)

    def python(self, indent: int = 0) -> str:
        """Return the call as a Python expression, on several lines if it is long.

        Args:
            indent: The number of spaces before each further line.
        """
        return _joined(f"client.{self.method}", _arguments(self.args, self.options), indent)


def program(call: SdkCall, *, base_url: str, sender: str | None) -> str:
    """Return a complete program that makes a call; it takes the token from `SMS_AUTH_TOKEN`.

    Args:
        call: The call.
        base_url: The URL of the gateway.
        sender: The line of the client, if it has one.
    """
    options = {"sender": sender} if sender else {}
    if base_url != _DEFAULT_URL:
        options["base_url"] = base_url
    names = ["AsyncWikipayam", *(["SmsMessage"] if "SmsMessage(" in call.python() else [])]
    client = _joined("AsyncWikipayam", _arguments((), options), 4)
    return (
        f"import asyncio\n\nfrom wikipayam_async import {', '.join(names)}\n\n\n"
        f"async def main() -> None:\n    async with {client} as client:\n"
        f"        result = await {call.python(8)}\n        print(result)\n\n\nasyncio.run(main())\n"
    )


def _arguments(args: Sequence[Argument], options: Mapping[str, Argument | None]) -> list[Callable[[int], str]]:
    positional = [_literal(value) for value in args]
    named = [_named(name, value) for name, value in options.items() if value is not None]
    return [*positional, *named]


def _named(name: str, value: Argument) -> Callable[[int], str]:
    return lambda indent: f"{name}={_literal(value)(indent)}"


def _literal(value: Argument) -> Callable[[int], str]:
    if isinstance(value, SmsMessage):
        options = {"sender": value.sender, "track_id": value.track_id, "note": value.note}
        args = [value.receiver] if value.message is None else [value.receiver, value.message]
        return lambda indent: _joined("SmsMessage", _arguments(args, options), indent)
    if isinstance(value, str | int):
        return lambda _: json.dumps(value, ensure_ascii=False)  # a JSON string or number is one of Python's
    items = [_literal(item) for item in value]
    return lambda indent: _joined("", items, indent, "[]")


def _joined(name: str, items: Sequence[Callable[[int], str]], indent: int, brackets: str = "()") -> str:
    """Join the items of a call or a list, each on a line of its own if all of them do not fit one."""
    opening, closing = brackets[0], brackets[1]
    line = f"{name}{opening}{', '.join(item(indent) for item in items)}{closing}"
    if "\n" not in line and len(line) + indent <= _WIDTH:
        return line
    inner = indent + 4
    rows = "".join(f"\n{' ' * inner}{item(inner)}," for item in items)
    return f"{name}{opening}{rows}\n{' ' * indent}{closing}"
