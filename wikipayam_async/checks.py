"""Checks of settings, which say what was expected and never show a value."""

from __future__ import annotations

import functools
import inspect
import math
import re
import sys
from collections.abc import Callable, Iterable
from typing import Any, ParamSpec, TypeVar

from attrs import Attribute

from wikipayam_async.errors import ConfigurationError, InvalidInputError, WikipayamError
from wikipayam_async.redact.masks import shape_of

__all__ = [
    "check_id",
    "check_ids",
    "check_number",
    "check_positive",
    "check_seconds",
    "counts_from_one",
    "is_async",
    "is_id",
    "not_negative",
    "positive_or_none",
    "whole_from_one",
    "without_frames",
]

P = ParamSpec("P")
T = TypeVar("T")

_ID = re.compile(r"[0-9A-Za-z_-]{1,64}")


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


def check_seconds(name: str, value: object) -> None:
    """Check that an argument is a time that one can wait.

    Raises:
        InvalidInputError: It is not.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < math.inf:
        raise InvalidInputError(name, rule="expected seconds, finite and not below 0", got=shape_of(value))


def is_id(value: str) -> bool:
    """Tell whether an id of the gateway's may be sent back to it."""
    return _ID.fullmatch(value) is not None


def check_id(value: object, *, field: str = "id") -> str:
    """Return an id of the gateway's that is fit to stand in a path.

    Raises:
        InvalidInputError: It holds more than letters, digits, `-` and `_`, or is longer than 64.
    """
    if not isinstance(value, str) or not is_id(value):
        raise InvalidInputError(field, rule="expected 1 to 64 letters, digits, '-' or '_'", got=shape_of(value))
    return value


def check_ids(values: str | Iterable[str], *, field: str = "ids") -> list[str]:
    """Return one id or many as a list without repetitions, in the order given."""
    if isinstance(values, str):
        return [check_id(values, field=field)]
    if not isinstance(values, Iterable):
        raise InvalidInputError(field, rule="expected an id or an iterable of ids", got=shape_of(values))
    return list(dict.fromkeys(check_id(value, field=f"{field}[{index}]") for index, value in enumerate(values)))


def without_frames(check: Callable[P, T]) -> Callable[P, T]:
    """Let the errors of a check begin here: the frames below hold the value, and some tools print their locals."""

    @functools.wraps(check)
    def checked(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return check(*args, **kwargs)
        except WikipayamError as error:
            failure = error.with_traceback(None)
        except BaseException:
            del args, kwargs
            raise
        del args, kwargs
        raise failure from None

    return checked
