"""Message templates: one text with fields, and a row of values for each message."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from attrs import Factory, field, frozen

from wikipayam_async.checks import without_frames
from wikipayam_async.errors import InvalidInputError
from wikipayam_async.messages.models import SmsMessage, check_text
from wikipayam_async.redact.masks import mask_text, shape_of
from wikipayam_async.redact.sealed import SealedFields
from wikipayam_async.templates.rows import Row, RowErrorHandler, each_row, value_of
from wikipayam_async.text.parts import SmsParts, count_parts

__all__ = ["Rendering", "Template", "TemplatePreview", "messages_from", "preview", "render"]

_TOKEN = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_NAME = re.compile(r"[^\x00-\x1f\x7f-\x9f{}\[\].:!]{1,64}")
_MOST_ERRORS = 10
_ABSENT = object()


def _check_defaults(given: object) -> SealedFields:
    if not isinstance(given, Mapping) or not all(isinstance(one, str) for pair in given.items() for one in pair):
        raise InvalidInputError("defaults", rule="expected a mapping of fields to strings", got=shape_of(given))
    return SealedFields(given)


@frozen
class _Parsed:
    """What a template is made of.

    Attributes:
        pieces: The text cut at its fields: literal text at the even places, nothing yet at the odd ones.
        slots: The names of the fields that belong into the odd places, in their order.
    """

    pieces: tuple[str, ...]
    slots: tuple[str, ...]


@frozen
class Template:
    """A message text with fields, as in `سلام {name}`. Read once, it renders any number of rows.

    A field is a name in braces; spaces around the name do not count. A name is whatever the header of a table may be
    called, in any script, with spaces inside, of 1 to 64 characters without braces, brackets, dots, `!` and `:`.
    `{{` and `}}` stand for the braces themselves. A field is looked up in the row by its name and nothing else happens:
    no attributes, no indexes, no formats. Braces in a value are text.

    Values are strings, whole numbers and `Decimal`; a float that is whole, as spreadsheets have them, is written
    without its point. Anything else is to be made a string first, so that nobody gets a text in a format that
    nobody chose. A field that is empty (None, NaN, an empty string or only spaces) is an error unless it has a default.

    Attributes:
        text: The text with its fields.
        defaults: What stands for empty fields, by name; `{"name": ""}` leaves the field out. A row that does not have
            the field at all is an error even so: that is a misspelt header.

    Raises:
        InvalidInputError: The text is empty, a brace stands alone, or a name cannot be one.
    """

    text: str = field(repr=mask_text)
    defaults: Mapping[str, str] = field(factory=dict, converter=_check_defaults, kw_only=True, hash=False)
    _parsed: _Parsed = field(
        init=False, repr=False, eq=False, default=Factory(lambda template: _parse(template.text), takes_self=True)
    )

    def __attrs_post_init__(self) -> None:
        for name in self.defaults:
            if name not in self._parsed.slots:
                raise InvalidInputError("defaults", rule="expected only fields of the template", got="another name")

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of the fields, each once, in the order of the text."""
        return tuple(dict.fromkeys(self._parsed.slots))

    @without_frames
    def render(self, row: Row) -> str:
        """Return the text with the values of a row.

        Args:
            row: The values by field; it may have more than the template needs.

        Raises:
            InvalidInputError: The row lacks a field, or a value is empty or cannot be written. The error names the
                field and shows nothing of the value.
        """
        if not isinstance(row, Mapping):
            raise InvalidInputError("row", rule="expected a mapping of fields to values", got=shape_of(row))
        values = []
        for name in self._parsed.slots:
            value = row.get(name, _ABSENT)
            if type(value) is not str or not value or value.isspace():
                value = value_of(row, name, self.defaults)
            values.append(value)
        pieces = list(self._parsed.pieces)
        pieces[1::2] = values
        return "".join(pieces)


@frozen
class Rendering:
    """The text that one row gives.

    Attributes:
        row: The row's place in the input, counted from 0.
        text: The text.
        parts: What it takes of the network.
    """

    row: int
    text: str = field(repr=mask_text)
    parts: SmsParts


@frozen
class TemplatePreview:
    """What a template makes of its rows.

    Attributes:
        rows: How many rows gave a text.
        parts: The parts of all these texts together, which is what is paid for.
        shortest: The text that takes the least; the first of several.
        longest: The text that takes the most; the first of several.
        failed: How many rows gave none.
        errors: Why, for the first ten of them; each names row and field.
    """

    rows: int
    parts: int
    shortest: Rendering | None
    longest: Rendering | None
    failed: int = 0
    errors: tuple[InvalidInputError, ...] = field(default=(), eq=False)


