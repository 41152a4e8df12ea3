"""What a sheet shows for a number: its text in the cell's number format."""

from __future__ import annotations

import operator
from decimal import ROUND_HALF_UP, Decimal

from wikipayam_async.cli.bulk.files.cells import Cell
from wikipayam_async.cli.bulk.files.format_code import Section, UnknownFormatError, parse_format
from wikipayam_async.cli.bulk.files.shown_dates import Moment, moment_of, show_date, value_behind
from wikipayam_async.templates.values import BrokenValue, ShownValue

__all__ = ["GENERAL", "show_number", "show_text"]

GENERAL = "General"
"""The format of cells that have none."""

_EXACT_DIGITS = 15
"""The digits that a spreadsheet stores."""
_GENERAL_WIDTH = 11
_BASE = 10
_COMPARE = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=": operator.eq,
    "<>": operator.ne,
}
_UNKNOWN_FORMAT = "a number in a format that is not supported here: format the column as text"
_OUT_OF_RANGE = "a date or number that is out of range"
_TOO_LONG = "a number of more than 15 digits, of which a spreadsheet drops the last: format the column as text"
_DIGITS = {2: str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩"), 3: str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")}


def show_number(number: float, code: str, *, is_1904: bool = False) -> Cell:
    """Return the cell for a number, which is a date or time if its format is one.

    Args:
        number: The number.
        code: The number format of the cell.
        is_1904: Whether days are counted from 1904.
    """
    try:
        kinds = parse_format(code)[0].kinds
        if "date" not in kinds and "elapsed" not in kinds:
            text = _number(number, code)
            return _broken(_TOO_LONG, number) if text is None else ShownValue(text.strip(), number)
        moment = moment_of(number, parse_format(code)[0], is_1904=is_1904)
        return ShownValue(_moment(moment, code).strip(), value_behind(moment))
    except UnknownFormatError:
        return _broken(_UNKNOWN_FORMAT, number)
    except (ArithmeticError, ValueError):
        return _broken(_OUT_OF_RANGE, number)


def show_text(text: str, code: str) -> str:
    """Return what a sheet shows for a text: nothing for some formats.

    Args:
        text: The text.
        code: The number format of the cell.
    """
    if code in {GENERAL, "@"}:
        return text
    try:
        sections = parse_format(code)
    except UnknownFormatError:
        return text
    section = sections[-1]
    if len(sections) < 4 and "@" not in (sign for _, sign in section.tokens):  # noqa: PLR2004 - the fourth is for texts
        return text
    return "".join(text if token == ("sign", "@") else token[1] for token in section.tokens).strip()


def _broken(reason: str, number: float) -> BrokenValue:
    return BrokenValue(reason, str(number) if isinstance(number, int) else f"{number:.{_EXACT_DIGITS}g}")


def _number(value: float, code: str) -> str | None:
    number = Decimal(value) if isinstance(value, int) else Decimal(f"{value:.{_EXACT_DIGITS}g}")
    if not number.is_finite():
        raise UnknownFormatError
    if abs(number.adjusted()) >= _EXACT_DIGITS:
        return None
    if code in {GENERAL, "@"}:
        return _general(number)
    section, number = _choose(parse_format(code), number)
    if "date" in section.kinds or "elapsed" in section.kinds:
        raise UnknownFormatError  # only some numbers are dates
    shown = _in_section(section, abs(number))
    sign = "-" if number < 0 and any(one in "123456789" for one in shown) else ""
    return _with_digits(section, sign + shown)


def _general(number: Decimal) -> str:
    if number == number.to_integral_value():
        return f"{number.to_integral_value():f}"
    digits = len(f"{abs(int(number))}")
    places = max(_GENERAL_WIDTH - digits - 1, 0)
    rounded = number.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    if not rounded:
        raise UnknownFormatError
    return f"{rounded.normalize():f}"


def _choose(sections: tuple[Section, ...], number: Decimal) -> tuple[Section, Decimal]:
    """Return the section for a number, and the number to show in it, which has no sign if the section writes one."""
    for place, section in enumerate(sections[:3]):
        if section.condition is not None:
            sign, limit = section.condition
            if _COMPARE[sign](number, Decimal(limit)):
                return section, number if place == 0 and len(sections) == 1 else abs(number)
    plain = [one for one in sections[:3] if one.condition is None]
    if not plain:
        raise UnknownFormatError
    if len(plain) < len(sections[:3]):
        return plain[-1], number
    if number < 0 and len(plain) > 1:
        return plain[1], abs(number)
    return plain[2 if number == 0 and len(plain) > 2 else 0], number  # noqa: PLR2004 - the third is for zeros


