"""What the calls of the control API work on."""

from attrs import define

from wikipayam_async.emulator.emulator import Emulator
from wikipayam_async.emulator.faults.rules import FaultRules
from wikipayam_async.emulator.server.request_history import RequestHistory


@define
class Control:
    """A served emulator under control.

    Attributes:
        emulator: The emulator.
        history: Its latest requests.
        rules: Its fault rules.
    """

    emulator: Emulator
    history: RequestHistory
    rules: FaultRules

    @classmethod
    def of(cls, emulator: Emulator, *, seed: int = 0) -> "Control":
        """Put an emulator under control.

        Args:
            emulator: The emulator.
            seed: Determines which requests have a random fault.
        """
        return cls(emulator, RequestHistory(emulator), FaultRules(emulator.faults, seed))
