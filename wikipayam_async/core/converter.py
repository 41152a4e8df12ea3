"""Conversion of loosely typed JSON to typed values, with one cattrs converter.

Numbers may arrive as strings and strings as numbers; fields may be missing, null or new; enums may have new words. An
unreadable field keeps its default, and its raw value is stored in `extra`. Only an unreadable field without a default
makes the object unreadable.
"""

from __future__ import annotations

import enum
import math
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Generic, TypeAlias, TypeVar, cast, get_args

import attrs
import msgspec
from cattrs import Converter

__all__ = [
    "JsonValue",
    "OpenStrEnum",
    "converter",
    "decode_json",
    "encode_json",
    "to_items",
    "to_mapping",
    "to_model",
    "to_model_or_empty",
]

T = TypeVar("T")

JsonValue: TypeAlias = dict[str, Any] | list[Any] | str | int | float | bool | None
"""A JSON value. The inner values are `Any`, because a recursive type would need a cast at every access."""

_EXTRA = "extra"
_EXACT_FLOATS = 2**53
_GREGORIAN_YEARS = range(1900, 2100)
_LONGEST_TIMESTAMP = 64
_TIMESTAMP = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[Tt ][0-9]{2}:.*)?").fullmatch


def _encode_str(value: object) -> str:
    """Encode a subclass of `str`, such as those of template engines, which msgspec does not encode."""
    if isinstance(value, str):
        return str.__str__(value)
    raise TypeError(f"{type(value).__name__} cannot be encoded as JSON")


encode_json: Callable[[object], bytes] = msgspec.json.Encoder(enc_hook=_encode_str).encode
decode_json: Callable[[bytes], JsonValue] = msgspec.json.Decoder().decode


class OpenStrEnum(enum.StrEnum):
    """A string enum that accepts unknown words: each becomes a value that behaves like a member."""

    @classmethod
    def _missing_(cls, value: object) -> OpenStrEnum | None:
        if not isinstance(value, str):
            return None
        known = cls.__members__.get(value.strip().upper())
        if known is not None:
            return known
        word = str.__new__(cls, value)
        word._name_ = value
        word._value_ = value
        return word

    @property
    def known(self) -> bool:
        """Whether the word is a member of the enum in this version of the package."""
        return self._name_ in type(self).__members__


