"""The JSON API of the page: prepares calls, makes them, and counts texts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

import msgspec
from attrs import define, evolve, field

from wikipayam_async.emulator.server.control.problem import Refusal
from wikipayam_async.errors import InvalidInputError, WikipayamError
from wikipayam_async.lab.calculator import Calculation, calculate, cost_of
from wikipayam_async.lab.call import program
from wikipayam_async.lab.fields import Fields
from wikipayam_async.lab.forms import forms, is_send
from wikipayam_async.lab.gateway import LabGateway
from wikipayam_async.lab.models import (
    CalculateRequest,
    CallsMade,
    Description,
    MadeCall,
    Prepared,
    PrepareRequest,
    RunRequest,
)
from wikipayam_async.lab.operations import build
from wikipayam_async.lab.prepared import PreparedCall, PreparedCalls
from wikipayam_async.lab.preview import preview
from wikipayam_async.lab.running import described, make
from wikipayam_async.messages.track_ids import TrackIds

__all__ = ["LabApi"]

T = TypeVar("T")

_KEPT = 100
"""The number of calls in the list of calls that were made."""


def _now() -> datetime:
    return datetime.now().astimezone()


@define
class LabApi:
    """The calls of the page. They raise `Refusal` for a request that is not valid.

    Attributes:
        gateway: The gateway.
        now: Returns the time of day.
    """

    gateway: LabGateway
    now: Callable[[], datetime] = _now
    _prepared: PreparedCalls = field(init=False, factory=PreparedCalls)
    _calls: dict[int, MadeCall] = field(init=False, factory=dict)
    _count: int = field(init=False, default=0)
    _track_ids: TrackIds = field(init=False, factory=TrackIds)

    def describe(self, page_url: str) -> Description:
        """Return what the page shows at the start.

        Args:
            page_url: The URL that the page was loaded from.
        """
        gateway = self.gateway
        return Description(
            is_real=gateway.is_real,
            base_url=gateway.base_url or page_url,
            sender=gateway.sender,
            username=gateway.username,
            forms=forms(),
        )

    async def prepare(self, body: bytes, page_url: str) -> Prepared:
        """Show a call, and keep it so that it can be made once.

        Args:
            body: A `PrepareRequest`.
            page_url: The URL that the page was loaded from.
        """
        given = decoded(body, PrepareRequest)
        base_url = self.gateway.base_url or page_url
        try:
            call = build(given.operation, Fields(self._with_track_id(given)))
            shown = await preview(call, self.gateway, base_url)
            cost = cost_of(call, given.prices) if is_send(given.operation) else None
        except WikipayamError as error:
            return Prepared(error=described(error))
        return Prepared(
            number=self._prepared.add(PreparedCall(given.operation, call)),
            python=program(call, base_url=base_url, sender=self.gateway.sender),
            curl=shown.curl(),
            http=shown.http(),
            cost=cost,
        )

    async def run(self, body: bytes) -> MadeCall:
        """Make a call that was prepared.

        Args:
            body: A `RunRequest`.
        """
        prepared = self._prepared.take(decoded(body, RunRequest).number)
        if prepared is None:
            raise Refusal(
                409, "The call was made before, or is not known.", "Prepare it again; look at the calls made."
            )
        self._count += 1
        call = MadeCall(
            number=self._count,
            at=self.now().isoformat(timespec="seconds"),
            operation=prepared.operation,
            call=prepared.call.python(),
        )
        # Listed before it leaves: whoever reloads the page meanwhile has to see it.
        self._calls[call.number] = call
        self._calls.pop(call.number - _KEPT, None)
        made = evolve(call, made=await make(prepared.call, self.gateway))
        self._calls[call.number] = made
        return made

    def calls(self) -> CallsMade:
        """Return the finished and running calls, the latest first."""
        return CallsMade(calls=[*reversed(self._calls.values())])

    def calculate(self, body: bytes) -> Calculation:
        """Count the parts of a text.

        Args:
            body: A `CalculateRequest`.
        """
        given = decoded(body, CalculateRequest)
        try:
            return calculate(given.text, given.receivers, given.prices)
        except InvalidInputError as error:
            raise Refusal(422, f"The text cannot be counted: {error}.", "Change the value.") from None

    def _with_track_id(self, given: PrepareRequest) -> dict[str, str]:
        """Return the values with a track id, so that the call that is made is the one that was shown."""
        has_field = any(
            form.operation == given.operation and any(one.name == "track_id" for one in form.fields) for form in forms()
        )
        if not has_field or given.fields.get("track_id"):
            return given.fields
        return {**given.fields, "track_id": self._track_ids.next()}


def decoded(body: bytes, shape: type[T]) -> T:
    """Return a JSON body in its shape.

    Args:
        body: The body.
        shape: The shape.

    Raises:
        Refusal: The body has another shape.
    """
    try:
        return msgspec.json.decode(body, type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refusal(422, f"The body is invalid: {error}.", "Send the fields that the page sends.") from None
