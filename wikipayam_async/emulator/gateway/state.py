"""What the gateway remembers: its accounts, and the ledger of everything it has accepted."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum

from attrs import define, field, frozen

from wikipayam_async.emulator.gateway import laravel
from wikipayam_async.emulator.gateway.delivery import DeliveryRules
from wikipayam_async.emulator.gateway.inbox import Inbox
from wikipayam_async.emulator.gateway.laravel import Refused
from wikipayam_async.emulator.gateway.numbers import local_form
from wikipayam_async.emulator.gateway.random_ids import IdSource

DEFAULT_TOKEN = "emulator-token"  # noqa: S105 - it opens nothing but an emulator
DEFAULT_USERNAME = "09123456789"
DEFAULT_USER_NAME = "admin"
DEFAULT_LINE = "10002000"
DEFAULT_LINES = (DEFAULT_LINE, "100010000")
DEFAULT_PATTERN = 13
DEFAULT_PATTERNS = (DEFAULT_PATTERN,)
DEFAULT_PATTERN_TEXT = "کد تأیید شما: {code}"
DEFAULT_BALANCE = 34_359_938
DEFAULT_PRICE = 1_200


class MessageKind(StrEnum):
    """The road a message was accepted on."""

    SMS = "sms"
    OTP = "otp"
    VOICE = "voice"
    HOLOO = "holoo"


# Not frozen: ten thousand of these a second are made and dropped, and freezing doubles the price of one.
@define(kw_only=True)
class Draft:
    """A message that holds, and is not accepted yet.

    Attributes:
        kind: The road it came on.
        sender: The line it goes out on.
        receiver: The number, as it was spelled in the request.
        message: The text.
        code: The one-time code, if it is one.
        track_id: The caller's own reference, if any.
        parts: How many parts it is charged as.
    """

    kind: MessageKind
    sender: str
    receiver: str
    message: str
    code: str | None = None
    track_id: str | None = None
    parts: int = 1


@frozen(kw_only=True)
class LedgerEntry:
    """A message the gateway has accepted.

    Attributes:
        id: 24 hex digits.
        kind: The road it came on: ``sms``, ``otp``, ``voice`` or ``holoo``.
        sender: The line it goes out on.
        receiver: The number, as it was spelled in the request.
        message: The text; the code alone for a call.
        code: The one-time code, if it is one.
        track_id: The caller's own reference, if any.
        parts: How many parts were charged.
        cost: What was charged, in IRR.
        accepted_at: When it was accepted, in the emulator's time zone.
        account: The user name (``username``) of the account.
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
    accepted_at: datetime
    account: str


@define
class Ledger:
    """Everything accepted, in order, with indexes by id and by receiver."""

    entries: list[LedgerEntry] = field(init=False, factory=list)
    by_id: dict[str, LedgerEntry] = field(init=False, factory=dict)
    by_receiver: dict[str, list[LedgerEntry]] = field(init=False, factory=dict)

    def add(self, entry: LedgerEntry) -> None:
        """Write an entry down.

        Args:
            entry: The entry.
        """
        self.entries.append(entry)
        self.by_id[entry.id] = entry
        self.by_receiver.setdefault(local_form(entry.receiver), []).append(entry)

    def sent_to(self, receiver: str) -> list[LedgerEntry]:
        """List what a receiver was sent.

        Args:
            receiver: The number, in any spelling.

        Returns:
            The entries, oldest first.
        """
        return list(self.by_receiver.get(local_form(receiver), ()))


@define(kw_only=True)
class Account:
    """One customer of the gateway.

    Attributes:
        token: The API token.
        username: The name Holoo's road asks for.
        user_id: A number.
        user_name: The name the balance answer shows.
        lines: The lines it may send from; codes go out on the first.
        patterns: The texts of its one-time code patterns, by id; ``{code}`` stands for the code.
        balance: What is left, in IRR.
        price: What a part costs, in IRR.
        inbox: What it has received.
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
        """Go back to the opening balance and an empty inbox."""
        self.balance = self.opening_balance
        self.inbox = Inbox()


@define(kw_only=True)
class State:
    """The gateway's memory.

    Attributes:
        ids: Where new ids come from.
        delivery: What becomes of accepted messages.
        accounts: The accounts, by token.
        ledger: Everything accepted.
    """

    ids: IdSource
    delivery: DeliveryRules
    accounts: dict[str, Account] = field(init=False, factory=dict)
    ledger: Ledger = field(init=False, factory=Ledger)

    def reset(self) -> None:
        """Forget what was sent and received; accounts stay, and ids are never dealt out again."""
        self.ledger = Ledger()
        for account in self.accounts.values():
            account.reset()

    def owner_of(self, line: str) -> Account:
        """Find whose inbox a message to a line goes to.

        Args:
            line: The line.

        Returns:
            The account that has the line, or the first account where none has.
        """
        accounts = list(self.accounts.values())
        return next((account for account in accounts if line in account.lines), accounts[0])

    def accept(self, account: Account, drafts: Iterable[Draft], now: datetime) -> list[LedgerEntry]:
        """Charge for messages and write them down, all of them or none.

        Args:
            account: Who pays.
            drafts: The messages.
            now: The time of acceptance.

        Returns:
            The entries, in the order of the drafts.

        Raises:
            Refused: The balance does not cover them all (402).
        """
        entries = [self._entry(account, draft, now) for draft in drafts]
        cost = sum(entry.cost for entry in entries)
        if cost > account.balance:
            raise Refused(laravel.error(402))
        account.balance -= cost
        for entry in entries:
            self.ledger.add(entry)
        return entries

    def _entry(self, account: Account, draft: Draft, now: datetime) -> LedgerEntry:
        return LedgerEntry(
            id=self.ids.take(),
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
