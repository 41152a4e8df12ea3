"""The public home of a name: the module that users import it from, not the private one that defines it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from inspect import get_annotations
from types import FunctionType

import attrs

from wikipayam_async.pydantic_schema import add_schema

__all__ = ["publish", "publish_in_package"]


def publish(module: str, names: Iterable[str], namespace: Mapping[str, object]) -> None:
    """Set the `__module__` of classes and functions, which pickles, tracebacks and `repr` show.

    The annotations of a class are resolved first: `typing.get_type_hints` evaluates strings in the class's `__module__`,
    which lacks the imports of the defining module.

    Args:
        module: The module that users import the names from.
        names: The names. Those of other objects than classes and functions are left as they are.
        namespace: The objects by name, such as `globals()`.
    """
    for name in names:
        value = namespace[name]
        if isinstance(value, type):
            _resolve(value)
        if isinstance(value, type | FunctionType):
            value.__module__ = module


def publish_in_package(names: Iterable[str], namespace: Mapping[str, object]) -> None:
    """Publish names that users import from the package itself, where pydantic takes the attrs classes."""
    for name in names:
        value = namespace[name]
        if isinstance(value, type) and attrs.has(value):
            add_schema(value)
    publish("wikipayam_async", names, namespace)


def _resolve(cls: type) -> None:
    with suppress(NameError):  # of a name that only type checkers import
        cls.__annotations__ = get_annotations(cls, eval_str=True)
