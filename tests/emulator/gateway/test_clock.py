from wikipayam_async.emulator import ManualClock


def test_a_manual_clock_moves_when_advanced() -> None:
    """The reading is the initial value plus the seconds added."""
    clock = ManualClock(10.0)
    clock.advance(2.5)
    assert clock() == 12.5