def _read_str(value: object, kind: type[str]) -> str:
    """Read a string or an enum word: the hook for `str` also applies to its subclasses."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise TypeError("expected a string")
    return kind(_whole(value) if isinstance(value, float) else value)


def _whole(number: float) -> int | float:
    """Return a whole number without its fraction, so that an id does not end in `.0`.

    Raises:
        ValueError: The number is too large for a float to be exact, so it may be another than the gateway meant.
    """
    if abs(number) > _EXACT_FLOATS:
        raise ValueError("expected a number that a float represents exactly")
    return int(number) if number.is_integer() else number


def _read_int(value: object, kind: type[int]) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise TypeError("expected a number")
    if isinstance(value, int):
        return kind(value)
    number = float(value) if isinstance(value, float) or not value.strip().lstrip("+-").isdecimal() else int(value)
    return kind(math.floor(number))


def _read_float(value: object, _: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise TypeError("expected a number")
    number = float(value)
    if not math.isfinite(number):
        raise ValueError("expected a finite number")
    return number


_BOOLS: Mapping[object, bool] = {"true": True, "1": True, "false": False, "0": False}


def _read_bool(value: object, _: object) -> bool:
    if isinstance(value, bool):
        return value
    return _BOOLS[str(value).strip().lower()]


def _read_datetime(value: object, _: object) -> datetime:
    """Read an ISO 8601 timestamp with hyphens.

    Anything else is refused, because it can be read in two ways: a Jalali date, an epoch time, the day before the month.
    """
    if not isinstance(value, str):
        raise TypeError("expected a timestamp")
    text = "".join(str(int(sign)) if sign.isdecimal() else sign for sign in value.strip()[:_LONGEST_TIMESTAMP])
    if not _TIMESTAMP(text):
        raise ValueError("expected a timestamp such as 2024-01-31 23:55:20")
    moment = datetime.fromisoformat(text)
    if not _is_gregorian(moment):
        raise ValueError("expected a Gregorian year from 1900 to 2099")
    return moment


def _is_gregorian(moment: datetime | None) -> bool:
    """Return whether a timestamp is in a plausible year: 1402 is a year of the Jalali calendar."""
    return moment is None or moment.year in _GREGORIAN_YEARS


def _is_optional(kind: object) -> bool:
    return type(None) in get_args(kind)  # of the readable types, only a union contains it


def _takes_none(kind: object) -> bool:
    return kind is Any or _is_optional(kind)


def _without_none(kind: object) -> object:
    """Return the only type of a field besides None; None if there are several."""
    inner = [option for option in get_args(kind) if option is not type(None)] if _is_optional(kind) else [kind]
    return inner[0] if len(inner) == 1 else None


def _plain_type(kind: object) -> object:
    """Return the type whose values are taken without a hook; None for other types."""
    return _without_none(kind) if _without_none(kind) in {str, int, bool} else None


_READ_BY_CODEC = frozenset({str, int, bool, datetime})
"""The types that msgspec reads as the hooks do."""


class _ModelReader(Generic[T]):
    """The structure hook of one attrs class, written by hand because it runs for every item of every answer."""

    __slots__ = (
        "_cls",
        "_datetimes",
        "_keeps_extra",
        "_list_type",
        "_nullable",
        "_plain_fields",
        "_readers",
        "_required",
    )

    def __init__(self, cls: type[T]) -> None:
        attributes: tuple[attrs.Attribute[Any], ...] = attrs.fields(attrs.resolve_types(cast("Any", cls)))
        self._cls = cls
        # By alias, the name of the constructor argument: `_x` becomes `x`.
        fields = {a.alias or a.name: a for a in attributes if a.init and a.name != _EXTRA}
        self._readers = {
            name: (_plain_type(a.type), converter.get_structure_hook(a.type), a.type) for name, a in fields.items()
        }
        self._required = frozenset(name for name, a in fields.items() if a.default is attrs.NOTHING)
        self._nullable = {name for name, a in fields.items() if _takes_none(a.type)}
        self._keeps_extra = any(a.name == _EXTRA for a in attributes)
        by_codec = all(
            a.alias == a.name and a.converter is None and _without_none(a.type) in _READ_BY_CODEC
            for a in fields.values()
        )
        self._datetimes = [name for name, a in fields.items() if _without_none(a.type) is datetime]
        # msgspec would bypass an `__init__` of the class's own.
        has_own_init = hasattr(cls, "__attrs_init__") or hasattr(cls, "__attrs_pre_init__")
        self._plain_fields = frozenset(fields) if by_codec and not has_own_init else None
        self._list_type = list[cls]  # type: ignore[valid-type]

    def read_all(self, data: list[Any]) -> list[T] | None:
        """Read objects without new fields, whose values have the declared types; None for any others.

        msgspec reads such a list in a third of the time that the hook needs. For any other list, the hook reads item by
        item.
        """
        try:
            if self._plain_fields is None or not all(map(self._plain_fields.issuperset, data)):
                return None
            models = msgspec.convert(data, self._list_type)
        except (TypeError, ValueError):
            return None
        plausible = all(_is_gregorian(getattr(model, name)) for name in self._datetimes for model in models)
        return models if plausible else None

    def __call__(self, data: object, _: object) -> T:
        if not isinstance(data, dict):
            raise TypeError("expected an object")
        values: dict[str, Any] = {}
        extra: dict[str, JsonValue] = {}
        readers = self._readers
        for key, value in data.items():
            reader = readers.get(key)
            if reader is None:
                extra[key] = value
            elif type(value) is reader[0]:
                values[key] = value
            elif value is None:
                if key in self._nullable:
                    values[key] = None
            else:
                try:
                    values[key] = reader[1](value, reader[2])
                except (ValueError, TypeError, KeyError, OverflowError):
                    extra[key] = value
        if not self._required <= values.keys():
            raise ValueError(f"missing or unreadable: {', '.join(sorted(self._required - values.keys()))}")
        if extra and self._keeps_extra:
            values[_EXTRA] = extra
        return self._cls(**values)


def _make_converter() -> Converter:
    result = Converter(detailed_validation=False)
    result.register_structure_hook(str, _read_str)
    result.register_structure_hook(int, _read_int)
    result.register_structure_hook(float, _read_float)
    result.register_structure_hook(bool, _read_bool)
    result.register_structure_hook(datetime, _read_datetime)
    result.register_structure_hook_factory(attrs.has, _ModelReader)
    return result


converter = _make_converter()


def to_model(data: JsonValue, cls: type[T]) -> T:
    """Read one object.

    Raises:
        ValueError: A field without a default is missing or unreadable.
        TypeError: The value is not an object.
    """
    return converter.structure(data, cls)


def to_model_or_empty(data: JsonValue, cls: type[T]) -> T:
    """Read one object whose fields all have defaults, such as the counts of a deletion.

    No content, `null` and PHP's empty object `[]` give an object of defaults.

    Raises:
        TypeError: The value is not an object.
    """
    return to_model({} if data is None or data in ("", []) else data, cls)


def to_items(data: JsonValue, cls: type[T]) -> tuple[T, ...]:
    """Read a list of objects. A single object counts as a list of one; unreadable items are left out."""
    values = data if isinstance(data, list) else [data]
    read = converter.get_structure_hook(cls)
    models = read.read_all(values) if isinstance(read, _ModelReader) else None
    if models is not None:
        return tuple(models)
    items: list[T] = []
    for value in values:
        try:
            items.append(read(value, cls))
        except (ValueError, TypeError):
            continue
    return tuple(items)


def to_mapping(data: JsonValue) -> dict[str, Any]:
    """Return the fields of an object; an empty mapping for any other value."""
    return data if isinstance(data, dict) else {}
