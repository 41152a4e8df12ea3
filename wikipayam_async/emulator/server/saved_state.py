"""The state of an emulator in a file: a JSON document that is replaced atomically.

It holds the balances, the ledger, the inboxes with their read marks, the delivery rules and the id counter, but no
tokens, faults, request counts or rate limits. The document has a version; files of older versions stay readable.
"""

import os
from contextlib import suppress
from pathlib import Path
from typing import Annotated, TypeAlias

import msgspec
from attrs import define, field, fields_dict, frozen
from msgspec import Meta

from wikipayam_async.emulator.emulator import Emulator
from wikipayam_async.emulator.gateway.delivery import DeliveryRules, DeliveryScript
from wikipayam_async.emulator.gateway.inbox import InboundMessage, Inbox
from wikipayam_async.emulator.gateway.pseudorandom import MOST_IDS, IdSource
from wikipayam_async.emulator.gateway.state import Account, Ledger, LedgerEntry, State
from wikipayam_async.whole_files import replaced

VERSION = 1
"""The version of the written document."""

Steps: TypeAlias = tuple[tuple[float, str], ...]


class SavedStateError(ValueError):
    """A file does not hold an emulator's state, or not one that this emulator can load."""


@frozen(kw_only=True)
class SavedIds:
    """The id counter: the ids issued so far (`dealt`) are not issued again."""

    seed: int
    dealt: Annotated[int, Meta(ge=0, lt=MOST_IDS)]


@frozen(kw_only=True)
class SavedAccount:
    """One account, identified by its user name; without its token."""

    username: str
    balance: int
    opening_balance: int
    inbox: tuple[InboundMessage, ...]


@frozen(kw_only=True)
class SavedDelivery:
    """The delivery rules."""

    script: Steps
    failing: Steps
    failing_fraction: Annotated[float, Meta(ge=0, le=1)]
    chosen: dict[str, Steps]


@frozen(kw_only=True)
class Snapshot:
    """The document: the state of an emulator."""

    version: int
    ids: SavedIds
    accounts: Annotated[tuple[SavedAccount, ...], Meta(min_length=1)]
    ledger: tuple[LedgerEntry, ...]
    delivery: SavedDelivery


@frozen
class _Version:
    version: int


def save_state(emulator: Emulator, path: str | os.PathLike[str]) -> None:
    """Write the state of an emulator to a file, which is replaced atomically.

    The file holds texts and phone numbers, so only its owner can read it.

    Args:
        emulator: The emulator.
        path: The file.

    Raises:
        OSError: The file cannot be written.
    """
    _write(_snapshot(emulator), Path(path))


def load_state(emulator: Emulator, path: str | os.PathLike[str]) -> None:
    """Replace the state of an emulator with the state in a file.

    The balances, the ledger, the delivery rules and the received messages with their read marks are restored, and new
    ids continue those of the file. Delivery continues meanwhile: a message that was waiting may be delivered. Accounts
    are identified by their user names; the emulator needs every account in the file.

    Args:
        emulator: The emulator.
        path: The file.

    Raises:
        OSError: The file cannot be read.
        SavedStateError: The file holds no state, one of another version, or one with an account that the emulator does
            not have.
    """
    restore_state(emulator, Path(path).read_bytes(), source=os.fspath(path))


def state_document(emulator: Emulator) -> bytes:
    """Return the state of an emulator as the JSON document that `save_state` writes.

    Args:
        emulator: The emulator.
    """
    return msgspec.json.encode(_snapshot(emulator))


def restore_state(emulator: Emulator, document: bytes, *, source: str) -> None:
    """Replace the state of an emulator with the state in a JSON document, as `load_state` does.

    Args:
        emulator: The emulator.
        document: The document.
        source: The source of the document, for errors.

    Raises:
        SavedStateError: The document holds no state, one of another version, or one with an account that the emulator
            does not have.
    """
    snapshot = _decode(document, source)
    try:
        delivery = _delivery_rules(snapshot.delivery)
    except ValueError as error:
        raise SavedStateError(f"{source} does not hold an emulator's state: {error}") from None
    with emulator.memory() as state:
        # Everything is checked before anything is changed.
        accounts = _matched_accounts(state, snapshot.accounts)
        for account, saved in accounts:
            account.balance, account.opening_balance = saved.balance, saved.opening_balance
            account.inbox = Inbox()
            for message in saved.inbox:
                account.inbox.add(message)
        state.ledger = Ledger()
        state.ledger.add(snapshot.ledger)
        # The object stays, since callers may hold a reference to it.
        for name in fields_dict(DeliveryRules):
            setattr(state.delivery, name, getattr(delivery, name))
        state.ids = IdSource(snapshot.ids.seed, snapshot.ids.dealt)


