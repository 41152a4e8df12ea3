"""A Griffe extension that adds the signatures of attrs classes and shows the values of named defaults."""

from __future__ import annotations

import ast
import enum
import inspect
from collections.abc import Iterable, Iterator
from typing import Any, cast

import attrs
from griffe import (
    Alias,
    Class,
    DocstringAttribute,
    DocstringSectionAttributes,
    DocstringSectionRaises,
    Expr,
    ExprAttribute,
    ExprBinOp,
    ExprName,
    Extension,
    Function,
    Inspector,
    Object,
    ObjectNode,
    Parameter,
    ParameterKind,
    Parameters,
    Visitor,
    dynamic_import,
)

from docs.tools.reference import without_marks

__all__ = ["Signatures", "default_of", "value_of"]


def default_of(default: object) -> str | None:
    """Return the text of a field's default in a signature; None if the field has no default."""
    if default is attrs.NOTHING:
        return None
    if isinstance(default, enum.Enum):
        return f"{type(default).__name__}.{default.name}"
    if not isinstance(default, attrs.Factory):  # type: ignore[arg-type] # a class, which its type stub calls a function
        return repr(default)
    factory = cast("Any", default).factory
    return f"{factory.__name__}()" if inspect.isclass(factory) else "..."


def value_of(name: str, path: str) -> str:
    """Return the text of a default that is a named constant: its value, or `...` if the name is private."""
    if name.startswith("_"):
        return "..."
    value = dynamic_import(path)
    return repr(value) if isinstance(value, int | float | str) else name


def _is_internal(cls: Class) -> bool:
    """Whether a class of the package has no public name: `publish` has not moved it out of the module that defines it."""
    return cls.name.startswith("_") or (
        cls.path.startswith("wikipayam_async.") and dynamic_import(cls.path).__module__ == cls.module.path
    )


def _public_bases(cls: Class) -> Iterator[Expr | str]:
    """Yield the bases of a class, with those of an internal base in its place."""
    internal = {base.name: base for base in cls.resolved_bases if isinstance(base, Class) and _is_internal(base)}
    for base in cls.bases:
        name = str(base).partition("[")[0].rpartition(".")[2]
        yield from _public_bases(internal[name]) if name in internal else (base,)


def _parameters(cls: Class) -> Parameters:
    init = cls.members.get("__init__")
    return init.parameters if isinstance(init, Function) else Parameters()


def _add_types(untyped: Iterable[Parameter | DocstringAttribute], typed: Iterable[Parameters]) -> None:
    """Give each parameter or attribute without a type that of the first parameter of its name."""
    sources = list(typed)
    for one in untyped:
        if one.annotation is None:
            one.annotation = next((source[one.name].annotation for source in sources if one.name in source), None)


def _public(annotation: str | Expr) -> str | Expr:
    """Return a union without its private members."""
    if not isinstance(annotation, ExprBinOp):
        return annotation
    if isinstance(annotation.right, ExprName) and annotation.right.name.startswith("_"):
        return _public(annotation.left)
    return ExprBinOp(_public(annotation.left), annotation.operator, annotation.right)


def _mend_parameter(parameter: Parameter) -> None:
    if parameter.kind in {ParameterKind.var_positional, ParameterKind.var_keyword}:
        parameter.default = None
        if isinstance(parameter.annotation, ExprAttribute):
            parameter.annotation = str(parameter.annotation)  # of `P.args` only the last name would be shown
    elif isinstance(parameter.default, ExprName) and parameter.default.name.isupper():
        parameter.default = value_of(parameter.default.name, parameter.default.canonical_path)
    if parameter.annotation is not None:
        parameter.annotation = _public(parameter.annotation)


def _link_errors(function: Function) -> None:
    """Let the errors that a docstring names lead to their entries, though its module does not import them."""
    modules = [function.package, *function.package.modules.values()]
    for section in function.docstring.parsed if function.docstring else ():
        for one in section.value if isinstance(section, DocstringSectionRaises) else ():
            name = one.annotation
            if isinstance(name, ExprName) and "." not in name.canonical_path:
                name.parent = next((module for module in modules if name.name in (module.exports or ())), name.parent)


class Signatures(Extension):
    """Completes signatures. Must run before extensions that remove the fields of classes."""

    def on_instance(
        self, *, node: ast.AST | ObjectNode, obj: Object, agent: Visitor | Inspector, **kwargs: object
    ) -> None:
        """Remove from docstrings the marks of reStructuredText before code."""
        del node, agent, kwargs
        if obj.docstring:
            obj.docstring.value = without_marks(obj.docstring.value)

    def on_function(self, *, func: Function, **kwargs: object) -> None:
        """Replace the names of constants by their values, also in overloads, and hide private types."""
        del kwargs
        for function in (func, *(func.overloads or ())):
            for parameter in function.parameters:
                _mend_parameter(parameter)
        _link_errors(func)

    def on_class(self, *, cls: Class, **kwargs: object) -> None:
        """Show what internal bases have as the class's own, and add the types that the class leaves to its bases."""
        del kwargs
        bases = [base for base in cls.mro() if base is not cls]
        for base in filter(_is_internal, bases):
            for name, member in base.members.items():
                if not name.startswith("_") and name not in cls.members:
                    cls.set_member(name, Alias(name, member, parent=cls))
        cls.bases = list(_public_bases(cls))
        for member in cls.members.values():
            if isinstance(member, Function):
                self.on_function(func=member)
        _add_types(_parameters(cls), map(_parameters, bases))
        for section in cls.docstring.parsed if cls.docstring else ():
            if isinstance(section, DocstringSectionAttributes):
                _add_types(section.value, map(_parameters, (cls, *bases)))

    def on_class_members(
        self, *, node: ast.AST | ObjectNode, cls: Class, agent: Visitor | Inspector, **kwargs: object
    ) -> None:
        """Add the `__init__` that attrs generates, with the fields that it accepts."""
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
