"""Checks of settings and arguments. Their errors name the expected value and never show the given one."""

from __future__ import annotations

import contextlib
import functools
import inspect
import math
import re
import sys
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, ParamSpec, TypeGuard, TypeVar

from wikipayam_async.errors import ConfigurationError, InvalidInputError, WikipayamError
from wikipayam_async.outcomes import Ids
from wikipayam_async.redact.masks import shape_of

if TYPE_CHECKING:
    from attrs import Attribute

__all__ = [
    "argument_at_least_one",
    "at_least_one",
    "check_id",
    "check_ids",
    "check_number",
    "check_positive",
    "check_seconds",
    "check_timeout",
    "is_async",
    "is_id",
    "is_unicode",
    "not_negative",
    "positive_or_none",
    "true_or_false",
    "without_frames",
]

P = ParamSpec("P")
T = TypeVar("T")

_PACKAGE = "wikipayam_async."
_ID = re.compile(r"[0-9A-Za-z_-]{1,64}")


def check_positive(name: str, value: object) -> None:
    """Check that a setting is a finite number above 0.

    Raises:
        ConfigurationError: The value is not.
    """
    if not _is_finite(value) or value == 0:
        raise ConfigurationError(f"{name}: expected a finite number above 0; got {shape_of(value)}")


def positive_or_none(_: object, attribute: Attribute[Any], value: object) -> None:
    """Check that a setting is None or a finite number above 0 (an attrs validator)."""
    if value is not None:
        check_positive(attribute.name, value)


def not_negative(_: object, attribute: Attribute[Any], value: object) -> None:
    """Check that a setting is a finite number, 0 or more (an attrs validator)."""
    if not _is_finite(value):
        raise ConfigurationError(f"{attribute.name}: expected a finite number, 0 or more; got {shape_of(value)}")


def at_least_one(_: object, attribute: Attribute[Any], value: object) -> None:
    """Check that a setting is a whole number of at least 1 (an attrs validator)."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ConfigurationError(f"{attribute.name}: expected a whole number of at least 1; got {shape_of(value)}")


def check_number(value: object, *, field: str, minimum: int, maximum: int | None = None) -> int:
    """Return an argument that is a whole number within bounds.

    Raises:
        InvalidInputError: The value is not a whole number, or is out of bounds.
    """
    limit = math.inf if maximum is None else maximum
    if isinstance(value, bool) or not isinstance(value, int) or not minimum <= value <= limit:
        bounds = f"from {minimum} to {maximum}" if maximum is not None else f"of at least {minimum}"
        got = str(value) if isinstance(value, int) else shape_of(value)
        raise InvalidInputError(field, rule=f"expected a whole number {bounds}", got=got)
    return value


def argument_at_least_one(_: object, attribute: Attribute[Any], value: object) -> None:
    """Check that an argument is a whole number of at least 1 (an attrs validator)."""
    check_number(value, field=attribute.name, minimum=1)


def true_or_false(_: object, attribute: Attribute[Any], value: object) -> None:
    """Check an argument that is True or False, as a validator of attrs."""
    if not isinstance(value, bool):
        raise InvalidInputError(attribute.name, rule="expected True or False", got=shape_of(value))


def is_async(hook: object) -> bool:
    """Return whether a call of the hook returns a coroutine."""
    return inspect.iscoroutinefunction(hook) or inspect.iscoroutinefunction(getattr(hook, "__call__", None))  # noqa: B004 - an object with an async __call__


def _is_finite(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= sys.float_info.max


def check_seconds(name: str, value: object) -> None:
    """Check that an argument is a finite number of seconds, 0 or more.

    Raises:
        InvalidInputError: The value is not.
    """
    if not _is_finite(value):
        raise InvalidInputError(name, rule="expected a finite number of seconds, 0 or more", got=shape_of(value))


def is_unicode(text: str) -> bool:
    """Return whether a text is valid Unicode: has no lone surrogate, which can neither be sent nor stored."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def is_id(value: str) -> bool:
    """Return whether a string is a valid id of the gateway: 1 to 64 letters, digits, `-` or `_`."""
    return _ID.fullmatch(value) is not None


def check_id(value: object, *, field: str = "id") -> str:
    """Return an id of the gateway, or the id of an object, as it may be used in a path.

    Raises:
        InvalidInputError: The id is not a string of 1 to 64 letters, digits, `-` or `_`, or the object has none.
    """
    id_ = getattr(value, "id", value)
    if id_ is not value and not id_:
        rule = "expected an object with an id; of a bulk send pass report.accepted_ids"
        raise InvalidInputError(field, rule=rule, got=f"{shape_of(value)} without an id")
    if not isinstance(id_, str) or not is_id(id_):
        raise InvalidInputError(field, rule="expected 1 to 64 letters, digits, '-' or '_'", got=shape_of(id_))
    return id_


def check_ids(values: Ids, *, field: str = "ids") -> list[str]:
    """Return one id or several, of strings or objects, as a list without duplicates, in the given order.

    Raises:
        InvalidInputError: The value is not iterable, or an id is invalid. The error names its index.
    """
    if isinstance(values, str) or hasattr(values, "id"):
        return [check_id(values, field=field)]
    if not isinstance(values, Iterable):
        rule = "expected an id, an object with an id, or an iterable of them"
        raise InvalidInputError(field, rule=rule, got=shape_of(values))
    return list(dict.fromkeys(check_id(value, field=f"{field}[{index}]") for index, value in enumerate(values)))


def check_timeout(value: object) -> float:
    """Return the time-out of each attempt of a call, in seconds.

    Raises:
        InvalidInputError: The value is not a finite number above 0.
    """
    if not _is_finite(value) or value == 0:
        raise InvalidInputError("timeout", rule="expected a finite number of seconds above 0", got=shape_of(value))
    return value


def _clear_own_frames(error: BaseException) -> None:
    """Delete the locals of the finished frames of this package that an exception passed."""
    trace = error.__traceback__
    while trace is not None:
        if str(trace.tb_frame.f_globals.get("__name__")).startswith(_PACKAGE):
            with contextlib.suppress(RuntimeError):  # the frame of the caller is still running
                trace.tb_frame.clear()
        trace = trace.tb_next


def without_frames(check: Callable[P, T]) -> Callable[P, T]:
    """Drop the frames of a check from its errors: they hold the value, and some tools print the locals of frames.

    Of any other exception, such as one of the caller's own iterable, the frames stay without their locals.
    """

    @functools.wraps(check)
    def checked(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return check(*args, **kwargs)
        except WikipayamError as error:
            failure = error.with_traceback(None)
            failure.__context__ = None  # some tools show it, though it is suppressed
        except BaseException as error:
            del args, kwargs
            _clear_own_frames(error)
            raise
        del args, kwargs
        raise failure from None

    return checked
