"""Replace `:::` directives by docstrings, for readers of the Markdown."""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Iterator

__all__ = ["identifiers", "with_docstrings"]

_DIRECTIVE = re.compile(r"^::: (\S+)\n(?:(?: {4}.*)?\n)*", re.MULTILINE)
_ADDRESS = re.compile(r" at 0x[0-9a-f]+")


def identifiers(markdown: str) -> list[str]:
    """Return the identifiers that a reference page documents."""
    return _DIRECTIVE.findall(markdown)


def with_docstrings(markdown: str) -> str:
    """Return a page with its directives replaced by signatures and docstrings."""
    return _DIRECTIVE.sub(lambda match: "\n".join(_describe(match[1])) + "\n\n", markdown + "\n").strip() + "\n"


def _describe(identifier: str) -> Iterator[str]:
    module, _, name = identifier.rpartition(".")
    thing: object = getattr(importlib.import_module(module), name)
    if not callable(thing) or not getattr(thing, "__doc__", None):
        yield f"### `{identifier}`"
        return
    yield f"### `{name}{_signature(thing)}`\n\n{inspect.getdoc(thing)}"
    if not inspect.isclass(thing):
        return
    for attribute, member in inspect.getmembers(thing):
        if attribute.startswith("_") or not (
            inspect.isfunction(member) or inspect.ismethod(member) or isinstance(member, property)
        ):
            continue
        what = attribute if isinstance(member, property) else f"{attribute}{_signature(member)}"
        yield f"\n#### `{name}.{what}`\n\n{inspect.getdoc(member) or ''}"


def _signature(thing: object) -> str:
    try:
        return _ADDRESS.sub("", str(inspect.signature(thing)))  # type: ignore[arg-type] # may not be callable
    except (TypeError, ValueError):
        return ""
