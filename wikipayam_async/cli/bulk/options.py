"""The options of `wikipayam bulk`, in groups, and the command line that they make."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Literal

import attrs
from attrs import field, frozen
from cyclopts import Parameter

from wikipayam_async.cli.bulk.columns import ColumnOptions
from wikipayam_async.cli.bulk.sorting import Holding
from wikipayam_async.cli.bulk.tables import Reading
from wikipayam_async.cli.settings import Settings
from wikipayam_async.errors import InvalidInputError
from wikipayam_async.optout import OptOutList
from wikipayam_async.redact.masks import mask_text

__all__ = ["BooksOptions", "CareOptions", "FileOptions", "HoldingOptions", "PaceOptions", "TextOptions", "command_line"]

_DEFAULT_BATCH_SIZE = 100
_HIDDEN = "URL"


@Parameter(name="*")
@frozen(kw_only=True)
class FileOptions:
    """How the file is read."""

    encoding: str | None = None
    """How CSV and JSON Lines are encoded, as cp1256; UTF-8 if not given."""
    delimiter: str | None = None
    """What stands between the cells of CSV, or tab; found from the first line if not given."""
    sheet: str | None = None
    """The sheet of a workbook; the first if not given."""
    no_header: Annotated[bool, Parameter(negative="")] = False
    """The first row holds data; the columns are called 1, 2, 3 and so on."""

    def reading(self, path: Path) -> Reading:
        """Return them as the reader takes them.

        Args:
            path: The file.
        """
        return Reading(
            path=path,
            encoding=self.encoding,
            delimiter=self.delimiter,
            sheet=self.sheet,
            has_header=not self.no_header,
        )


@Parameter(name="*")
@frozen(kw_only=True)
class TextOptions:
    """What the columns are, and what the texts are."""

    receiver: str | None = None
    """The column of the receivers; guessed from its name if not given."""
    text_column: str | None = None
    """The column of the texts; guessed from its name if no option says what the texts are."""
    template: str | None = field(default=None, repr=mask_text)
    """A text with columns in braces, as in "Dear {name}"."""
    template_file: Path | None = None
    """A file in UTF-8 that holds such a text."""
    text: str | None = field(default=None, repr=mask_text)
    """The same text for all."""
    sender: str | None = None
    """The line; SMS_SENDER if not given."""
    sender_column: str | None = None
    """The column of the lines."""
    track_id_column: str | None = None
    """The column of your own references; they are made from the row's number if not given."""

    def columns(self, settings: Settings) -> ColumnOptions:
        """Return them as the plan takes them.

        Args:
            settings: What the surroundings say.

        Raises:
            InvalidInputError: The template cannot be read, or is given twice.
        """
        if self.sender is not None and self.sender_column is not None:
            raise InvalidInputError("--sender", rule="expected one source of the lines", got="--sender-column too")
        return ColumnOptions(
            receiver=self.receiver,
            text_column=self.text_column,
            template=self.template if self.template_file is None else self._read_template(self.template_file),
            text=self.text,
            sender=self.sender or settings.get("SMS_SENDER"),
            sender_column=self.sender_column,
            track_id_column=self.track_id_column,
        )

    def _read_template(self, path: Path) -> str:
        if self.template is not None:
            raise InvalidInputError("text", rule="expected one source of the texts", got="--template and its file")
        try:
            with path.open(encoding="utf-8-sig", newline="") as file:
                text = file.read()
        except (OSError, UnicodeDecodeError) as error:
            rule = "expected a readable text file in UTF-8"
            raise InvalidInputError("--template-file", rule=rule, got=type(error).__name__) from None
        return text.replace("\r\n", "\n").removesuffix("\n")


@Parameter(name="*")
@frozen(kw_only=True)
class HoldingOptions:
    """What is held back."""

    dedupe: Literal["receiver", "receiver-and-text"] | None = None
    """Send each receiver one message, or the same text once; earlier runs count."""
    opt_out: Path | None = None
    """A file with the numbers of people who want no messages, one a line."""

    def holding(self) -> Holding:
        """Return them as the sorter takes them.

        Raises:
            InvalidInputError: The list cannot be read.
        """
        opt_out = None if self.opt_out is None else OptOutList.read(self.opt_out)
        dedupe = "receiver_and_text" if self.dedupe == "receiver-and-text" else self.dedupe
        return Holding(dedupe=dedupe, opt_out=opt_out)


@Parameter(name="*")
@frozen(kw_only=True)
class CareOptions:
    """What is asked before anything is sent."""

    dry_run: Annotated[bool, Parameter(negative="")] = False
    """Look through the file, tell parts and cost, and send nothing."""
    price_persian: int | None = None
    """Rials for a part of a text in Persian, or with any other character that GSM-7 lacks."""
    price_latin: int | None = None
    """Rials for a part of a text in GSM-7; that of Persian if not given."""
    yes_up_to: int | None = None
    """Send without asking what costs at most so many rials."""
    yes: Annotated[bool, Parameter(negative="")] = False
    """Send without asking, whatever it costs."""
    skip_bad_rows: Annotated[bool, Parameter(negative="")] = False
    """Leave out the rows that give no message, without asking."""


@Parameter(name="*")
@frozen(kw_only=True)
class PaceOptions:
    """How fast to go."""

    rate: float | None = None
    """Messages a second at most."""
    batch_size: int | None = None
    """Messages of a request at most; 100, or with --rate what goes in a second, if not given."""
    concurrency: int = 8
    """Requests in flight at once."""
    stop_on_error: Annotated[bool, Parameter(negative="")] = False
    """End at the first message that is not accepted; the rest is not attempted."""

    @property
    def group(self) -> int:
        """The most messages of a request.

        What waits for its turn is claimed already, and counts as unknown if the power fails: with a rate it is kept small.
        """
        if self.batch_size is not None:
            return self.batch_size
        return _DEFAULT_BATCH_SIZE if self.rate is None else max(1, min(_DEFAULT_BATCH_SIZE, int(self.rate)))


@Parameter(name="*")
@frozen(kw_only=True)
class BooksOptions:
    """Where it is written down what became of each row."""

    results: Path | None = None
    """The new results file; FILE.results.jsonl if not given."""
    resume: Path | None = None
    """Go on with this results file: what is accepted or unknown is not sent again."""
    retry_rejected: Annotated[bool, Parameter(negative="")] = False
    """With --resume: send what was rejected, too."""


def command_line(path: Path, groups: Sequence[attrs.AttrsInstance], results: Path) -> str:
    """Return the command line that goes on with a run, quoted for a shell.

    Args:
        path: The file with the messages.
        groups: All options.
        results: The results file.
    """
    words = ["wikipayam", "bulk", _no_option(path), *(word for group in groups for word in _words(group))]
    return " ".join(map(shlex.quote, [*words, "--resume", _no_option(results)]))


def _no_option(path: Path) -> str:
    return f"./{path}" if str(path).startswith("-") else str(path)


def _words(group: attrs.AttrsInstance) -> Iterator[str]:
    for one in attrs.fields(type(group)):
        value = getattr(group, one.name)
        if one.name in {"results", "resume"} or value == one.default:
            continue
        option = "--" + one.name.replace("_", "-")
        if value is True:
            yield option
        elif str(value).startswith("-"):
            yield f"{option}={value}"
        else:
            yield option
            yield _HIDDEN if one.name == "proxy" else str(value)  # it may hold a password
