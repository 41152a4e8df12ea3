from wikipayam_async.emulator import ManualClock


def test_a_manual_clock_goes_when_told() -> None:
    """The clock shows what it was set to and what has been added."""
    clock = ManualClock(10.0)
    clock.advance(2.5)
    assert clock() == 12.5
