"""Where the attacks on verification are played: an emulated gateway, a clock, and verifiers on one store."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from attrs import define, field

from wikipayam_async.testing import Emulator, ManualClock, emulator_client
from wikipayam_async.verification import (
    MemoryStore,
    SmsChannel,
    VerificationEvent,
    VerificationStore,
    Verifier,
    VoiceChannel,
)

__all__ = ["SECRET", "START", "VICTIM", "Stage", "wrong_code"]

SECRET = "a secret of the tests, long enough"
START = 1_800_000_000.0
VICTIM = "09123456789"


def wrong_code(code: str, number: int = 1) -> str:
    """Return a code of the same length that is not this one."""
    return f"{(int(code) + number) % 10 ** len(code):0{len(code)}}"


@define
class Stage:
    """An emulated gateway, a clock that tests advance, and verifiers on one store.

    Attributes:
        open_store: Returns a store object on the same data.
        wipe: Removes all data of the store; None if it is `MemoryStore`'s.
        clock: The clock of gateway and verifiers.
        events: The events of all verifiers.
    """

    open_store: Callable[[], VerificationStore] = field(factory=lambda: _always(MemoryStore()))
    wipe: Callable[[], Any] | None = None
    clock: ManualClock = field(factory=lambda: ManualClock(START))
    events: list[VerificationEvent] = field(factory=list)
    emulator: Emulator = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.emulator = Emulator(clock=self.clock)

    def verifier(self, store: Any = None, **options: Any) -> Verifier:
        """Return a verifier, as another process would have it.

        Args:
            store: Its store; a new object on the same data if None.
            options: Options of `Verifier` that replace those of the tests.
        """
        settings: dict[str, Any] = {
            "secret": SECRET,
            "channels": [SmsChannel(otp_pattern_id=13), VoiceChannel()],
            "clock": self.clock,
            "on_event": self.events.append,
        }
        client = emulator_client(self.emulator)
        return Verifier(client, store or self.open_store(), **{**settings, **options})

    def code(self, receiver: str = VICTIM) -> str:
        """Return the last code that a receiver got."""
        code = self.emulator.last_code(receiver)
        assert code is not None
        return code

    def kinds(self, receiver: str = VICTIM) -> Sequence[str]:
        """Return what a receiver got: `otp` or `voice`, oldest first."""
        return [str(entry.kind) for entry in self.emulator.sent_to(receiver)]


def _always(store: VerificationStore) -> Callable[[], VerificationStore]:
    return lambda: store
