"""What an emulator remembers, in a file: a JSON document that is written whole and replaced at once.

It holds the balances, the ledger, the inboxes with their read marks, the delivery rules, and the counter of the ids. It
holds no tokens, no faults, no counts of requests and no rate limit: these belong to the run, not to the gateway's memory.
The document has a version, and what an older version of this package has written stays readable.
"""

import os
from contextlib import suppress
from pathlib import Path
from tempfile import mkstemp
from typing import TypeAlias

import msgspec
from attrs import define, field, frozen

from wikipayam_async.emulator.emulator import Emulator
from wikipayam_async.emulator.gateway.delivery import DeliveryRules, DeliveryScript
from wikipayam_async.emulator.gateway.inbox import InboundMessage, Inbox
from wikipayam_async.emulator.gateway.random_ids import IdSource
from wikipayam_async.emulator.gateway.state import Account, Ledger, LedgerEntry, State

VERSION = 1
"""The version of the document that is written."""

Steps: TypeAlias = tuple[tuple[float, str], ...]


class SavedStateError(ValueError):
    """A file holds no state of an emulator, or none that this emulator can take up."""


@frozen(kw_only=True)
class SavedIds:
    """The counter of the ids, so that none is dealt out twice."""

    seed: int
    dealt: int


@frozen(kw_only=True)
class SavedAccount:
    """One account, by its user name; the token stays out."""

    username: str
    balance: int
    opening_balance: int
    inbox: tuple[InboundMessage, ...]


@frozen(kw_only=True)
class SavedDelivery:
    """The delivery rules."""

    script: Steps
    failing: Steps
    failing_fraction: float
    chosen: dict[str, Steps]


@frozen(kw_only=True)
class Snapshot:
    """The document: all that an emulator remembers at one moment."""

    version: int
    ids: SavedIds
    accounts: tuple[SavedAccount, ...]
    ledger: tuple[LedgerEntry, ...]
    delivery: SavedDelivery


@frozen
class _Head:
    version: int


def save_state(emulator: Emulator, path: str | os.PathLike[str]) -> None:
    """Write what an emulator remembers into a file, and replace what was there at once.

    Whoever reads the file, and whenever this is broken off, finds the old document or the new one, and never a half. The
    file holds texts and phone numbers; it is made for its owner alone to read.

    Args:
        emulator: The emulator.
        path: The file.

    Raises:
        OSError: It cannot be written.
    """
    _write(_taken(emulator), Path(path))


def load_state(emulator: Emulator, path: str | os.PathLike[str]) -> None:
    """Let an emulator remember what stands in a file, in place of what it remembers now.

    The balance, the ledger, the deliveries, the received messages and their read marks are then as they were when the
    file was written. Time has gone on meanwhile: a message that was on its way may have arrived. Accounts are told apart
    by their user names, and the emulator has to have those of the file; the ids go on where the file's ended.

    Args:
        emulator: The emulator.
        path: The file.

    Raises:
        OSError: It cannot be read.
        SavedStateError: It holds no state, one of a later version, or one with an account that the emulator has not.
    """
    _give(emulator, Path(path))


@define
class StateFile:
    """A file that follows what an emulator remembers.

    Attributes:
        emulator: The emulator.
        path: The file; one file belongs to one emulator.
    """

    emulator: Emulator
    path: Path
    _written: Snapshot | None = field(init=False, default=None)

    def open(self) -> None:
        """Take up what stands in the file if there is one, and see that it can be written.

        Raises:
            OSError: The file cannot be read or written.
            SavedStateError: It holds nothing that this emulator can take up; it is left as it is.
        """
        with suppress(FileNotFoundError):
            load_state(self.emulator, self.path)
        self.save()

    def save(self) -> bool:
        """Write the file if something has changed since it was written.

        Returns:
            Whether it was written.

        Raises:
            OSError: It cannot be written.
        """
        snapshot = _taken(self.emulator)
        if snapshot == self._written:
            return False
        _write(snapshot, self.path)
        self._written = snapshot
        return True


