"""Parsed templates: the text around the fields, and what puts the values of a row between."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from attrs import frozen

from wikipayam_async.checks import without_frames
from wikipayam_async.errors import InvalidInputError
from wikipayam_async.redact.masks import shape_of
from wikipayam_async.templates.formats import FORMATS, Format, find_format
from wikipayam_async.templates.rows import Row, value_of

__all__ = ["ParsedTemplate", "parse_template"]

_TOKEN = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_NAME = re.compile(r"[^\x00-\x1f\x7f-\x9f{}\[\].:!|]{1,64}")
_ABSENT = object()


@frozen(repr=False)  # it holds texts
class ParsedTemplate:
    """A parsed template.

    Attributes:
        pieces: The text split at its fields: literal text at even indexes, a gap for a value at odd ones.
        slots: The names of the fields for the odd indexes, in order, with their formats.
        names: The names of the fields for the odd indexes, in order, if none has a format; None if one has.
        defaults: The texts for empty fields, by name.
    """

    pieces: tuple[str, ...]
    slots: tuple[tuple[str, tuple[Format, ...]], ...]
    names: tuple[str, ...] | None
    defaults: Mapping[str, str]

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of the fields, each once, in the order of the text."""
        return tuple(dict.fromkeys(name for name, _ in self.slots))

    def render(self, row: Row) -> str:
        """Return the text with the values of a row that `check_row` found valid.

        Raises:
            InvalidInputError: The row lacks a field, or a value is empty, of another type, or does not fit its format.
        """
        # Most rows are dicts of texts, and a bulk send renders each: this takes half the time of what follows for any.
        if type(row) is not dict or self.names is None:
            return self._render_any(row)
        values = list(map(row.get, self.names))
        for value in values:
            if type(value) is not str or not value or value.isspace():
                return self._render_any(row)
        pieces: list[Any] = [*self.pieces]
        pieces[1::2] = values
        return "".join(pieces)

    @without_frames
    def _render_any(self, row: Row) -> str:
        values = []
        for name, formats in self.slots:
            value = row.get(name, _ABSENT)
            if formats or type(value) is not str or not value or value.isspace():
                value = value_of(row, name, self.defaults, formats)
            values.append(value)
        pieces = list(self.pieces)
        pieces[1::2] = values
        return "".join(pieces)


def parse_template(text: object, defaults: Mapping[str, str]) -> ParsedTemplate:
    """Parse the text of a template.

    Args:
        text: The text.
        defaults: The texts for empty fields, by name.

    Raises:
        InvalidInputError: The text is empty, has a lone brace, an invalid name or an unknown format.
        ConfigurationError: A format needs a package that is not installed.
    """
    if not isinstance(text, str) or not text:
        raise InvalidInputError("template", rule="expected a text that is not empty", got=shape_of(text))
    pieces = [""]
    slots: list[tuple[str, tuple[Format, ...]]] = []
    end = 0
    for token in _TOKEN.finditer(text):
        pieces[-1] += text[end : token.start()]
        end = token.end()
        if token[1] is not None:
            slots.append(_slot(token[1], token.start()))
            pieces += ("", "")
        elif len(token[0]) == 1:
            rule = "expected every brace in a pair around a name, or doubled"
            raise InvalidInputError("template", rule=rule, got=f"a lone brace at character {token.start()}")
        else:
            pieces[-1] += token[0][0]
    pieces[-1] += text[end:]
    names = None if any(formats for _, formats in slots) else tuple(name for name, _ in slots)
    return ParsedTemplate(tuple(pieces), tuple(slots), names, defaults)


def _slot(written: str, position: int) -> tuple[str, tuple[Format, ...]]:
    name, *formats = written.split("|")
    found = [find_format(one) for one in formats]
    if None in found:
        names = ", ".join(dict.fromkeys(one.name for one in FORMATS.values()))
        rule = f"expected one of the formats {names} after '|'"
        raise InvalidInputError("template", rule=rule, got=f"another one in the field at character {position}")
    return _check_name(name.strip(), position), tuple(one for one in found if one is not None)


def _check_name(name: str, position: int) -> str:
    if _NAME.fullmatch(name) is None:
        rule = "expected the bare name of a field, of 1 to 64 characters without brackets, dots, '!' and ':'"
        raise InvalidInputError("template", rule=rule, got=f"another field at character {position}")
    return name
