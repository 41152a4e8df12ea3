"""The public models in pydantic models and FastAPI routes. pydantic is imported only when it asks for a schema."""

from __future__ import annotations

import importlib
import types
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any, TypeVar, Union, get_args, get_origin

import attrs

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler
    from pydantic_core import CoreSchema

__all__ = ["add_schema"]

C = TypeVar("C", bound=type[Any])


def add_schema(cls: C) -> C:
    """Let pydantic validate, serialize and describe an attrs class, as an object with its fields, or a mapping."""
    cls.__get_pydantic_core_schema__ = classmethod(_schema)
    return cls


def _schema(cls: type[Any], _: object, handler: GetCoreSchemaHandler) -> CoreSchema:
    from pydantic_core import core_schema  # noqa: PLC0415 - optional, and slow to import

    if not attrs.has(cls):
        return _model_schema(cls, handler.generate_schema(dict[str, Any]), parse=cls, serialize=dict)
    # Annotations that the public module lacks until it is imported: those of other public classes.
    importlib.import_module(cls.__module__)
    fields = {one.alias or one.name: one for one in attrs.fields(attrs.resolve_types(cls)) if one.init}
    described = core_schema.typed_dict_schema(
        {
            name: core_schema.typed_dict_field(
                handler.generate_schema(_serialized_type(one.type)), required=one.default is attrs.NOTHING
            )
            for name, one in fields.items()
        },
        cls_name=cls.__name__,
    )
    return _model_schema(
        cls,
        described,
        parse=lambda values: cls(**{name: _parsed(fields[name].type, value) for name, value in values.items()}),
        serialize=lambda model: {name: _serialized(getattr(model, one.name)) for name, one in fields.items()},
    )


def _model_schema(
    cls: Any, described: CoreSchema, *, parse: Callable[[Any], object], serialize: Callable[[Any], object]
) -> CoreSchema:
    from pydantic_core import core_schema  # noqa: PLC0415 - optional, and slow to import

    parsed = core_schema.no_info_after_validator_function(parse, described)
    return core_schema.json_or_python_schema(
        json_schema=parsed,
        # Not a union, whose errors name the kinds that were tried, and quote the whole object.
        python_schema=core_schema.no_info_wrap_validator_function(
            lambda value, handler: value if isinstance(value, cls) else handler(value), parsed
        ),
        serialization=core_schema.plain_serializer_function_ser_schema(serialize, return_schema=described),
    )


def _serialized_type(kind: Any) -> Any:
    """Return the type of a field as it is serialized: errors as text, words that may be new as strings."""
    if get_origin(kind) in {Union, types.UnionType}:
        inner = tuple(map(_serialized_type, get_args(kind)))
        return Union[inner]  # noqa: UP007 - the members are known at run time only
    return str if _is_text(kind) else kind


def _parsed(kind: Any, value: object) -> object:
    """Return a value of the field's own type for one that was serialized as text."""
    if isinstance(value, str):
        for one in get_args(kind) or (kind,):
            if _is_text(one):
                return one(value)
    return value


def _serialized(value: object) -> object:
    if isinstance(value, AbstractSet):
        return frozenset(value)  # pydantic takes no other sets
    return str(value) if _is_text(type(value)) else value


def _is_text(kind: object) -> bool:
    """Whether pydantic has no schema for a type that is serialized as text: errors, and enums that take new words."""
    if not isinstance(kind, type):
        return False
    takes_new_words = issubclass(kind, str) and hasattr(kind, "known")
    return takes_new_words or issubclass(kind, BaseException)
