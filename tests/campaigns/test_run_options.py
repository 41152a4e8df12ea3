"""The options of one run are checked before anything is opened or sent."""

from __future__ import annotations

from typing import Any

import pytest

from wikipayam_async import InvalidInputError
from wikipayam_async.campaigns.run_options import RunOptions, check_hook

VALID: dict[str, Any] = {
    "concurrency": 8,
    "stop_on_error": False,
    "sending_hours": None,
    "spending_limit": None,
    "handle_signals": False,
    "timeout": None,
    "on_progress": None,
    "on_event": None,
}


@pytest.mark.parametrize(
    ("name", "value", "rule"),
    [
        ("concurrency", 0, "expected a whole number of at least 1"),
        ("stop_on_error", "no", "expected True or False"),
        ("handle_signals", 1, "expected True or False"),
        ("sending_hours", ("08:00", "21:00"), "expected a SendingHours, or None"),
        ("spending_limit", 5, "expected a SpendingLimit, or None"),
        ("timeout", 0, "expected a finite number of seconds above 0"),
        ("on_progress", 7, "expected a plain function"),
    ],
)
def test_an_invalid_option_is_named(name: str, value: object, rule: str) -> None:
    """The error says what is expected, and not what was given."""
    with pytest.raises(InvalidInputError) as caught:
        RunOptions(**{**VALID, name: value})
    assert str(caught.value).startswith(f"{name}: {rule}")


def test_valid_options_are_kept() -> None:
    """None means that there is no limit."""
    options = RunOptions(**{**VALID, "timeout": 2.5, "on_progress": print})
    assert (options.concurrency, options.timeout, options.on_progress, options.sending_hours) == (8, 2.5, print, None)


def test_a_hook_is_a_plain_function() -> None:
    """An async one would never be awaited."""

    async def hook(_: object) -> None: ...

    check_hook(None)
    check_hook(print)
    with pytest.raises(InvalidInputError, match="on_event: expected a plain function"):
        check_hook(hook, "on_event")
