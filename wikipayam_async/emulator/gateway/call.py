"""One call of one endpoint, as its handler sees it."""

from datetime import datetime

import msgspec
from attrs import define

from wikipayam_async.emulator.exchange import Json, Request
from wikipayam_async.emulator.gateway import laravel
from wikipayam_async.emulator.gateway.fields import Errors, Fields
from wikipayam_async.emulator.gateway.laravel import Refused
from wikipayam_async.emulator.gateway.state import Account, Draft, LedgerEntry, State


@define(kw_only=True)
class Call:
    """A request that has found its endpoint and its account.

    Attributes:
        request: The request.
        account: Who calls.
        state: The gateway's memory.
        now: When the call came in.
        max_batch: The most items an array may hold; None for any number.
        argument: What the path holds in place of ``{id}``.
    """

    request: Request
    account: Account
    state: State
    now: datetime
    max_batch: int | None = None
    argument: str = ""

    def query(self) -> Fields:
        """Read the query.

        Returns:
            Its fields.
        """
        return Fields(self.request.query)

    def fields(self) -> Fields:
        """Read a body that is an object.

        Returns:
            Its fields; none where the body is something else, as PHP has it.

        Raises:
            Refused: The body is no JSON (400).
        """
        payload = self._payload()
        return Fields(payload if isinstance(payload, dict) else {})

    def items(self) -> list[Fields]:
        """Read a body that is an array of objects.

        Returns:
            The fields of every item; all note their errors in one place.

        Raises:
            Refused: The body is no JSON (400), no array or an empty one (422), or too long an array (413).
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
        # What is no object has no fields, and every required one of them is missing as well.
        return [
            Fields(item if isinstance(item, dict) else {}, f"{index}.", errors) for index, item in enumerate(payload)
        ]

    def accept(self, drafts: list[Draft]) -> list[LedgerEntry]:
        """Charge the account and write messages into the ledger, all of them or none.

        Args:
            drafts: The messages.

        Returns:
            The entries.
        """
        return self.state.accept(self.account, drafts, self.now)

    def _payload(self) -> Json:
        request = self.request
        if not request.body or "json" not in request.headers.get("content-type", "json"):
            # A body that does not call itself JSON is not read as JSON.
            return None
        try:
            payload: Json = msgspec.json.decode(request.body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise Refused(laravel.error(400, "The request body is not valid JSON.")) from None
        return payload
