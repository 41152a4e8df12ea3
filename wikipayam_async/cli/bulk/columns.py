"""The columns of a bulk send: which column holds what, and the message of a row."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Self

from attrs import evolve, field, frozen
from cyclopts import Parameter

from wikipayam_async.cli.bulk.files.headers import RECEIVERS, TEXTS, named_like
from wikipayam_async.cli.bulk.tables import Table, TableRow
from wikipayam_async.cli.settings import Settings
from wikipayam_async.errors import ConfigurationError, InvalidInputError
from wikipayam_async.messages.footer import Footer, footer_of
from wikipayam_async.messages.models import SmsMessage, check_sender, check_text, check_track_id
from wikipayam_async.numbers import normalize_receiver
from wikipayam_async.numbers.digits import ascii_digit
from wikipayam_async.redact.masks import mask_text
from wikipayam_async.templates.rows import EMPTY_RULE, MISSING_RULE, value_of
from wikipayam_async.templates.template import Template
from wikipayam_async.templates.values import ShownValue
from wikipayam_async.text.names import comparable_name

__all__ = ["ColumnMapping", "TextOptions", "map_columns"]

_MOBILE = re.compile(r"(?<![0-9])(?:(?:[+]|00)?98|0)?9[0-9]{9}(?![0-9])")
_NO_FIELDS: Mapping[str, str] = MappingProxyType({})


@Parameter(name="*")
@frozen(kw_only=True)
class TextOptions:
    """The columns, and the source of the texts."""

    receiver: str | None = None
    """The column of the receivers (default: guessed by its name)."""
    text_column: str | None = None
    """The column of the texts (default: guessed by its name, if no other option gives the texts)."""
    template: str | None = field(default=None, repr=mask_text)
    """A text with column names in braces, as in "Dear {name}, you owe {amount|thousands}"."""
    template_file: Path | None = None
    """A UTF-8 file that holds the template."""
    text: str | None = field(default=None, repr=mask_text)
    """The same text for all messages."""
    footer: str | None = field(default=None, repr=mask_text)
    """A line below every text that does not end with it already, such as how to opt out of advertising."""
    sender: str | None = None
    """The sender number (default: SMS_SENDER)."""
    sender_column: str | None = None
    """The column of the sender numbers."""
    track_id_column: str | None = None
    """The column of the track ids (default: generated)."""

    def complete(self, settings: Settings) -> Self:
        """Return the options with the text of the template file, and the sender of the environment.

        Args:
            settings: The settings of the environment.

        Raises:
            InvalidInputError: The template file cannot be read, or two options cannot be combined.
        """
        if self.sender is not None and self.sender_column is not None:
            raise InvalidInputError("--sender", rule="cannot be combined with --sender-column", got="both")
        template = self.template if self.template_file is None else self._read_template(self.template_file)
        return evolve(self, template=template, sender=self.sender or settings.get("SMS_SENDER"))

    def _read_template(self, path: Path) -> str:
        if self.template is not None:
            raise InvalidInputError("--template", rule="cannot be combined with --template-file", got="both")
        try:
            with path.open(encoding="utf-8-sig", newline="") as file:
                text = file.read()
        except (OSError, UnicodeDecodeError) as error:
            rule = "expected a readable text file in UTF-8"
            raise InvalidInputError("--template-file", rule=rule, got=type(error).__name__) from None
        return text.replace("\r\n", "\n").removesuffix("\n")


@frozen(kw_only=True)
class ColumnMapping:
    """Where each field of a message comes from.

    Attributes:
        receiver: The column of the receivers.
        text_column: The column of the texts, if a column holds them.
        template: The template, if the texts come from one.
        fields: The columns of the fields of the template. Spaces around their cells are left out.
        text: The text, if all messages share one.
        footer: The footer of all texts.
        sender: The sender number of all messages; None if a column holds them.
        sender_column: The column of the sender numbers, if a column holds them.
        track_id_column: The column of the track ids, if a column holds them.
    """

    receiver: str
    text_column: str | None = None
    template: Template | None = None
    fields: Mapping[str, str] = _NO_FIELDS
    text: str | None = field(default=None, repr=mask_text)
    footer: Footer | None = None
    sender: str | None = None
    sender_column: str | None = None
    track_id_column: str | None = None

    def message_of(self, row: TableRow) -> SmsMessage:
        """Return the message of a row, fully checked, with its receiver in the form `09…`.

        Args:
            row: The row.

        Raises:
            InvalidInputError: The row is invalid. The error names the column and does not quote the value.
        """
        if row.fault is not None:
            raise row.fault
        try:
            return self._message_of(row.values)
        except InvalidInputError as error:
            raise _in_words_of_files(error) from None

    def _message_of(self, values: Mapping[str, object]) -> SmsMessage:
        receiver = _receiver_of(values, self.receiver)
        text = check_text(self._text_of(values), field=self.text_column or "text")
        if self.footer is not None:
            text = self.footer.below(text)
        sender: str | None = None
        track_id: str | None = None
        if (column := self.sender_column) is not None:
            sender = check_sender(_number_of(values, column).strip(), field=column)
        if (column := self.track_id_column) is not None:
            track_id = check_track_id(value_of(values, column).strip(), field=column)
        return SmsMessage(receiver, text, sender=sender, track_id=track_id)

    def _text_of(self, values: Mapping[str, object]) -> str:
        if self.text is not None:
            return self.text
        if self.template is None:
            return value_of(values, self.text_column or "")
        if self.fields:
            values = {name: _trimmed(values[column]) for name, column in self.fields.items() if column in values}
        return self.template.render(values)


def _trimmed(cell: object) -> object:
    return cell.strip() if isinstance(cell, str) else cell


def _receiver_of(values: Mapping[str, object], column: str) -> str:
    number = _number_of(values, column)
    try:
        return normalize_receiver(number, field=column)
    except InvalidInputError:
        several = len(_MOBILE.findall("".join(map(ascii_digit, number))))
        if several > 1:
            rule = "expected one mobile number: give each receiver a row of its own"
            raise InvalidInputError(column, rule=rule, got=f"{several} numbers") from None
        raise


def _number_of(values: Mapping[str, object], column: str) -> str:
    """Return a phone number: of a number the digits, whatever the sheet shows of them."""
    cell = values.get(column)
    number = cell.value if isinstance(cell, ShownValue) else None
    is_whole = isinstance(number, int) or (isinstance(number, float) and number.is_integer())
    return value_of({column: number} if is_whole else values, column)


def _in_words_of_files(error: InvalidInputError) -> InvalidInputError:
    """Return the error of a row without advice for programmers."""
    if error.rule == MISSING_RULE:
        return InvalidInputError(error.field, rule="expected a value", got="a row without this cell")
    rule = "expected a value" if error.rule == EMPTY_RULE else error.rule
    return InvalidInputError(error.field, rule=rule, got=error.got)


def map_columns(columns: TextOptions, table: Table) -> ColumnMapping:
    """Map the columns of a table to the fields of a message.

    Args:
        columns: The requested columns and texts, complete.
        table: The table, for the names of its columns.

    Raises:
        InvalidInputError: A column is missing or ambiguous, or a text is invalid.
        ConfigurationError: No sender is set.
    """
    given = [name for name in ("text_column", "template", "text") if getattr(columns, name) is not None]
    if len(given) > 1:
        options = " and ".join("--" + name.replace("_", "-") for name in given)
        raise InvalidInputError("text", rule="expected one source of the texts", got=options)
    template = None if columns.template is None else Template(columns.template)
    if columns.text is not None:
        check_text(columns.text, field="--text")
        if columns.text.isspace():
            raise InvalidInputError("--text", rule="expected a text that is not empty", got="only spaces")
    text_column = None
    if template is None and columns.text is None:
        text_column = _column("--text-column", columns.text_column, TEXTS, table)
    fields = {name: _check_column("--template", name, table) for name in (template.fields if template else ())}
    return ColumnMapping(
        receiver=_column("--receiver", columns.receiver, RECEIVERS, table),
        text_column=text_column,
        template=template,
        fields=fields,
        text=columns.text,
        footer=footer_of(columns.footer, field="--footer"),
        sender=_sender_of(columns),
        sender_column=_optional_column("--sender-column", columns.sender_column, table),
        track_id_column=_optional_column("--track-id-column", columns.track_id_column, table),
    )


def _column(option: str, given: str | None, usual: Sequence[frozenset[str]], table: Table) -> str:
    if given is not None:
        return _check_column(option, given, table)
    found: list[str] = []
    for names in usual:  # the first group that the table has any of
        found = found or [name for name in table.columns if comparable_name(name) in names]
    if len(found) == 1:
        return _check_column(option, found[0], table)
    columns = ", ".join(table.columns)
    rule = f"expected one of the columns {columns}" if table.columns else "the file has no rows"
    raise InvalidInputError(option, rule=rule, got=f"{len(found)} usual names" if found else "no usual name")


def _optional_column(option: str, given: str | None, table: Table) -> str | None:
    return None if given is None else _check_column(option, given, table)


def _check_column(option: str, name: str, table: Table) -> str:
    """Return the column that people read as a name; one with exactly that name comes first."""
    found = [name] if name in table.columns else named_like(table.columns, name)
    if len(found) > 1 or (found and comparable_name(found[0]) in table.repeated):
        raise InvalidInputError(option, rule="expected a name that one column has", got=f"{name!r}, which several have")
    if found or not table.is_fixed:
        return found[0] if found else name
    if named_like(table.hidden.columns, name):
        rule = "expected a column that the sheet shows, or --include-hidden"
        raise InvalidInputError(option, rule=rule, got=f"{name!r}, which is hidden")
    raise InvalidInputError(option, rule=f"expected one of the columns {', '.join(table.columns)}", got=repr(name))


def _sender_of(columns: TextOptions) -> str | None:
    if columns.sender_column is not None:
        return None
    if columns.sender is None:
        raise ConfigurationError("no sender: pass --sender or --sender-column, or set SMS_SENDER")
    return check_sender(columns.sender)
