"""Reads the fields of a body or a query, and notes what is wrong with them in Laravel's words."""

import re
from collections.abc import Collection, Mapping
from datetime import date

from attrs import define, field

from wikipayam_async.emulator.exchange import Json
from wikipayam_async.emulator.gateway import laravel
from wikipayam_async.emulator.gateway.laravel import Refused
from wikipayam_async.emulator.gateway.numbers import is_mobile

_date = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}").fullmatch
_integer = re.compile(r"-?[0-9]{1,18}").fullmatch

Errors = dict[str, list[str]]


def refuse_if_any(errors: Errors) -> None:
    """Refuse the request if anything is wrong with it.

    Args:
        errors: What is wrong, by the path of the field.

    Raises:
        Refused: Something is (422).
    """
    if errors:
        raise Refused(laravel.invalid(errors))


@define
class Fields:
    """The fields of one object.

    Every reader returns a usable value whatever it finds, so that one pass finds all the errors; the value means
    nothing once there are any.

    Attributes:
        values: The object.
        prefix: What stands before a field's name in an error: ``0.`` for the first item of an array.
        errors: Where errors are noted.
    """

    values: Mapping[str, Json]
    prefix: str = ""
    errors: Errors = field(factory=dict)

    def fail(self, name: str, text: str) -> None:
        """Note an error.

        Args:
            name: The field.
            text: What is wrong; ``{}`` stands for the path of the field.
        """
        path = self.prefix + name
        self.errors.setdefault(path, []).append(text.format(path))

    def optional_text(self, name: str) -> str | None:
        """Read a text that may be left out or null.

        Args:
            name: The field.

        Returns:
            The text, or None.
        """
        value = self.values.get(name)
        if value is None or isinstance(value, str):
            return value
        self.fail(name, "The {} field must be a string.")
        return None

    def text(self, name: str) -> str:
        """Read a text that has to be there.

        Args:
            name: The field.

        Returns:
            The text.
        """
        value = self.values.get(name)
        if isinstance(value, str) and value:
            return value
        required = value is None or value == ""
        self.fail(name, "The {} field is required." if required else "The {} field must be a string.")
        return ""

    def mobile(self, name: str) -> str:
        """Read a mobile number, and keep its spelling.

        Args:
            name: The field.

        Returns:
            The number.
        """
        number = self.text(name)
        if number and not is_mobile(number):
            self.fail(name, "The {} field is invalid.")
        return number

    def one_of(self, name: str, choices: Collection[str]) -> str:
        """Read a text that has to be one of a few.

        Args:
            name: The field.
            choices: The few.

        Returns:
            The text.
        """
        value = self.text(name)
        if value and value not in choices:
            self.fail(name, "The selected {} is invalid.")
        return value

    def integer(self, name: str) -> int | None:
        """Read a whole number, which may be written as a string.

        Args:
            name: The field.

        Returns:
            The number, or None where it is left out.
        """
        value = self.values.get(name)
        if value is None:
            return None
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        if isinstance(value, str) and _integer(value):
            return int(value)
        self.fail(name, "The {} field must be an integer.")
        return None

    def day(self, name: str) -> date | None:
        """Read a day, written ``YYYY-MM-DD``.

        Args:
            name: The field.

        Returns:
            The day, or None where it is left out.
        """
        value = self.values.get(name)
        if value is None or value == "":
            return None
        try:
            if isinstance(value, str) and _date(value):
                return date.fromisoformat(value)
        except ValueError:
            # The form is right and there is no such day: the same error.
            pass
        self.fail(name, "The {} field must be a valid date.")
        return None

    def ids(self, name: str) -> list[str]:
        """Read a list of ids.

        Args:
            name: The field.

        Returns:
            The ids.
        """
        value = self.values.get(name)
        if not value:
            self.fail(name, "The {} field is required.")
        elif not isinstance(value, list):
            self.fail(name, "The {} field must be an array.")
        else:
            for index, item in enumerate(value):
                if not isinstance(item, str):
                    self.fail(f"{name}.{index}", "The {} field must be a string.")
            return [item for item in value if isinstance(item, str)]
        return []
