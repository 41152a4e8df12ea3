"""A request to one endpoint, as its handler sees it."""

from datetime import datetime

import msgspec
from attrs import define

from wikipayam_async.emulator.exchange import Json, Request
from wikipayam_async.emulator.gateway import laravel
from wikipayam_async.emulator.gateway.fields import Errors, Fields
from wikipayam_async.emulator.gateway.laravel import Refused
from wikipayam_async.emulator.gateway.state import Account, State


@define(kw_only=True)
class EndpointRequest:
    """A routed and authenticated request.

    Attributes:
        http: The HTTP request.
        account: The account of the caller.
        state: The gateway's state.
        now: The time of arrival.
        max_batch: The maximum number of items in an array; None means no limit.
        path_id: The part of the path that matches `{id}`.
    """

    http: Request
    account: Account
    state: State
    now: datetime
    max_batch: int | None = None
    path_id: str = ""

    def query(self) -> Fields:
        """Return the fields of the query."""
        return Fields(self.http.query)

    def fields(self) -> Fields:
        """Return the fields of a body that is an object. Any other body has no fields, as in PHP.

        Raises:
            Refused: The body is not JSON (400).
        """
        payload = self._payload()
        return Fields(payload if isinstance(payload, dict) else {})

    def items(self) -> list[Fields]:
        """Return the fields of each item of a body that is an array of objects. The items share one error dict.

        Raises:
            Refused: The body is not JSON (400), is not an array or is empty (422), or exceeds `max_batch` (413).
        """
        payload = self._payload()
        if not isinstance(payload, list) or not payload:
            raise Refused(laravel.invalid({"data": ["The data field must be an array with at least 1 item."]}))
        if self.max_batch is not None and len(payload) > self.max_batch:
            raise Refused(laravel.too_large())
        errors: Errors = {}
        for index, item in enumerate(payload):
            if not isinstance(item, dict):
                errors[str(index)] = [f"The {index} field must be an array."]
        # An item that is not an object has no fields, so each of its required fields is reported as missing too.
        return [
            Fields(item if isinstance(item, dict) else {}, f"{index}.", errors) for index, item in enumerate(payload)
        ]

    def _payload(self) -> Json:
        http = self.http
        if not http.body or "json" not in http.headers.get("content-type", "json"):
            # Laravel parses a body as JSON only if its content type says so.
            return None
        try:
            payload: Json = msgspec.json.decode(http.body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise Refused(laravel.error(400, "The request body is not valid JSON.")) from None
        return payload
