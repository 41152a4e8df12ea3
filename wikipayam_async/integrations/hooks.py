"""What the event hooks of the integrations share: a chain of hooks, and labels of few values."""

from __future__ import annotations

from wikipayam_async.core.events import Event, EventHook

__all__ = ["chain", "operation_of", "result_of"]


def chain(*hooks: EventHook | None) -> EventHook:
    """Return a hook that passes every event to each of the hooks, in order. None is skipped.

    If a hook raises, the others still receive the event.
    """
    chained: EventHook = _ignore
    for hook in hooks:
        if hook is not None:
            chained = _both(chained, hook)
    return chained


def operation_of(operation: str) -> str:
    """Return the name of an operation; `request` for a `client.request`, whose name holds its path."""
    return "request" if " " in operation else operation


def result_of(failure: str | None, status_code: int | None) -> str:
    """Return the result of an attempt in one word: a failure such as `timeout`, or the class of the status, as in `2xx`."""
    if failure is not None and not failure.isdecimal():
        return failure
    return f"{int(failure or status_code or 0) // 100}xx"


def _both(first: EventHook, second: EventHook) -> EventHook:
    def hook(event: Event) -> None:
        try:
            first(event)
        finally:
            second(event)

    return hook


def _ignore(_: Event) -> None:
    """Do nothing: the head of a chain."""
