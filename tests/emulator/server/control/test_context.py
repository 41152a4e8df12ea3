from wikipayam_async.emulator import Emulator, parse_fault
from wikipayam_async.emulator.server.control.context import Control


def test_an_emulator_is_put_under_control(emulator: Emulator) -> None:
    """The history and the rules are those of the emulator."""
    control = Control.of(emulator, seed=7)
    control.rules.add([parse_fault("503@once")])
    assert (control.history.emulator, control.rules.seed, emulator.faults.pending) == (emulator, 7, 1)
