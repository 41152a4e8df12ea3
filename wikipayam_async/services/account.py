"""The account: its balance, and whether it covers what is to be sent."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import anyio
from attrs import Factory, field, frozen

from wikipayam_async.bulk.source import Messages
from wikipayam_async.core.converter import to_model
from wikipayam_async.core.operation import Call, Operation, Replay
from wikipayam_async.errors import InvalidInputError, ResponseError
from wikipayam_async.messages.models import SmsMessage
from wikipayam_async.redact.masks import mask_mapping, mask_text, shape_of
from wikipayam_async.services.base import Service

if TYPE_CHECKING:
    from wikipayam_async.cost.estimate import CostEstimate, CostTally
    from wikipayam_async.cost.tariff import Tariff

__all__ = ["AccountService", "Affordability", "Balance"]

_COUNTED_AT_ONCE = 1000
"""Messages that are counted before other tasks have their turn: some milliseconds."""


@frozen
class Balance:
    """What is left on the account.

    Attributes:
        balance: In `currency`; a fraction, should there ever be one, is rounded down.
        currency: `IRR`, Iranian rials; 10 rials are a toman.
        user_id: The account's number.
        user_name: The account's name.
        extra: Fields that this version does not know.
    """

    balance: int
    currency: str = "IRR"
    user_id: int | None = None
    user_name: str | None = field(default=None, repr=mask_text)
    extra: Mapping[str, Any] = field(factory=dict, repr=mask_mapping, hash=False)


def _missing(affordability: Affordability) -> int | None:
    estimate, balance = affordability.estimate, affordability.balance
    if balance is None or balance.currency.strip().upper() != estimate.currency:
        return None
    return max(0, estimate.cost - balance.balance) if estimate.cost else 0


@frozen
class Affordability:
    """What messages will cost, and whether the balance covers it. Whatever else is sent meanwhile changes the balance.

    Attributes:
        estimate: What they cost.
        balance: The balance before they were counted; None if the gateway's answer could not be read.
        missing: How many rials the balance is short of; 0 if it covers the cost. None if that is not known, because
            the balance is, or because it is not in rials.
        affordable: Whether the balance covers the cost; None if that is not known.
    """

    estimate: CostEstimate
    balance: Balance | None
    missing: int | None = field(init=False, default=Factory(_missing, takes_self=True))
    affordable: bool | None = field(
        init=False, default=Factory(lambda self: None if self.missing is None else not self.missing, takes_self=True)
    )


GET_BALANCE = Operation("account.balance", "GET", "user/balance", Replay.READ)


class AccountService(Service):
    """`GET /user/balance`. Reached as `client.balance()` and `client.estimate()`."""

    async def balance(self) -> Balance:
        """Return the balance (`GET /user/balance`)."""
        return await self._pipeline.run(Call(operation=GET_BALANCE, read=lambda data: to_model(data, Balance)))

    async def estimate(
        self, messages: Messages, tariff: Tariff, *, sender: str | None = None, normalize: bool = True
    ) -> Affordability:
        """Estimate what messages will cost, and compare it with the balance (`GET /user/balance`, once).

        The balance is asked for first: an error of the gateway's comes before a message is taken. Nothing is sent.

        Args:
            messages: The messages, as for `send_bulk`: any iterable, plain or async. An iterator is used up by this.
            tariff: What a part costs.
            sender: The line of the messages that name none; the client's if None.
            normalize: Whether receivers have to be Iranian mobiles, as in `send_bulk`.

        Raises:
            InvalidInputError: An argument breaks a rule. (A bad message is skipped and counted, not an error.)
            AuthenticationError: The token is wrong.
            APIStatusError: The gateway refused to tell the balance.
            APIConnectionError: It could not be reached.
        """
        from wikipayam_async.cost.estimate import CostTally  # noqa: PLC0415 - with its tables, for those who ask

        tally = CostTally(tariff, sender=sender or self._options.sender, normalize=normalize)
        if isinstance(messages, str | bytes) or not isinstance(messages, Iterable | AsyncIterable):
            raise InvalidInputError("messages", rule="expected an iterable of SmsMessage", got=shape_of(messages))
        try:
            balance = await self.balance()
        except ResponseError:
            balance = None
        await _count(tally, messages)
        return Affordability(tally.estimate(), balance)


async def _count(tally: CostTally, messages: Messages) -> None:
    if isinstance(messages, AsyncIterable):
        await _count_asynchronous(tally, aiter(messages))
        return
    for number, message in enumerate(messages, 1):
        tally.add(message)
        if number % _COUNTED_AT_ONCE == 0:
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
            if number % _COUNTED_AT_ONCE == 0:
                await anyio.lowlevel.checkpoint()  # an iterator that has its messages at hand waits for nothing
    finally:
        close = getattr(messages, "aclose", None)
        if close is not None:
            await close()
