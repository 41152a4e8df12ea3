"""Parsing and normalisation of phone numbers."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from typing import Literal, TypeAlias

from attrs import field, frozen

from wikipayam_async.errors import InvalidInputError
from wikipayam_async.numbers.complaints import complaint
from wikipayam_async.numbers.digits import LONGEST_TEXT, digits_of_cell, digits_of_text
from wikipayam_async.numbers.plan import (
    AREA_CODES,
    FIXED_BLOCK,
    LINE_PREFIXES,
    MOBILE_BLOCKS,
    NumberKind,
    Operator,
    operator_of,
)
from wikipayam_async.redact.masks import mask_number, shape_of

__all__ = ["NumberForm", "PhoneNumber", "is_mobile", "normalize_number", "normalize_receiver", "parse_number"]

NumberForm: TypeAlias = Literal["local", "e164", "international"]

_PREFIXES: dict[str, str] = {"local": "0", "e164": "+98", "international": "98"}
_MOBILE, _LANDLINE, _SERVICE_LINE, _SHORT_CODE = 1, 2, 3, 4
"""The groups of the pattern."""
_KINDS = {
    _MOBILE: NumberKind.MOBILE,
    _LANDLINE: NumberKind.LANDLINE,
    _SERVICE_LINE: NumberKind.SERVICE_LINE,
    _SHORT_CODE: NumberKind.SHORT_CODE,
}


def _one_of(prefixes: Iterable[str]) -> str:
    """Return a pattern of any of the prefixes, with their last digits in classes, which match faster than branches."""
    last_digits: dict[str, str] = defaultdict(str)
    for prefix in prefixes:
        last_digits[prefix[:-1]] += prefix[-1]
    return "|".join(f"{start}[{last}]" for start, last in last_digits.items())


_match = re.compile(
    f"(?:(?:[+]|00)?980?|0)?(?:((?:{_one_of(MOBILE_BLOCKS)})[0-9]{{8}})"
    f"|((?:{_one_of((*AREA_CODES, FIXED_BLOCK))})[0-9]{{8}}))"
    f"|(?:(?:[+]|00)?98)?((?:{'|'.join(LINE_PREFIXES)})[0-9]{{2,11}})"
    "|([1-9][0-9]{2,5})"
).fullmatch
# Ten digits that begin with 98 are a country code and too few digits, not a mobile without its 0.
_match_receiver = re.compile(r"(?:(?:\+|00)?980?|0|(?!98))(9[0-9]{9})").fullmatch
_is_plain = re.compile(r"09[0-9]{9}").fullmatch
_RECEIVER_RULE = "expected an Iranian mobile number such as 09123456789"


@frozen
class PhoneNumber:
    """An Iranian phone number.

    Attributes:
        local: The national form: `09123456789`, `02112345678`, `10002000`, `110`.
        e164: The E.164 form, `+989123456789`; None for service lines and short codes, which are reachable only within
            Iran.
        kind: The kind of the number.
        operator: The operator that the number's block is allocated to; None for unknown blocks, and for other kinds than
            mobiles, except for the SIM cards of Irancell's fixed wireless service (0941). It is a hint, since a number
            may be ported to another operator.
    """

    local: str = field(repr=mask_number)
    e164: str | None = field(repr=mask_number)
    kind: NumberKind
    operator: Operator | None

    @property
    def international(self) -> str | None:
        """The form without a plus, `989123456789`, as in the senders of received messages; None if `e164` is None."""
        return None if self.e164 is None else self.e164[1:]

    @property
    def province(self) -> str | None:
        """The English name of a landline's province; None for other kinds and for landlines without a location."""
        return AREA_CODES.get(self.local[1:3]) if self.kind is NumberKind.LANDLINE else None


