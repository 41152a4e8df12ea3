"""The JSON shapes of the lab's own API."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, TypeAlias

from attrs import field, frozen
from msgspec import Meta

from wikipayam_async.lab.calculator import CallCost, Prices
from wikipayam_async.lab.forms import Form
from wikipayam_async.lab.running import Made, RaisedError

__all__ = ["CalculateRequest", "CallsMade", "Description", "MadeCall", "PrepareRequest", "Prepared", "RunRequest"]

Receivers: TypeAlias = Annotated[int, Meta(ge=1, le=10**9)]


@frozen(kw_only=True)
class Description:
    """What the page shows at the start.

    Attributes:
        is_real: Whether a send costs money.
        base_url: The URL of the gateway.
        sender: The line of the client, if it has one.
        username: The user name of the client, if it has one.
        forms: The form of each operation.
    """

    is_real: bool
    base_url: str
    sender: str | None
    username: str | None
    forms: Sequence[Form]


@frozen(kw_only=True)
class PrepareRequest:
    """The form of an operation, filled in.

    Attributes:
        operation: The `operationId`.
        fields: The values by name.
        prices: The prices of a part.
    """

    operation: str
    fields: dict[str, str] = field(factory=dict, repr=False)
    prices: Prices = Prices()  # noqa: RUF009 - immutable


@frozen(kw_only=True)
class Prepared:
    """A call that can be made.

    Attributes:
        number: The number to make it by, once; empty after an error.
        python: The program.
        curl: The curl command.
        http: The request.
        cost: What it costs; None for a call that sends nothing.
        error: The error that the client raises before any request; None without one.
    """

    number: str = ""
    python: str = field(default="", repr=False)
    curl: str = field(default="", repr=False)
    http: str = field(default="", repr=False)
    cost: CallCost | None = None
    error: RaisedError | None = None


@frozen(kw_only=True)
class RunRequest:
    """The call to make.

    Attributes:
        number: Its number.
    """

    number: str


@frozen(kw_only=True)
class CalculateRequest:
    """The text to count.

    Attributes:
        text: The text.
        receivers: The number of receivers.
        prices: The prices of a part.
    """

    text: str = field(repr=False)
    receivers: Receivers = 1
    prices: Prices = Prices()  # noqa: RUF009 - immutable


@frozen(kw_only=True)
class MadeCall:
    """A finished or running call.

    Attributes:
        number: Its place, from 1.
        at: The time, in ISO 8601.
        operation: The `operationId`.
        call: The call in Python.
        made: The answer, the attempts and the error; None while the call is running.
    """

    number: int
    at: str
    operation: str
    call: str = field(repr=False)
    made: Made | None = None


@frozen(kw_only=True)
class CallsMade:
    """The calls that were made, the latest first.

    Attributes:
        calls: The calls.
    """

    calls: Sequence[MadeCall]
