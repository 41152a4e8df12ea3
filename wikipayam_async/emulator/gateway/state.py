"""The gateway's state: its accounts, and the ledger of accepted messages."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated

import msgspec
from attrs import define, field
from msgspec import Meta

from wikipayam_async.emulator.gateway import laravel
from wikipayam_async.emulator.gateway.delivery import DeliveryRules
from wikipayam_async.emulator.gateway.inbox import Inbox
from wikipayam_async.emulator.gateway.laravel import Refused
from wikipayam_async.emulator.gateway.numbers import local_form
from wikipayam_async.emulator.gateway.pseudorandom import IdSource

DEFAULT_TOKEN = "emulator-token"  # noqa: S105 - valid for the emulator only
DEFAULT_USERNAME = "09123456789"
DEFAULT_USER_NAME = "admin"
DEFAULT_LINE = "10002000"
DEFAULT_LINES = (DEFAULT_LINE, "100010000")
DEFAULT_PATTERN = 13
DEFAULT_PATTERNS = (DEFAULT_PATTERN,)
DEFAULT_PATTERN_TEXT = "کد تأیید شما: {code}"
DEFAULT_BALANCE = 3_435_993_800
"""Enough for a million messages of two parts."""
DEFAULT_PRICE = 1_200


class MessageKind(StrEnum):
    """The kind of endpoint that accepted a message."""

    SMS = "sms"
    OTP = "otp"
    VOICE = "voice"
    HOLOO = "holoo"


# A struct, as below: a load test creates millions, and the garbage collector need not look at them.
class Draft(msgspec.Struct, kw_only=True, gc=False):
    """A valid message that is not accepted yet.

    Attributes:
        kind: The kind of endpoint.
        sender: The line it is sent from.
        receiver: The number, as spelled in the request.
        message: The text.
        code: The one-time code; None for other messages.
        track_id: The caller's reference; None without one.
        parts: The number of parts charged.
    """

    kind: MessageKind
    sender: str
    receiver: str
    message: str
    code: str | None = None
    track_id: str | None = None
    parts: int = 1


class LedgerEntry(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An accepted message.

    Attributes:
        id: 24 hex digits.
        kind: The kind of endpoint: `sms`, `otp`, `voice` or `holoo`.
        sender: The line it is sent from.
        receiver: The number, as spelled in the request.
        message: The text; for a voice call, the code.
        code: The one-time code; None for other messages.
        track_id: The caller's reference; None without one.
        parts: The number of parts charged.
        cost: The amount charged, in IRR.
        accepted_at: The time of acceptance, in the emulator's time zone.
        account: The `username` of the account.
    """

    id: str
    kind: MessageKind
    sender: str
    receiver: str
    message: str
    code: str | None
    track_id: str | None
    parts: int
    cost: int
    accepted_at: Annotated[datetime, Meta(tz=True)]
    account: str


@define
class Ledger:
    """All accepted messages in order, indexed by id and by receiver."""

    entries: list[LedgerEntry] = field(init=False, factory=list)
    by_id: dict[str, LedgerEntry] = field(init=False, factory=dict)
    _by_receiver: dict[str, list[LedgerEntry]] = field(init=False, factory=dict)
    _indexed: int = field(init=False, default=0)

    def add(self, entries: Sequence[LedgerEntry]) -> None:
        """Append entries."""
        self.entries.extend(entries)
        self.by_id.update((entry.id, entry) for entry in entries)

    def sent_to(self, receiver: str) -> list[LedgerEntry]:
        """Return the messages to a receiver, in any spelling, oldest first."""
        # The index is completed when it is read: a load test never reads it.
        for entry in self.entries[self._indexed :]:
            self._by_receiver.setdefault(local_form(entry.receiver), []).append(entry)
        self._indexed = len(self.entries)
        return list(self._by_receiver.get(local_form(receiver), ()))


@define(kw_only=True)
class Account:
    """An account at the gateway.

    Attributes:
        token: The API token.
        username: The user name for the Holoo endpoint.
        user_id: The numeric id in the balance response.
        user_name: The name in the balance response.
        lines: The lines it may send from. One-time codes are sent from the first.
        patterns: The texts of its one-time code patterns by id; `{code}` stands for the code.
        balance: The remaining balance, in IRR.
        price: The price of a part, in IRR.
        inbox: The received messages.
        opening_balance: The balance at the start, to which a reset goes back, in IRR.
    """

    token: str = field(repr=False)
    username: str
    user_id: int
    user_name: str
    lines: tuple[str, ...]
    patterns: Mapping[int, str]
    balance: int
    price: int
    inbox: Inbox = field(factory=Inbox, repr=False)
    opening_balance: int = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.opening_balance = self.balance

    def reset(self) -> None:
        """Restore the opening balance and empty the inbox."""
        self.balance = self.opening_balance
        self.inbox = Inbox()


@define(kw_only=True)
class State:
    """The gateway's state.

    Attributes:
        ids: The source of new ids.
        delivery: The delivery rules.
        accounts: The accounts by token.
        ledger: The accepted messages.
    """

    ids: IdSource
    delivery: DeliveryRules
    accounts: dict[str, Account] = field(init=False, factory=dict)
    ledger: Ledger = field(init=False, factory=Ledger)

    def reset(self) -> None:
        """Clear the ledger and reset the accounts. Ids are never issued again."""
        self.ledger = Ledger()
        for account in self.accounts.values():
            account.reset()

    def owner_of(self, line: str) -> Account:
        """Return the account that has a line, or the first account if none has."""
        accounts = list(self.accounts.values())
        return next((account for account in accounts if line in account.lines), accounts[0])

    def accept(self, account: Account, drafts: Sequence[Draft], now: datetime) -> list[LedgerEntry]:
        """Charge the account and add the messages to the ledger, in order; all of them or none.

        Raises:
            Refused: The balance does not cover all of them (402).
        """
        ids = self.ids.take_all(len(drafts))
        entries = [self._entry(id_, account, draft, now) for id_, draft in zip(ids, drafts, strict=True)]
        cost = sum(entry.cost for entry in entries)
        if cost > account.balance:
            raise Refused(laravel.error(402))
        account.balance -= cost
        self.ledger.add(entries)
        return entries

    def _entry(self, id_: str, account: Account, draft: Draft, now: datetime) -> LedgerEntry:
        return LedgerEntry(
            id=id_,
            kind=draft.kind,
            sender=draft.sender,
            receiver=draft.receiver,
            message=draft.message,
            code=draft.code,
            track_id=draft.track_id,
            parts=draft.parts,
            cost=draft.parts * account.price,
            accepted_at=now,
            account=account.username,
        )
