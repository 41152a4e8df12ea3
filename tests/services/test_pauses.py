import pytest

from wikipayam_async.services.pauses import MAX_PAUSE, Pause


def test_a_pause_doubles_up_to_a_limit() -> None:
    """Each failure doubles the pause, up to an hour or the given limit."""
    pause = Pause()
    seconds = []
    for _ in range(14):
        pause.fail(0.0, 1.0)
        seconds.append(pause.seconds)
    assert seconds == [
        2.0,
        4.0,
        8.0,
        16.0,
        32.0,
        64.0,
        128.0,
        256.0,
        512.0,
        1024.0,
        2048.0,
        MAX_PAUSE,
        MAX_PAUSE,
        MAX_PAUSE,
    ]
    pause.fail(0.0, 1.0, longest=60.0)
    assert (pause.seconds, pause.failures) == (60.0, 15)


@pytest.mark.parametrize(
    ("now", "over"), [(100.0, False), (101.9, False), (102.0, True), (1e9, True), (99.9, True), (-5.0, True)]
)
def test_the_end_of_a_pause(now: float, over: bool) -> None:
    """A pause ends when its time is over, and when the clock was set back before its begin."""
    pause = Pause()
    assert pause.is_over(100.0)
    pause.fail(100.0, 1.0)
    assert pause.is_over(now) is over


def test_waiting_is_no_failure() -> None:
    """A wait has a begin and a length, and is not counted."""
    pause = Pause()
    pause.wait(10.0, 5.0)
    assert (pause.failures, pause.is_over(14.0), pause.is_over(15.0)) == (0, False, True)
