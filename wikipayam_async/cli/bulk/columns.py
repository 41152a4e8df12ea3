"""What is to be sent: which column is what, what becomes of a row, and what all of it depends on."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Mapping, Sequence

from attrs import field, frozen

from wikipayam_async.cli.bulk.tables import Reading, Table, TableRow
from wikipayam_async.core.converter import encode_json
from wikipayam_async.errors import ConfigurationError, InvalidInputError
from wikipayam_async.messages.models import SmsMessage, check_sender, check_text, check_track_id
from wikipayam_async.numbers import normalize_receiver
from wikipayam_async.redact.masks import mask_text
from wikipayam_async.templates.rows import value_of
from wikipayam_async.templates.template import Template

__all__ = ["ColumnMapping", "ColumnOptions", "fingerprint", "map_columns"]

_RECEIVERS = ("receiver", "mobile", "phone", "number", "to", "گیرنده", "موبایل", "شماره", "شماره موبایل", "تلفن")
_TEXTS = ("message", "text", "note", "متن", "پیام")
_SPELLINGS = str.maketrans({"ي": "ی", "ى": "ی", "ك": "ک"} | dict.fromkeys("\u200b\u200c\u200e\u200f\ufeff _-"))

_ADVICE_FOR_CODE = " (normalize=False sends any receiver as it is)"


@frozen(kw_only=True)
class ColumnOptions:
    """What was said of columns and texts. Of the texts, one or none is given.

    Attributes:
        receiver: The column of the receivers; guessed if None.
        text_column: The column of the texts; guessed if nothing says what the texts are.
        template: A text with fields, which are columns.
        text: One text for all, taken to the letter.
        sender: The line of all messages.
        sender_column: The column of the lines.
        track_id_column: The column of the references.
    """

    receiver: str | None = None
    text_column: str | None = None
    template: str | None = field(default=None, repr=mask_text)
    text: str | None = field(default=None, repr=mask_text)
    sender: str | None = None
    sender_column: str | None = None
    track_id_column: str | None = None


@frozen(kw_only=True)
class ColumnMapping:
    """What becomes of each row.

    Attributes:
        receiver: The column of the receivers.
        text_column: The column of the texts, if they come from one.
        template: The template, if they come from one.
        text: The text, if it is one for all.
        sender: The line of all messages, if they do not come from a column.
        sender_column: The column of the lines, if they come from one.
        track_id_column: The column of the references, if they come from one.
    """

    receiver: str
    text_column: str | None = None
    template: Template | None = None
    text: str | None = field(default=None, repr=mask_text)
    sender: str | None = None
    sender_column: str | None = None
    track_id_column: str | None = None

    def message_of(self, row: TableRow) -> SmsMessage:
        """Return the message that a row gives, checked to the end, its receiver in the form `09…`.

        Args:
            row: The row.

        Raises:
            InvalidInputError: It gives none. The error names the column, and shows nothing of the value.
        """
        if row.fault is not None:
            raise row.fault
        values = row.values
        receiver = _checked_receiver(value_of(values, self.receiver), self.receiver)
        text = check_text(self._text_of(values), field=self.text_column or "text")
        sender: str | None = None
        track_id: str | None = None
        if self.sender_column is not None:
            sender = _checked_sender(value_of(values, self.sender_column).strip(), self.sender_column)
        if self.track_id_column is not None:
            track_id = _checked_track_id(value_of(values, self.track_id_column).strip(), self.track_id_column)
        return SmsMessage(receiver, text, sender=sender, track_id=track_id)

    def _text_of(self, values: Mapping[str, object]) -> str:
        if self.text is not None:
            return self.text
        if self.template is not None:
            return self.template.render(values)
        return value_of(values, self.text_column or "")


def map_columns(columns: ColumnOptions, table: Table) -> ColumnMapping:
    """Find out which column is what.

    Args:
        columns: What was said.
        table: The table, for the names of its columns.

    Raises:
        InvalidInputError: A column is not there, or it is not clear which one is meant; or a text breaks a rule.
        ConfigurationError: Nothing says which line to send from.
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
        text_column = _column("--text-column", columns.text_column, _TEXTS, table)
    for name in template.fields if template else ():
        _check_column("--template", name, table)
    for option, column in (("--sender-column", columns.sender_column), ("--track-id-column", columns.track_id_column)):
        if column is not None:
            _check_column(option, column, table)
    return ColumnMapping(
        receiver=_column("--receiver", columns.receiver, _RECEIVERS, table),
        text_column=text_column,
        template=template,
        text=columns.text,
        sender=_line_of(columns),
        sender_column=columns.sender_column,
        track_id_column=columns.track_id_column,
    )


def fingerprint(
    plan: ColumnMapping, reading: Reading, table: Table, content: str, dedupe: str | None
) -> dict[str, str]:
    """Return a digest of everything that decides what is sent, by what people call it.

    Args:
        plan: The plan.
        reading: How the file is read.
        table: What was found out about that.
        content: The digest of the file.
        dedupe: What counts as a duplicate.
    """
    return {
        "the content of the file": content,
        "how the file is read": _digest(
            [reading.encoding, table.detected_format, reading.has_header, list(table.columns)]
        ),
        "which column is what": _digest([plan.receiver, plan.text_column, plan.sender_column, plan.track_id_column]),
        "the text": _digest([plan.template.text if plan.template else None, plan.text]),
        "the line": _digest([plan.sender]),
        "--dedupe": _digest([dedupe]),
    }


def _digest(what: Sequence[object]) -> str:
    return hashlib.sha256(encode_json(what)).hexdigest()


def _column(option: str, given: str | None, usual: Sequence[str], table: Table) -> str:
    if given is not None:
        return _check_column(option, given, table)
    known = {_plain(name) for name in usual}
    found = [name for name in table.columns if _plain(name) in known]
    if len(found) == 1:
        return found[0]
    columns = ", ".join(table.columns)
    rule = f"say which column it is; there are: {columns}" if table.columns else "the file has no rows"
    raise InvalidInputError(option, rule=rule, got=f"{len(found)} that may be meant" if found else "no usual name")


def _check_column(option: str, name: str, table: Table) -> str:
    if table.is_fixed and name not in table.columns:
        raise InvalidInputError(option, rule=f"expected a column: {', '.join(table.columns)}", got=repr(name))
    return name


def _plain(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold().translate(_SPELLINGS)


def _line_of(columns: ColumnOptions) -> str | None:
    if columns.sender_column is not None:
        return None
    if columns.sender is None:
        raise ConfigurationError("no line to send from: say --sender or --sender-column, or set SMS_SENDER")
    return check_sender(columns.sender)


def _checked_receiver(value: str, column: str) -> str:
    try:
        return normalize_receiver(value, field=column)
    except InvalidInputError as error:
        failure = InvalidInputError(column, rule=error.rule.replace(_ADVICE_FOR_CODE, ""), got=error.got)
    raise failure


def _checked_sender(value: str, column: str) -> str:
    try:
        return check_sender(value)
    except InvalidInputError as error:
        failure = InvalidInputError(column, rule=error.rule, got=error.got)
    raise failure


def _checked_track_id(value: str, column: str) -> str | None:
    try:
        return check_track_id(value)
    except InvalidInputError as error:
        failure = InvalidInputError(column, rule=error.rule, got=error.got)
    raise failure
