"""The account: its balance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import field, frozen

from wikipayam_async.core.converter import to_model
from wikipayam_async.core.operation import Call, Operation
from wikipayam_async.core.redact import mask_mapping, mask_text
from wikipayam_async.core.retry import Replay
from wikipayam_async.services.base import Service

__all__ = ["AccountService", "Balance"]


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


GET_BALANCE = Operation("account.balance", "GET", "user/balance", Replay.READ)


class AccountService(Service):
    """`GET /user/balance`. Reached as `client.balance()`."""

    async def balance(self) -> Balance:
        """Return the balance (`GET /user/balance`)."""
        return await self._pipeline.run(Call(operation=GET_BALANCE, read=lambda data: to_model(data, Balance)))