@define
class StateFile:
    """A file that an emulator's state is loaded from and saved to.

    Attributes:
        emulator: The emulator.
        path: The file, used by this emulator only.
    """

    emulator: Emulator
    path: Path
    _written: Snapshot | None = field(init=False, default=None)

    def open(self) -> None:
        """Load the file if it exists, and check that it can be written.

        Raises:
            OSError: The file cannot be read or written.
            SavedStateError: The file cannot be loaded; it is left unchanged.
        """
        with suppress(FileNotFoundError):
            load_state(self.emulator, self.path)
        self.save()

    def save(self) -> bool:
        """Write the file if the state has changed, and tell whether it was written.

        Raises:
            OSError: The file cannot be written.
        """
        snapshot = _snapshot(self.emulator)
        if snapshot == self._written:
            return False
        _write(snapshot, self.path)
        self._written = snapshot
        return True


def _snapshot(emulator: Emulator) -> Snapshot:
    with emulator.memory() as state:
        delivery = state.delivery
        return Snapshot(
            version=VERSION,
            ids=SavedIds(seed=state.ids.seed, dealt=state.ids.issued),
            accounts=tuple(_saved_account(account) for account in state.accounts.values()),
            ledger=tuple(state.ledger.entries),
            delivery=SavedDelivery(
                script=delivery.script.steps,
                failing=delivery.failing.steps,
                failing_fraction=delivery.failing_fraction,
                chosen={receiver: script.steps for receiver, script in delivery.chosen.items()},
            ),
        )


def _saved_account(account: Account) -> SavedAccount:
    return SavedAccount(
        username=account.username,
        balance=account.balance,
        opening_balance=account.opening_balance,
        inbox=tuple(account.inbox.all()),
    )


def _matched_accounts(state: State, saved: tuple[SavedAccount, ...]) -> list[tuple[Account, SavedAccount]]:
    accounts = {account.username: account for account in state.accounts.values()}
    names = [one.username for one in saved]
    if len(set(names)) < len(names):
        raise SavedStateError("the file has an account twice")
    if not set(names) <= accounts.keys():
        raise SavedStateError("the file has an account that this emulator does not have; add the account first")
    return [(accounts[one.username], one) for one in saved]


def _delivery_rules(saved: SavedDelivery) -> DeliveryRules:
    rules = DeliveryRules(
        script=DeliveryScript(saved.script),
        failing=DeliveryScript(saved.failing),
        failing_fraction=saved.failing_fraction,
    )
    rules.chosen = {receiver: DeliveryScript(steps) for receiver, steps in saved.chosen.items()}
    return rules


def _decode(document: bytes, source: str) -> Snapshot:
    try:
        # Decoded on its own: a document of another version may have any shape.
        version = msgspec.json.decode(document, type=_Version).version
        if version != VERSION:
            raise SavedStateError(
                f"{source} was written by another version of wikipayam_async (state version {version}, expected {VERSION});"
                " update wikipayam_async, or choose another file"
            )
        return msgspec.json.decode(document, type=Snapshot)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise SavedStateError(f"{source} does not hold an emulator's state: {error}") from None


def _write(snapshot: Snapshot, path: Path) -> None:
    content = msgspec.json.encode(snapshot)
    # The target of a symbolic link is replaced, and the link stays.
    target = path.resolve()
    try:
        with replaced(target) as file:
            file.write(content)
    except OSError as error:
        # The error names the file that the caller passed, not the temporary one.
        raise OSError(error.errno, error.strerror, os.fspath(path)) from error
