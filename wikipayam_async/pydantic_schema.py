"""The public models in pydantic models and FastAPI routes. pydantic is imported only when it asks for a schema."""

from __future__ import annotations

import types
from typing import TYPE_CHECKING, Any, TypeVar, Union, get_args, get_origin

import attrs

from wikipayam_async.core.converter import OpenStrEnum

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler
    from pydantic_core import CoreSchema

__all__ = ["add_schema"]

C = TypeVar("C", bound=type[Any])


def add_schema(cls: C) -> C:
    """Let pydantic validate, serialize and describe an attrs class: as an object with the fields of the class."""
    cls.__get_pydantic_core_schema__ = classmethod(_schema)
    return cls


def _schema(cls: type[attrs.AttrsInstance], _: object, handler: GetCoreSchemaHandler) -> CoreSchema:
    from pydantic_core import core_schema  # noqa: PLC0415 - optional, and slow to import

    fields = [one for one in attrs.fields(attrs.resolve_types(cls)) if one.init and one.repr is not False]
    described = core_schema.typed_dict_schema(
        {
            one.alias or one.name: core_schema.typed_dict_field(
                handler.generate_schema(_serialized_type(one.type)), required=one.default is attrs.NOTHING
            )
            for one in fields
        },
        cls_name=cls.__name__,
    )
    parsed = core_schema.no_info_after_validator_function(lambda values: cls(**values), described)
    return core_schema.json_or_python_schema(
        json_schema=parsed,
        python_schema=core_schema.union_schema([core_schema.is_instance_schema(cls), parsed]),
        serialization=core_schema.plain_serializer_function_ser_schema(
            lambda model: {one.alias or one.name: _serialized(getattr(model, one.name)) for one in fields},
            return_schema=described,
        ),
    )


def _serialized_type(kind: Any) -> Any:
    """Return the type of a field as it is serialized: errors as text, words that may be new as strings."""
    if get_origin(kind) in {Union, types.UnionType}:
        inner = tuple(map(_serialized_type, get_args(kind)))
        return Union[inner]  # noqa: UP007 - the members are known at run time only
    if isinstance(kind, type) and issubclass(kind, OpenStrEnum | BaseException):
        return str
    return kind


def _serialized(value: object) -> object:
    return str(value) if isinstance(value, OpenStrEnum | BaseException) else value