def _taken(emulator: Emulator) -> Snapshot:
    with emulator.memory() as state:
        delivery = state.delivery
        return Snapshot(
            version=VERSION,
            ids=SavedIds(seed=state.ids.seed, dealt=state.ids.dealt),
            accounts=tuple(_saved(account) for account in state.accounts.values()),
            ledger=tuple(state.ledger.entries),
            delivery=SavedDelivery(
                script=delivery.script.steps,
                failing=delivery.failing.steps,
                failing_fraction=delivery.failing_fraction,
                chosen={receiver: script.steps for receiver, script in delivery.chosen.items()},
            ),
        )


def _saved(account: Account) -> SavedAccount:
    return SavedAccount(
        username=account.username,
        balance=account.balance,
        opening_balance=account.opening_balance,
        inbox=tuple(account.inbox.all()),
    )


def _give(emulator: Emulator, path: Path) -> None:
    snapshot = _read(path)
    try:
        delivery = _rules(snapshot.delivery)
    except ValueError as error:
        raise SavedStateError(f"{path} holds no state of an emulator: {error}") from None
    with emulator.memory() as state:
        # Everything is looked at before anything is changed.
        accounts = _matched(state, snapshot.accounts)
        for account, saved in accounts:
            account.balance, account.opening_balance = saved.balance, saved.opening_balance
            account.inbox = Inbox()
            for message in saved.inbox:
                account.inbox.add(message)
        state.ledger = Ledger()
        for entry in snapshot.ledger:
            state.ledger.add(entry)
        # The rules themselves stay, for others may hold them.
        rules = state.delivery
        rules.script, rules.failing, rules.failing_fraction = (
            delivery.script,
            delivery.failing,
            delivery.failing_fraction,
        )
        rules.chosen = delivery.chosen
        state.ids = IdSource(snapshot.ids.seed, snapshot.ids.dealt)


def _matched(state: State, saved: tuple[SavedAccount, ...]) -> list[tuple[Account, SavedAccount]]:
    accounts = {account.username: account for account in state.accounts.values()}
    if not {one.username for one in saved} <= accounts.keys():
        raise SavedStateError("the file has an account that this emulator does not have; add it first")
    return [(accounts[one.username], one) for one in saved]


def _rules(saved: SavedDelivery) -> DeliveryRules:
    rules = DeliveryRules(
        script=DeliveryScript(saved.script),
        failing=DeliveryScript(saved.failing),
        failing_fraction=saved.failing_fraction,
    )
    rules.chosen = {receiver: DeliveryScript(steps) for receiver, steps in saved.chosen.items()}
    return rules


def _read(path: Path) -> Snapshot:
    content = path.read_bytes()
    try:
        # The version is looked at alone: a document of another may have any form.
        version = msgspec.json.decode(content, type=_Head).version
        if version != VERSION:
            raise SavedStateError(
                f"{path} was written by another version of wikipayam_async (state {version}, and this one knows {VERSION});"
                " update wikipayam_async, or choose another file"
            )
        return msgspec.json.decode(content, type=Snapshot)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise SavedStateError(f"{path} holds no state of an emulator: {error}") from None


def _write(snapshot: Snapshot, path: Path) -> None:
    content = msgspec.json.encode(snapshot)
    # Where the file is a link, what it leads to is replaced, and the link stays.
    target = path.resolve()
    try:
        _replace(target, content)
    except OSError as error:
        # The user knows the file, and not the one that was to take its place.
        raise OSError(error.errno, error.strerror, os.fspath(path)) from error


def _replace(target: Path, content: bytes) -> None:
    handle, name = mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".tmp")
    try:
        with open(handle, "wb") as file:  # noqa: PTH123 - a path would open it anew
            file.write(content)
            file.flush()
            os.fsync(handle)
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
