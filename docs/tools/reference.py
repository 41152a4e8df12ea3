"""The text of the reference: signatures and docstrings as Markdown."""

from __future__ import annotations

import enum
import importlib
import inspect
import re
from collections.abc import Iterable, Iterator
from typing import cast

import attrs

__all__ = ["describe", "identifiers", "to_markdown", "without_marks"]

_DIRECTIVE = re.compile(r"^::: (\S+)$", re.MULTILINE)
_LEVEL = re.compile(r"heading_level: (\d)")
_SECTION = re.compile(r"(Args|Attributes|Raises|Returns|Yields|Note|Example|Examples):")
_ITEM = re.compile(r"(?P<name>[\w*.]+(?: \([^)]*\))?): (?P<text>.*)")
_MARK = re.compile(r"^ *::\n\n|:(?=:$)", re.MULTILINE)
_WIDTH = 88


def identifiers(markdown: str) -> list[str]:
    """Return the identifiers that a reference page documents."""
    return _DIRECTIVE.findall(markdown)


def describe(directive: str) -> str:
    """Return what a directive stands for: heading, signature and docstring; of a class, also those of its own members."""
    (identifier,) = identifiers(directive)
    level = _LEVEL.search(directive)
    module, _, name = identifier.rpartition(".")
    thing: object = getattr(importlib.import_module(module), name)
    lines = [f'<a id="{identifier}"></a>', "", f"{'#' * int(level[1] if level else 2)} `{name}`", ""]
    if callable(thing) and getattr(thing, "__doc__", None):
        keyword = "class" if inspect.isclass(thing) else "async def" if inspect.iscoroutinefunction(thing) else "def"
        lines += [_code(keyword, name, thing), "", to_markdown(inspect.getdoc(thing) or ""), ""]
    if inspect.isclass(thing):
        for member, value in _members(thing):
            if isinstance(value, property):
                lines += [f"**`{name}.{member}`**", ""]
            else:
                keyword = "async def" if inspect.iscoroutinefunction(value) else "def"
                lines += [f"**`{name}.{member}`**", "", _code(keyword, member, value), ""]
            lines += [to_markdown(inspect.getdoc(value) or ""), ""]
    return "\n".join(lines)


def without_marks(docstring: str) -> str:
    """Return a docstring without the marks that reStructuredText needs before code; Markdown needs none."""
    return _MARK.sub("", docstring)


def to_markdown(docstring: str) -> str:
    """Return a docstring of Google's style with its sections as lists."""
    lines: list[str] = []
    section = False
    for line in without_marks(docstring).splitlines():
        if _SECTION.fullmatch(line):
            section = True
            lines += [f"**{line[:-1]}**", ""]
        elif section and line.startswith("    "):
            text = line[4:]
            item = None if text.startswith(" ") else _ITEM.fullmatch(text)
            lines.append(f"- `{item['name']}`: {item['text']}" if item else f"  {text.strip()}" if text else "")
        else:
            section = section and not line
            lines.append(line)
    return "\n".join(line.rstrip() for line in lines).strip()


def _members(cls: type) -> Iterator[tuple[str, object]]:
    """Yield the public methods and properties that the package defines, in the order of their names."""
    own = {name for base in cls.__mro__ if base.__module__.startswith("wikipayam_async") for name in vars(base)}
    for name, value in inspect.getmembers(cls):
        function = inspect.isfunction(value) or inspect.ismethod(value) or isinstance(value, property)
        if function and name in own and not name.startswith("_"):
            yield name, value


def _code(keyword: str, name: str, thing: object) -> str:
    """Return a signature as a block of code; one parameter a line where it is long."""
    if isinstance(thing, enum.EnumMeta):
        kinds = ", ".join(base.__name__ for base in thing.__bases__)
        members = (f"    {one.name} = {one.value!r}" for one in cast("Iterable[enum.Enum]", thing))
        return "\n".join(["```python", f"class {name}({kinds}):", *members, "```"])
    try:
        signature = inspect.signature(thing)  # type: ignore[arg-type] # may not be callable
    except (TypeError, ValueError):
        return f"```python\n{keyword} {name}\n```"
    parameters = [_with_plain_default(one) for one in signature.parameters.values() if one.name != "self"]
    end = inspect.Signature.empty if keyword == "class" else signature.return_annotation
    signature = signature.replace(parameters=parameters, return_annotation=end)
    line = f"{keyword} {name}{_text(signature)}"
    if len(line) > _WIDTH:
        closing = _text(signature.replace(parameters=())).removeprefix("(")
        line = "\n".join([f"{keyword} {name}(", *(f"    {one}," for one in _parameters(signature)), closing])
    return f"```python\n{line}\n```"


def _parameters(signature: inspect.Signature) -> Iterator[str]:
    keyword_only = False
    for parameter in signature.parameters.values():
        if parameter.kind is parameter.KEYWORD_ONLY and not keyword_only:
            yield "*"
        keyword_only = keyword_only or parameter.kind in {parameter.KEYWORD_ONLY, parameter.VAR_POSITIONAL}
        yield _text(parameter)
        if parameter.kind is parameter.POSITIONAL_ONLY:
            yield "/"


class _Code(str):
    """Text that a signature shows as it is."""

    __slots__ = ()
    __repr__ = str.__str__


def _with_plain_default(parameter: inspect.Parameter) -> inspect.Parameter:
    """Return a parameter whose default is short, and the same in every run."""
    default = parameter.default
    if isinstance(default, enum.Enum) and default is not attrs.NOTHING:
        return parameter.replace(default=_Code(f"{type(default).__name__}.{default.name}"))
    if default is parameter.empty or default is None or isinstance(default, int | float | str):
        return parameter
    return parameter.replace(default=_Code("..."))


def _text(signature: inspect.Signature | inspect.Parameter) -> str:
    """Return a signature with its annotations as they are in the code: some are texts, some are functions."""
    text = re.sub(r"(: |-> )'([^']*)'", r"\1\2", str(signature))
    return (
        re.sub(r"<function (\w+) at 0x\w+>", r"\1", text)
        .replace("wikipayam_async.emulator.", "")
        .replace("typing.", "")
    )
