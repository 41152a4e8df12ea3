"""`wikipayam balance`."""

from __future__ import annotations

from wikipayam_async.cli.exits import Exit
from wikipayam_async.cli.session import GatewayOptions, Session, online

__all__ = ["balance"]


def balance(*, connection: GatewayOptions = GatewayOptions()) -> Exit:
    """Show the account's balance, which also checks the token."""
    return online(connection, _balance)


async def _balance(session: Session) -> None:
    found = await session.client.balance()
    session.out.answer(f"{found.balance:,} {found.currency}", found)
