"""Checks of settings, which say what was expected and never show a value."""

from __future__ import annotations

import sys
from typing import Any

from attrs import Attribute

from wikipayam_async.core.redact import shape_of
from wikipayam_async.errors import ConfigurationError

__all__ = ["check_positive", "not_negative", "positive_or_none", "whole_from_one"]


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


def _is_finite(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= sys.float_info.max