def parse_number(number: str | float, *, field: str = "number") -> PhoneNumber:
    """Parse a phone number.

    Mobiles and landlines may start with `0`, `98`, `+98`, `0098` or none of them, and may have the 0 after the country
    code: `+98 (0) 912 345 6789`. Service lines (`1000…`, `2000…`, `3000…`, `5000…`) may have the country code. Short
    codes have 3 to 6 digits. Digits may be of any script, with spaces, hyphens, brackets, half-spaces (ZWNJ) and
    direction marks anywhere. Dots and slashes may separate groups of digits. The number may be a `tel:` or `sms:` URI.

    An `int` and a `float` are read as a spreadsheet cell that lost its leading 0, and so is a number as spreadsheets
    write it into text: `9123456789.0`, `9,123,456,789`, `9.123456789E+09`. A decimal point is never taken for a
    separator: `0912345678.0` has lost a digit and is refused, as is scientific notation with fewer digits than the
    number.

    Mobiles are recognised by their block (`090` to `093`, `099`), landlines by their area code. Whether a number is in
    use is not checked.

    Args:
        number: The number in any spelling, or as a spreadsheet cell.
        field: The name of the number in the error.

    Raises:
        InvalidInputError: The value is not an Iranian number. The error gives the reason and does not quote the value.
    """
    found = _find(number)
    if found is None:
        try:
            raise _refusal(number, field)
        finally:
            del number  # tools that print the locals of a traceback must not show it
    index = found.lastindex or 0
    digits = found[index]
    if index == _MOBILE:
        return PhoneNumber("0" + digits, "+98" + digits, NumberKind.MOBILE, operator_of(digits))
    if index == _LANDLINE:
        return PhoneNumber("0" + digits, "+98" + digits, NumberKind.LANDLINE, operator_of(digits))
    return PhoneNumber(digits, None, _KINDS[index], None)


def normalize_number(number: str | float, form: NumberForm = "local", *, field: str = "number") -> str:
    """Return a number in one form.

    | form | a mobile | a landline | a service line, a short code |
    | --- | --- | --- | --- |
    | `local` | `09123456789` | `02112345678` | `10002000`, `110` |
    | `e164` | `+989123456789` | `+982112345678` | an error |
    | `international` | `989123456789` | `982112345678` | an error |

    The gateway documents receivers in the form `local`, and sends the senders of received messages in the form
    `international`. Service lines and short codes have only the form `local`, because they are not reachable from abroad.

    Args:
        number: The number in any spelling that `parse_number` accepts.
        form: The form.
        field: The name of the number in the error.

    Raises:
        InvalidInputError: The value is not an Iranian number, or has no such form. The error does not quote it.
    """
    prefix = _PREFIXES.get(form) if isinstance(form, str) else None
    if prefix is None:
        del number  # tools that print the locals of a traceback must not show it
        raise InvalidInputError("form", rule=f"expected one of {', '.join(_PREFIXES)}", got=shape_of(form))
    found = _find(number)
    if found is not None:
        index = found.lastindex or 0
        if index <= _LANDLINE:
            return prefix + found[index]
        if form == "local":
            return found[index]
    try:
        raise _refusal(number, field) if found is None else _refusal_of_form(number, field, form, found)
    finally:
        del number, found


def is_mobile(number: object) -> bool:
    """Return whether a value is an Iranian mobile number in any spelling that `parse_number` accepts. Never raises."""
    found = _find(number)
    return found is not None and found.lastindex == _MOBILE


def normalize_receiver(text: str, *, field: str = "receiver") -> str:
    """Return a mobile number in the form `09123456789`. Sends use this function.

    The spelling may be any that `parse_number` accepts for a mobile. Any nine digits may follow the 9; the gateway decides
    which numbers it reaches.

    Args:
        text: The number in any spelling.
        field: The name of the number in the error.

    Raises:
        InvalidInputError: The value is not an Iranian mobile number. The error gives the reason and does not quote the
            value.
    """
    if isinstance(text, str):
        if _is_plain(text):
            return text
        if len(text) <= LONGEST_TEXT:
            found = _match_receiver(digits_of_text(text))
            if found:
                return "0" + found[1]
    try:
        raise _refusal_of_receiver(text, field)
    finally:
        del text  # tools that print the locals of a traceback must not show it


def _find(number: object) -> re.Match[str] | None:
    if not isinstance(number, str):
        return _match(digits_of_cell(number))
    if number.isdecimal() and number.isascii():
        return _match(number)
    return _match(digits_of_text(number)) if len(number) <= LONGEST_TEXT else None


def _refusal(number: object, field: str) -> InvalidInputError:
    rule = f"expected an Iranian phone number, but {complaint(number)}"
    return InvalidInputError(field, rule=rule, got=shape_of(number))


def _refusal_of_form(number: object, field: str, form: str, found: re.Match[str]) -> InvalidInputError:
    rule = f"expected a number with the form {form}, which a {_kind_of(found).noun} does not have"
    return InvalidInputError(field, rule=rule, got=shape_of(number))


def _refusal_of_receiver(text: object, field: str) -> InvalidInputError:
    if not isinstance(text, str):
        why = "it is not a string"
    else:
        found = _find(text)
        why = complaint(text) if found is None else f"it is a {_kind_of(found).noun}"
    return InvalidInputError(field, rule=f"{_RECEIVER_RULE}, but {why}", got=shape_of(text))


def _kind_of(found: re.Match[str]) -> NumberKind:
    return _KINDS[found.lastindex or 0]
