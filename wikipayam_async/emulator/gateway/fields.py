"""Reads the fields of a body or a query, and collects their errors with Laravel's messages."""

import re
from collections.abc import Callable, Collection, Mapping
from datetime import date
from typing import TypeVar

from attrs import define, field

from wikipayam_async.emulator.exchange import Json
from wikipayam_async.emulator.gateway import laravel
from wikipayam_async.emulator.gateway.laravel import Refused
from wikipayam_async.emulator.gateway.numbers import is_mobile

T = TypeVar("T")

REQUIRED = "The {} field is required."
_NOT_A_STRING = "The {} field must be a string."

_date = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}").fullmatch
_EXPONENT_FROM = 1e15
_PHP_INTEGERS = range(-(2**63), 2**63)
_integer = re.compile(r"-?[0-9]{1,19}").fullmatch

Errors = dict[str, list[str]]


def refuse_if_any(errors: Errors) -> None:
    """Refuse the request if it has errors.

    Args:
        errors: The errors by the path of their field.

    Raises:
        Refused: There is an error (422).
    """
    if errors:
        raise Refused(laravel.invalid(errors))


@define
class Fields:
    """The fields of one object.

    Each reader returns a value of its type even if the field is invalid, so that one pass finds every error. The values
    are meaningless once there is an error.

    Attributes:
        values: The object.
        prefix: The prefix of field names in errors: `0.` for the first item of an array.
        errors: The errors found so far.
    """

    values: Mapping[str, Json]
    prefix: str = ""
    errors: Errors = field(factory=dict)

    def fail(self, name: str, text: str) -> None:
        """Add an error.

        Args:
            name: The field.
            text: The message; `{}` stands for the path of the field.
        """
        path = self.prefix + name
        self.errors.setdefault(path, []).append(text.format(path))

    def optional_text(self, name: str) -> str | None:
        """Read a text that may be missing or null."""
        value = self.values.get(name)
        if value is None or isinstance(value, str):
            return value
        self.fail(name, _NOT_A_STRING)
        return None

    def text(self, name: str) -> str:
        """Read a required text."""
        value = self.values.get(name)
        if isinstance(value, str) and value:
            return value
        self.fail(name, REQUIRED if value is None or value == "" else _NOT_A_STRING)
        return ""

    def mobile(self, name: str) -> str:
        """Read a required mobile number, in its original spelling."""
        value = self.text(name)
        if value and not is_mobile(value):
            self.fail(name, "The {} field is invalid.")
        return value

    def one_of(self, name: str, choices: Collection[str]) -> str:
        """Read a required text that has to be one of `choices`."""
        value = self.text(name)
        if value and value not in choices:
            self.fail(name, "The selected {} is invalid.")
        return value

    def integer(self, name: str) -> int | None:
        """Read an optional integer, which may be a string of digits, or 1.0 in JSON."""
        return self._optional(name, _as_integer, "The {} field must be an integer.")

    def day(self, name: str) -> date | None:
        """Read an optional day, `YYYY-MM-DD`. An empty text counts as missing."""
        return (
            None if self.values.get(name) == "" else self._optional(name, _as_day, "The {} field must be a valid date.")
        )

    def ids(self, name: str) -> list[str]:
        """Read a required list of ids."""
        value = self.values.get(name)
        if not value:
            self.fail(name, REQUIRED)
        elif not isinstance(value, list):
            self.fail(name, "The {} field must be an array.")
        else:
            for index, item in enumerate(value):
                if not isinstance(item, str):
                    self.fail(f"{name}.{index}", _NOT_A_STRING)
            return [item for item in value if isinstance(item, str)]
        return []

    def _optional(self, name: str, read: Callable[[Json], T | None], error: str) -> T | None:
        value = self.values.get(name)
        if value is None:
            return None
        found = read(value)
        if found is None:
            self.fail(name, error)
        return found


def _as_integer(value: Json) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return value if value in _PHP_INTEGERS else None
    if isinstance(value, float):
        # To PHP 1.0 is an integer. From 10^15 on it writes an exponent, which is not an integer.
        return int(value) if value.is_integer() and abs(value) < _EXPONENT_FROM else None
    return _as_integer(int(value)) if isinstance(value, str) and _integer(value) else None


def _as_day(value: Json) -> date | None:
    try:
        return date.fromisoformat(value) if isinstance(value, str) and _date(value) else None
    except ValueError:  # the format is right, but there is no such day
        return None
