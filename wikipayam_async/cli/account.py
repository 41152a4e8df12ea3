"""`wikipayam balance`."""

from __future__ import annotations

from wikipayam_async.cli.exits import Exit
from wikipayam_async.cli.session import GatewayOptions, Session, online
from wikipayam_async.cost.money import format_money

__all__ = ["balance"]


def balance(*, connection: GatewayOptions = GatewayOptions()) -> Exit:
    """Show the account's balance, which also checks the token."""
    return online(connection, _balance)


async def _balance(session: Session) -> None:
    found = await session.client.balance()
    amount = f"{found.balance:,} {found.currency}"
    if session.out.language == "fa" and found.currency == "IRR":
        amount = f"{format_money(found.balance, locale='fa')} ({format_money(found.balance, 'toman', locale='fa')})"
    session.out.answer(amount, found)
