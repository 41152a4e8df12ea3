"""`wikipayam_async.events`: the public home of the events."""

from __future__ import annotations

import typing

import attrs
import pytest

import wikipayam_async
from wikipayam_async import events
from wikipayam_async.core.events import CallReporter
from wikipayam_async.events import AttemptFinished, AttemptStarted, CallFinished, CallOutcome, Event, RetryScheduled


def test_the_names_are_sorted_and_exist() -> None:
    """Each name of `__all__` can be imported."""
    assert events.__all__ == sorted(set(events.__all__))
    assert [name for name in events.__all__ if not hasattr(events, name)] == []


@pytest.mark.parametrize("name", [name for name in events.__all__ if name != "EventHook"])
def test_a_name_is_the_one_of_the_package(name: str) -> None:
    """It is the same object, and a class says that it can be imported from the package."""
    value = getattr(events, name)
    assert value is getattr(wikipayam_async, name)
    assert not isinstance(value, type) or value.__module__ == "wikipayam_async"


def test_an_event_is_one_of_four_classes() -> None:
    """`Event` is their union, all have the call's id and operation, and a hook takes one."""
    classes = [AttemptStarted, AttemptFinished, RetryScheduled, CallFinished]
    assert list(typing.get_args(Event)) == classes
    assert [[field.name for field in attrs.fields(cls)[:2]] for cls in classes] == [["call_id", "operation"]] * 4
    assert typing.get_args(events.EventHook) == ([Event], None)


def test_headers_are_not_shown() -> None:
    """The `repr` of the last event of a call leaves them out, because logs of events are not the place for them."""
    event = CallFinished("a-1", "sms.send", CallOutcome.SUCCEEDED, 0.1, (), headers={"x-request-id": "r-1"})
    assert "r-1" not in repr(event)
    assert event.headers["x-request-id"] == "r-1"


def test_internal_names_are_not_exported() -> None:
    """What reports the events is no public name."""
    assert CallReporter.__name__ not in events.__all__
    assert not hasattr(events, CallReporter.__name__)
