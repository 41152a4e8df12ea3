"""The account: its balance, and whether it covers the cost of messages."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import anyio
from attrs import Factory, field, frozen

from wikipayam_async.checks import without_frames
from wikipayam_async.core.converter import to_model
from wikipayam_async.core.operation import Call, Operation, Replay, captured
from wikipayam_async.errors import InvalidInputError, ResponseError
from wikipayam_async.publish import publish, publish_in_package
from wikipayam_async.pydantic_schema import add_schema
from wikipayam_async.redact.masks import mask_mapping, mask_text, shape_of
from wikipayam_async.redact.sealed import Sealed
from wikipayam_async.services.base import Service

if TYPE_CHECKING:
    from wikipayam_async.bulk.source import Messages
    from wikipayam_async.cost.estimate import CostEstimate, CostTally
    from wikipayam_async.cost.tariff import Tariff
    from wikipayam_async.messages.models import SmsMessage

__all__ = ["AccountService", "Balance", "CostCheck"]

_MESSAGES_PER_CHECKPOINT = 1000
"""Messages counted before other tasks may run: a few milliseconds."""


@frozen
class Balance:
    """The account's balance.

    Attributes:
        balance: The amount, in `currency`; a fraction is rounded down.
        currency: `IRR`, Iranian rials; 10 rials are one toman.
        user_id: The account's id.
        user_name: The account's name.
        extra: Fields that this version does not know.
    """

    balance: int
    currency: str = "IRR"
    user_id: int | None = None
    user_name: str | None = field(default=None, repr=mask_text)
    extra: Mapping[str, Any] = field(factory=dict, repr=mask_mapping, hash=False)


def _shortfall(check: CostCheck) -> int | None:
    if check.balance is None or check.balance.currency.strip().upper() != check.estimate.currency:
        return None
    return max(0, check.cost - check.balance.balance) if check.cost else 0


@frozen
class CostCheck:
    """The cost of messages, and whether the balance covers it. Other sends in the meantime change the balance.

    Attributes:
        estimate: The estimate, with the cost per line and encoding.
        balance: The balance before the messages were counted; None if the gateway's answer could not be read.
        shortfall: The rials that the balance is short of; 0 if it covers the cost. None if unknown, because the balance
            is unknown or not in rials.
    """

    estimate: CostEstimate
    balance: Balance | None
    shortfall: int | None = field(init=False, default=Factory(_shortfall, takes_self=True))

    @property
    def cost(self) -> int:
        """The cost of all messages, in rials."""
        return self.estimate.cost

    @property
    def parts(self) -> int:
        """The number of parts of all messages."""
        return self.estimate.parts

    @property
    def affordable(self) -> bool | None:
        """Whether the balance covers the cost; None if unknown."""
        return None if self.shortfall is None else not self.shortfall


GET_BALANCE = Operation("account.balance", "GET", "user/balance", Replay.READ)


class AccountService(Service):
    """`GET /user/balance`. Reached as `client.balance()` and `client.estimate()`."""

    async def balance(self, *, timeout: float | None = None) -> Balance:
        """Return the balance (`GET /user/balance`).

        Args:
            timeout: Seconds for each attempt; the client's if None.
        """
        return await self._pipeline.run(
            Call(operation=GET_BALANCE, read=lambda data: to_model(data, Balance), timeout=timeout)
        )

    async def estimate(
        self,
        messages: Messages | Sealed[Messages],
        tariff: Tariff,
        *,
        sender: str | None = None,
        normalize: bool = True,
        validate: bool = True,
        footer: str | None = None,
        timeout: float | None = None,
    ) -> CostCheck:
        """Estimate the cost of messages and compare it with the balance (`GET /user/balance`, once). Nothing is sent.

        The balance is requested first, so that an error of the gateway is raised before any message is read.

        Args:
            messages: The messages, as for `send_bulk`: any iterable, plain or async. An iterator is consumed.
            tariff: The price of a part.
            sender: The line of messages that name none; the client's if None.
            normalize: As in `send_bulk`; it does not change the cost.
            validate: Skip receivers that are not Iranian mobiles, as in `send_bulk`.
            footer: The footer of all texts, as in `send_bulk`.
            timeout: Seconds for each attempt; the client's if None.

        Raises:
            InvalidInputError: An argument is invalid. (An invalid message is skipped and counted, not an error.)
            AuthenticationError: The token is wrong.
            APIStatusError: The gateway refused the request.
            APIConnectionError: The gateway could not be reached.
        """
        from wikipayam_async.cost.estimate import CostTally  # noqa: PLC0415 - loads tables that only estimates need

        line = sender or self._options.sender
        tally = CostTally(tariff, sender=line, normalize=normalize, validate=validate, footer=footer)
        given = messages if isinstance(messages, Sealed) else Sealed(messages)
        del messages  # tools that show the locals of a traceback walk lists
        _check_messages(given)
        try:
            balance = await self.balance(timeout=timeout)
        except ResponseError:
            balance = None
        token = captured.set(None)  # the source of the messages may make calls of its own
        try:
            await _count(tally, given)
        finally:
            captured.reset(token)
        return CostCheck(tally.estimate(), balance)


@without_frames
def _check_messages(given: Sealed[Messages]) -> None:
    messages = given.reveal()
    if isinstance(messages, str | bytes) or not isinstance(messages, Iterable | AsyncIterable):
        raise InvalidInputError("messages", rule="expected an iterable of SmsMessage", got=shape_of(messages))


async def _count(tally: CostTally, given: Sealed[Messages]) -> None:
    messages = given.reveal()
    if isinstance(messages, AsyncIterable):
        await _count_asynchronous(tally, aiter(messages))
        return
    numbered = enumerate(messages, 1)
    del messages
    for number, message in numbered:
        tally.add(message)
        if number % _MESSAGES_PER_CHECKPOINT == 0:
            await anyio.lowlevel.checkpoint()


async def _count_asynchronous(tally: CostTally, messages: AsyncIterator[SmsMessage]) -> None:
    number = 0
    try:
        while True:
            try:
                tally.add(await anext(messages))
            except StopAsyncIteration:
                break
            number += 1
            if number % _MESSAGES_PER_CHECKPOINT == 0:
                await anyio.lowlevel.checkpoint()  # an async iterator need not yield to other tasks
    finally:
        close = getattr(messages, "aclose", None)
        if close is not None:
            await close()


publish_in_package(["Balance"], globals())
publish("wikipayam_async.types", ["CostCheck"], globals())
add_schema(CostCheck)
