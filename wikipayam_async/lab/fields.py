"""The values of a form, as the calls need them."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import field, frozen

from wikipayam_async.errors import InvalidInputError
from wikipayam_async.numbers.digits import ascii_digit

__all__ = ["Fields"]


@frozen
class Fields:
    """The values of a form; an empty one is missing.

    Attributes:
        values: The values by name.
    """

    values: Mapping[str, str] = field(repr=False)

    def text(self, name: str) -> str:
        """Return a required value, unchanged.

        Args:
            name: The field.

        Raises:
            InvalidInputError: It is missing.
        """
        value = self.values.get(name, "")
        if not value:
            raise InvalidInputError(name, rule="expected a value", got="an empty field")
        return value

    def given(self, *names: str) -> dict[str, str]:
        """Return those values that are not empty, by name.

        Args:
            names: The fields.
        """
        return {name: value for name in names if (value := self.values.get(name, ""))}

    def lines(self, name: str) -> list[str]:
        """Return the lines of a required value that are not blank.

        Args:
            name: The field.

        Raises:
            InvalidInputError: There are none.
        """
        lines = [line.strip() for line in self.values.get(name, "").splitlines() if line.strip()]
        if not lines:
            raise InvalidInputError(name, rule="expected a value", got="an empty field")
        return lines

    def numbers(self, *names: str) -> dict[str, int]:
        """Return those values that are not empty as whole numbers, in any digits.

        Args:
            names: The fields.

        Raises:
            InvalidInputError: A value is not a whole number.
        """
        return {name: _number(name, value) for name, value in self.given(*names).items()}


def _number(name: str, text: str) -> int:
    plain = "".join(map(ascii_digit, text.strip()))
    if not (plain.isascii() and plain.isdigit() and len(plain) <= 18):  # noqa: PLR2004 - what 64 bits hold
        raise InvalidInputError(name, rule="expected a whole number", got="another text")
    return int(plain)
