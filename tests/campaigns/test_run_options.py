"""The options of one run are checked before anything is opened or sent."""

from __future__ import annotations

from typing import Any

import pytest

from wikipayam_async import InvalidInputError
from wikipayam_async.campaigns.run_options import RunOptions, check_hook
from wikipayam_async.campaigns.terms import RunTerms

VALID: dict[str, Any] = {
    "terms": RunTerms(),
    "concurrency": 8,
    "handle_signals": False,
    "on_progress": None,
    "on_event": None,
}


@pytest.mark.parametrize(
    ("name", "value", "rule"),
    [
        ("concurrency", 0, "expected a whole number of at least 1"),
        ("handle_signals", 1, "expected True or False"),
        ("on_progress", 7, "expected a plain function"),
    ],
)
def test_an_invalid_option_is_named(name: str, value: object, rule: str) -> None:
    """The error says what is expected, and not what was given."""
    with pytest.raises(InvalidInputError) as caught:
        RunOptions(**{**VALID, name: value})
    assert str(caught.value).startswith(f"{name}: {rule}")


def test_valid_options_are_kept() -> None:
    """A hook is one of this process; what holds for all is in the terms."""
    options = RunOptions(**{**VALID, "on_progress": print})
    assert (options.concurrency, options.on_progress, options.terms) == (8, print, RunTerms())


def test_a_hook_is_a_plain_function() -> None:
    """An async one would never be awaited."""

    async def hook(_: object) -> None: ...

    check_hook(None)
    check_hook(print)
    with pytest.raises(InvalidInputError, match="on_event: expected a plain function"):
        check_hook(hook, "on_event")
