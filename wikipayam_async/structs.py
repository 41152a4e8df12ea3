"""Structs of msgspec that keep what users of attrs classes expect."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, ClassVar

import attrs
import msgspec

__all__ = ["Model"]


class _AttrsFields:
    """The fields of a struct as attrs describes those of its classes: for `attrs.evolve`, `asdict` and `fields`."""

    def __get__(self, _: object, cls: type[Model]) -> Any:
        return _fields_of(cls)


class Model(msgspec.Struct, frozen=True):
    """A frozen struct that shows itself as an attrs class does: sensitive fields by their masks, also in rich.

    A bulk send makes several of these for every message. attrs takes several times as long to create a frozen object,
    and the garbage collector goes through all of its objects. Of structs it goes through those only that hold something
    that may refer back to them, such as an error, or a string of a subclass.
    """

    __attrs_attrs__: ClassVar[Any] = _AttrsFields()
    _masks: ClassVar[Mapping[str, Callable[[object], str]]] = MappingProxyType({})
    """The functions that return what is shown of a field."""
    _hidden: ClassVar[frozenset[str]] = frozenset()
    """The fields that are not shown."""
    _not_compared: ClassVar[frozenset[str]] = frozenset()
    """The fields that do not count for equality; the class has an `__eq__` of its own for them."""

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self.__rich_repr__())
        return f"{self.__class__.__name__}({shown})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [
            (name, _Shown(self._masks[name](getattr(self, name))) if name in self._masks else getattr(self, name))
            for name in self.__struct_fields__
            if name not in self._hidden
        ]


class _Shown:
    """What is shown in place of a value."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text


@functools.cache
def _fields_of(cls: type[Model]) -> Any:
    annotations: dict[str, Any] = {}
    for base in reversed(cls.__mro__):
        annotations |= inspect.get_annotations(base)
    names = cls.__struct_fields__
    optional = dict(zip(reversed(names), reversed(cls.__struct_defaults__), strict=False))
    fields = {
        name: attrs.field(
            default=optional.get(name, attrs.NOTHING),
            repr=cls._masks.get(name, name not in cls._hidden),
            eq=name not in cls._not_compared,
            order=False,
            kw_only=name not in cls.__match_args__,
            type=annotations[name],
        )
        for name in names
    }
    return attrs.fields(attrs.make_class(cls.__name__, fields, init=False, repr=False, eq=False))
