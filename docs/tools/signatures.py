"""A Griffe extension for signatures: those that attrs writes, and the values of defaults that have a name."""

from __future__ import annotations

import ast
import inspect
from typing import Any, cast

import attrs
from griffe import (
    Class,
    ExprName,
    Extension,
    Function,
    Inspector,
    ObjectNode,
    Parameter,
    ParameterKind,
    Parameters,
    Visitor,
    dynamic_import,
)

__all__ = ["Signatures", "default_of", "value_of"]


def default_of(default: object) -> str | None:
    """Return how a field's default reads in a signature; None if the field has none."""
    if default is attrs.NOTHING:
        return None
    if not isinstance(default, attrs.Factory):  # type: ignore[arg-type] # a class, which its type stub calls a function
        return repr(default)
    made_by = cast("Any", default).factory
    return f"{made_by.__name__}()" if inspect.isclass(made_by) else "..."


def value_of(name: str, path: str) -> str:
    """Return what a default reads like that is given by a name: its value, or `...` where the name is private."""
    if name.startswith("_"):
        return "..."
    value = dynamic_import(path)
    return repr(value) if isinstance(value, int | float | str) else name


class Signatures(Extension):
    """Completes signatures. It has to stand before an extension that takes the fields of classes away."""

    def on_function(self, *, func: Function, **kwargs: object) -> None:
        """Put values in place of the names of constants."""
        del kwargs
        for parameter in func.parameters:
            if isinstance(parameter.default, ExprName) and parameter.default.name.isupper():
                parameter.default = value_of(parameter.default.name, parameter.default.canonical_path)

    def on_class_members(
        self, *, node: ast.AST | ObjectNode, cls: Class, agent: Visitor | Inspector, **kwargs: object
    ) -> None:
        """Add the `__init__` that attrs writes, made of the fields that may be handed in."""
        del node, agent, kwargs
        if "__init__" in cls.members:
            return
        try:
            runtime = dynamic_import(cls.path)
        except ImportError:
            return
        if not (isinstance(runtime, type) and attrs.has(runtime)):
            return
        fields = [field for field in attrs.fields(runtime) if field.init]
        parameters = [
            Parameter(
                field.alias or field.name,
                annotation=cls.attributes[field.name].annotation if field.name in cls.attributes else None,
                kind=ParameterKind.keyword_only if field.kw_only else ParameterKind.positional_or_keyword,
                default=default_of(field.default),
            )
            for field in sorted(fields, key=lambda field: field.kw_only)
        ]
        this = Parameter("self", kind=ParameterKind.positional_or_keyword)
        cls.set_member("__init__", Function("__init__", parameters=Parameters(this, *parameters), parent=cls))