def _in_section(section: Section, number: Decimal) -> str:
    tokens = section.tokens
    if "general" in section.kinds:
        return "".join(_general(number) if kind == "general" else text for kind, text in tokens)
    if ("sign", "/") in tokens and "digit" in section.kinds:
        raise UnknownFormatError  # a fraction
    if "digit" not in section.kinds:
        return "".join(_general(number) if token == ("sign", "@") else token[1] for token in tokens)
    if "exponent" in section.kinds:
        return _scientific(section, number)
    for token in tokens:
        if token == ("sign", "%"):
            number *= 100
    return _fixed(tokens, number)


def _fixed(tokens: tuple[tuple[str, str], ...], number: Decimal) -> str:
    places = [place for place, (kind, _) in enumerate(tokens) if kind == "digit"]
    point = next((place for place, token in enumerate(tokens) if token == ("sign", ".")), None)
    whole = [place for place in places if point is None or place < point]
    decimals = [place for place in places if point is not None and place > point]
    commas = [place for place, token in enumerate(tokens) if token == ("sign", ",")]
    between = [place for place in commas if whole and whole[0] < place < whole[-1]]
    scaling = [place for place in commas if place > places[0] and place not in between]
    grouped = bool(between)
    rounded = number.scaleb(-3 * len(scaling)).quantize(Decimal(1).scaleb(-len(decimals)), ROUND_HALF_UP)
    digits, _, fraction = f"{rounded:f}".partition(".")
    parts = {place: text for place, (kind, text) in enumerate(tokens) if kind != "digit" and place not in commas}
    parts |= _whole_digits(tokens, whole, "" if digits == "0" else digits, grouped=grouped)
    parts |= _decimal_digits(tokens, decimals, fraction)
    if point is not None and not whole and digits != "0":
        parts[point] = f"{digits}."
    return "".join(parts.get(place, "") for place in range(len(tokens)))


def _whole_digits(
    tokens: tuple[tuple[str, str], ...], places: list[int], digits: str, *, grouped: bool
) -> dict[int, str]:
    """Return what stands in each place of the whole digits. The first place has the digits that have none of their own."""
    parts: dict[int, str] = {}
    written = 0
    for place in reversed(places):
        own = digits if place == places[0] else digits[-1:]
        digits = "" if place == places[0] else digits[:-1]
        own = own or {"0": "0", "?": " "}.get(tokens[place][1], "")
        text = ""
        for digit in reversed(own):
            comma = "," if grouped and written and written % 3 == 0 and digit != " " else ""
            text = digit + comma + text
            written += 1
        parts[place] = text
    return parts


def _decimal_digits(tokens: tuple[tuple[str, str], ...], places: list[int], fraction: str) -> dict[int, str]:
    parts: dict[int, str] = {}
    needed = False
    for place, digit in reversed(list(zip(places, fraction, strict=True))):
        needed = needed or digit != "0" or tokens[place][1] == "0"
        parts[place] = digit if needed else {"?": " "}.get(tokens[place][1], "")
    return parts


def _scientific(section: Section, number: Decimal) -> str:
    split = next(place for place, (kind, _) in enumerate(section.tokens) if kind == "exponent")
    before, after = section.tokens[:split], section.tokens[split + 1 :]
    point = before.index(("sign", ".")) if ("sign", ".") in before else len(before)
    if sum(kind == "digit" for kind, _ in before[:point]) != 1:
        raise UnknownFormatError
    decimals = sum(kind == "digit" for kind, _ in before[point:])
    exponent = number.adjusted() if number else 0
    mantissa = number.scaleb(-exponent).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
    if mantissa >= _BASE:
        mantissa, exponent = mantissa / _BASE, exponent + 1
    sign = "-" if exponent < 0 else section.tokens[split][1][1:].replace("-", "")
    width = sum(kind == "digit" for kind, _ in after)
    return f"{_fixed(before, mantissa)}E{sign}{abs(exponent):0{width}}"


def _moment(moment: Moment, code: str) -> str:
    section = parse_format(code)[0]
    return _with_digits(section, show_date(moment, section))


def _with_digits(section: Section, text: str) -> str:
    shapes = section.locale.digits
    if shapes in (0, 1):
        return text
    if shapes not in _DIGITS:
        raise UnknownFormatError
    return text.translate(_DIGITS[shapes])
