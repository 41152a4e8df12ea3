import io

from rich.console import Console

from wikipayam_async.demo.progress import Display


def test_a_terminal_gets_a_bar() -> None:
    """The bar shows the steps done, the total and the text."""
    written = io.StringIO()
    display = Display(Console(file=written, force_terminal=True, width=100))
    with display.stage("Sending", 40) as advance:
        advance(40, "3 unknown")
    assert "Sending" in written.getvalue()
    assert "40/40" in written.getvalue()
    assert "3 unknown" in written.getvalue()


def test_without_a_terminal_lines_are_printed() -> None:
    """Lines are at least a second apart, but the last one is always printed."""
    written = io.StringIO()
    times = iter([0.0, 0.5, 1.1, 1.1, 1.2, 1.3])
    display = Display(Console(file=written, width=20), clock=lambda: next(times))
    with display.stage("Sending", 4_000) as advance:
        for done in (1_000, 2_000, 3_000, 4_000):
            advance(done, "nothing rejected, nothing unknown")
    assert written.getvalue().splitlines() == [
        "Sending: 2,000 of 4,000; nothing rejected, nothing unknown",
        "Sending: 4,000 of 4,000; nothing rejected, nothing unknown",
    ]
