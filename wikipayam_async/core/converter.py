"""The one cattrs converter: it takes what a loosely typed gateway sends and makes typed values of it.

Numbers may come as strings and strings as numbers; fields may be missing, null or new; words may be new. A field that
cannot be read keeps its default and goes into `extra` as it came; only a field without a default makes the value
unreadable.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Generic, TypeVar, cast, get_args

import attrs
import msgspec
from cattrs import Converter

from wikipayam_async.core.operation import JsonValue

__all__ = ["EXTRA", "OpenStrEnum", "converter", "decode_json", "encode_json", "to_items", "to_mapping", "to_model"]

T = TypeVar("T")

EXTRA = "extra"


def _encode_str(value: object) -> str:
    """Encode what msgspec does not: a string by inheritance, as templates and translations make them."""
    if isinstance(value, str):
        return str.__str__(value)
    raise TypeError(f"{type(value).__name__} cannot stand in JSON")


encode_json: Callable[[object], bytes] = msgspec.json.Encoder(enc_hook=_encode_str).encode
decode_json: Callable[[bytes], JsonValue] = msgspec.json.Decoder().decode


class OpenStrEnum(enum.StrEnum):
    """An enum of words that may grow: an unknown word becomes a value like a member, which keeps the word."""

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
        """Whether this version of the package knows the word."""
        return self._name_ in type(self).__members__


def _read_str(value: object, kind: type[str]) -> str:
    """Read a string, or a word of an enum: the hook for `str` is the hook for all that inherit from it."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise TypeError("expected a string")
    return kind(value)


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
    if not isinstance(value, str):
        raise TypeError("expected a time stamp")
    return datetime.fromisoformat(value.strip())


def _is_optional(kind: object) -> bool:
    return type(None) in get_args(kind)  # of what can be read, only a union holds it


def _takes_none(kind: object) -> bool:
    return kind is Any or _is_optional(kind)


def _without_none(kind: object) -> object:
    """Return the one type that a field may have, if it is one, besides None."""
    inner = [one for one in get_args(kind) if one is not type(None)] if _is_optional(kind) else [kind]
    return inner[0] if len(inner) == 1 else None


def _plain_type(kind: object) -> object:
    """Return the type whose values need no hook: nearly all that come."""
    return _without_none(kind) if _without_none(kind) in {str, int, bool} else None


_READ_BY_CODEC = frozenset({str, int, bool, datetime})
"""The types that the codec reads as the hooks do, as long as it reads them at all."""


class _ModelReader(Generic[T]):
    """The hook for one attrs class. Written out, because it runs for every item of every answer."""

    __slots__ = ("_cls", "_keeps_extra", "_nullable", "_readers", "_required", "_several", "_usual")

    def __init__(self, cls: type[T]) -> None:
        attributes: tuple[attrs.Attribute[Any], ...] = attrs.fields(attrs.resolve_types(cast("Any", cls)))
        self._cls = cls
        # By alias, as the class itself calls them when it is made: `_x` is `x` there.
        taken = {a.alias or a.name: a for a in attributes if a.init and a.name != EXTRA}
        self._readers = {
            name: (_plain_type(a.type), converter.get_structure_hook(a.type), a.type) for name, a in taken.items()
        }
        self._required = frozenset(name for name, a in taken.items() if a.default is attrs.NOTHING)
        self._nullable = {name for name, a in taken.items() if _takes_none(a.type)}
        self._keeps_extra = any(a.name == EXTRA for a in attributes)
        by_codec = all(
            a.alias == a.name and a.converter is None and _without_none(a.type) in _READ_BY_CODEC
            for a in taken.values()
        )
        makes_itself = hasattr(cls, "__attrs_init__") or hasattr(
            cls, "__attrs_pre_init__"
        )  # the codec would not ask it
        self._usual = frozenset(taken) if by_codec and not makes_itself else None
        self._several = list[cls]  # type: ignore[valid-type]

    def read_usual(self, data: list[Any]) -> list[T] | None:
        """Read objects without new fields, whose values have the very types that are wanted; None for any others.

        That is what nearly always comes, and the codec reads it all at once, in a third of the time. Where a single one
        is odd, they are for the hook, which takes more and says what it could not read.
        """
        try:
            if self._usual is None or not all(map(self._usual.issuperset, data)):
                return None
            return msgspec.convert(data, self._several)
        except (TypeError, ValueError):
            return None

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
            values[EXTRA] = extra
        return self._cls(**values)


def _make() -> Converter:
    made = Converter(detailed_validation=False)
    made.register_structure_hook(str, _read_str)
    made.register_structure_hook(int, _read_int)
    made.register_structure_hook(float, _read_float)
    made.register_structure_hook(bool, _read_bool)
    made.register_structure_hook(datetime, _read_datetime)
    made.register_structure_hook_factory(attrs.has, _ModelReader)
    return made


converter = _make()


def to_model(data: JsonValue, cls: type[T]) -> T:
    """Read one object.

    Raises:
        ValueError: A field without a default is missing or unreadable.
        TypeError: It is no object.
    """
    return converter.structure(data, cls)


def to_items(data: JsonValue, cls: type[T]) -> tuple[T, ...]:
    """Read a list of objects; a single object counts as a list of one, and what is no readable object is left out."""
    candidates = data if isinstance(data, list) else [data]
    read = converter.get_structure_hook(cls)
    usual = read.read_usual(candidates) if isinstance(read, _ModelReader) else None
    if usual is not None:
        return tuple(usual)
    items: list[T] = []
    for candidate in candidates:
        try:
            items.append(read(candidate, cls))
        except (ValueError, TypeError):
            continue
    return tuple(items)


def to_mapping(data: JsonValue) -> dict[str, Any]:
    """Return an object's fields; anything else has none."""
    return data if isinstance(data, dict) else {}