def render(template: Template | str, row: Row) -> str:
    """Return a template's text with the values of one row. For many rows make a `Template` once.

    Args:
        template: The template.
        row: The values by field.

    Raises:
        InvalidInputError: The template breaks a rule, or the row does; see `Template`.
    """
    return _template_of(template).render(row)


def messages_from(
    template: Template | str,
    rows: Iterable[Row],
    receiver: str = "receiver",
    *,
    sender: str | None = None,
    track_id: str | None = None,
    on_error: RowErrorHandler | None = None,
) -> Iterator[SmsMessage]:
    """Yield a message for each row, one at a time, ready for a bulk send.

    Args:
        template: The text.
        rows: The rows, as `csv.DictReader` gives them. They are taken as the messages are.
        receiver: The field that holds the mobile.
        sender: The line to send from; the client's if None.
        track_id: The field that holds your own reference, if there is one.
        on_error: Called with the error of a row that gives no message, which is then left out. Without it the error is
            raised, and ends a bulk send that is in flight: look at a `preview` before.

    Raises:
        InvalidInputError: The template breaks a rule; or, while iterating, a row does. The error names row and field,
            as in `rows[3].name`.
    """
    found = _template_of(template)

    def message_of(row: Row) -> SmsMessage:
        text = found.render(row)
        reference = None if track_id is None else value_of(row, track_id)
        return SmsMessage(value_of(row, receiver), text, sender=sender, track_id=reference)

    return (message for _, message in each_row(rows, message_of, on_error))


def preview(template: Template | str, rows: Iterable[Row]) -> TemplatePreview:
    """Render every row, keep the shortest text and the longest, and count what all of them take. In flat memory.

    Nothing is raised for a row that gives no text, or none that can be sent: such rows are counted in `failed`.

    Args:
        template: The text.
        rows: The rows. An iterator is used up; open the file again for the sending.

    Raises:
        InvalidInputError: The template breaks a rule.
    """
    found = _template_of(template)
    errors: list[InvalidInputError] = []
    done = failed = parts = 0
    shortest: Rendering | None = None
    longest: Rendering | None = None

    def note(error: InvalidInputError) -> None:
        nonlocal failed
        failed += 1
        if failed <= _MOST_ERRORS:
            errors.append(error)

    for index, text in each_row(rows, lambda row: check_text(found.render(row), field="text"), note):
        counted = count_parts(text)
        done += 1
        parts += counted.parts
        if shortest is None or _size(counted) < _size(shortest.parts):
            shortest = Rendering(index, text, counted)
        if longest is None or _size(counted) > _size(longest.parts):
            longest = Rendering(index, text, counted)
    return TemplatePreview(done, parts, shortest, longest, failed, tuple(errors))


def _template_of(given: Template | str) -> Template:
    return given if isinstance(given, Template) else Template(given)


def _size(parts: SmsParts) -> tuple[int, float]:
    """Return how much a text takes: its parts, then how full the last one is, which compares across encodings."""
    return parts.parts, -parts.remaining / parts.unit_limit


def _parse(text: object) -> _Parsed:
    if not isinstance(text, str) or not text:
        raise InvalidInputError("template", rule="expected a text that is not empty", got=shape_of(text))
    pieces, slots = [""], []
    end = 0
    for token in _TOKEN.finditer(text):
        pieces[-1] += text[end : token.start()]
        end = token.end()
        if token[1] is not None:
            slots.append(_check_name(token[1].strip(), token.start()))
            pieces += ("", "")
        elif len(token[0]) == 1:
            rule = "expected every brace in a pair around a name, or doubled"
            raise InvalidInputError("template", rule=rule, got=f"a lone brace at character {token.start()}")
        else:
            pieces[-1] += token[0][0]
    pieces[-1] += text[end:]
    return _Parsed(tuple(pieces), tuple(slots))


def _check_name(name: str, place: int) -> str:
    if _NAME.fullmatch(name) is None:
        rule = "expected the bare name of a field, of 1 to 64 characters without brackets, dots, '!' and ':'"
        raise InvalidInputError("template", rule=rule, got=f"another field at character {place}")
    return name
