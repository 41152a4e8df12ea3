"""Checks of settings, which say what was expected and never show a value."""

from __future__ import annotations

import inspect
import sys
from typing import Any

from attrs import Attribute

from wikipayam_async.errors import ConfigurationError, InvalidInputError
from wikipayam_async.redact import shape_of

__all__ = [
    "check_number",
    "check_positive",
    "counts_from_one",
    "is_async",
    "not_negative",
    "positive_or_none",
    "whole_from_one",
]


def check_positive(name: str, value: object) -> None:
    """Check that a setting is a finite number above zero.

    Raises:
        ConfigurationError: It is not.
    """
    if not _is_finite(value) or value == 0:
        raise ConfigurationError(f"{name}: expected a finite number above 0; got {shape_of(value)}")


def positive_or_none(_: object, attribute: Attribute[Any], value: object) -> None:
    """Check a setting that may be absent (an attrs validator)."""
    if value is not None:
        check_positive(attribute.name, value)


def not_negative(_: object, attribute: Attribute[Any], value: object) -> None:
    """Check a setting that may be zero (an attrs validator)."""
    if not _is_finite(value):
        raise ConfigurationError(f"{attribute.name}: expected a finite number, 0 or more; got {shape_of(value)}")


def whole_from_one(_: object, attribute: Attribute[Any], value: object) -> None:
    """Check a setting that counts something there must be (an attrs validator)."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ConfigurationError(f"{attribute.name}: expected a whole number of at least 1; got {shape_of(value)}")


def check_number(value: object, *, field: str, least: int, most: int | None = None) -> int:
    """Return a whole number within its bounds.

    Raises:
        InvalidInputError: It is none, or out of bounds.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < least or (most is not None and value > most):
        bounds = f"from {least} to {most}" if most is not None else f"of at least {least}"
        got = str(value) if isinstance(value, int) else shape_of(value)
        raise InvalidInputError(field, rule=f"expected a whole number {bounds}", got=got)
    return value


def counts_from_one(_: object, attribute: Attribute[Any], value: object) -> None:
    """Check an argument that counts something there must be (an attrs validator)."""
    check_number(value, field=attribute.name, least=1)


def is_async(hook: object) -> bool:
    """Tell whether calling something makes a coroutine, which nobody would await."""
    return inspect.iscoroutinefunction(hook) or inspect.iscoroutinefunction(getattr(hook, "__call__", None))  # noqa: B004 - an object with an async __call__


def _is_finite(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= sys.float_info.max
