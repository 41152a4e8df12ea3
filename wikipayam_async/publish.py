"""The public home of a name: the module that users import it from, not the private one that defines it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from inspect import get_annotations
from types import FunctionType
from typing import get_type_hints

__all__ = ["publish"]


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


def _resolve(cls: type) -> None:
    own = get_annotations(cls)
    if not own:
        return
    try:
        hints = get_type_hints(cls, include_extras=True)
    except NameError:  # a name that only type checkers import
        return
    cls.__annotations__ = {name: hints[name] for name in own}
