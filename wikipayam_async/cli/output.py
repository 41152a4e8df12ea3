"""The output of a command: what it was asked for to stdout, as text or JSON; progress, questions, errors to stderr."""

from __future__ import annotations

import os
import re
import sys
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, TextIO, cast

import attrs

from wikipayam_async.cli.speech import heading, spoken, worded
from wikipayam_async.cli.streams import TextStream, redirect_to_null, use_utf8
from wikipayam_async.cli.translations import language_of
from wikipayam_async.cli.wording import in_words_of_the_command_line
from wikipayam_async.errors import APIStatusError, InvalidInputError, UnknownOutcomeError, WikipayamError

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["Output", "aligned", "counted", "plain", "spaced", "visible"]

# The text of an SMS must not control the reader's terminal or reverse the text beside it. Line ends, tabs and the marks
# of Persian text are kept.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
_CELL_BREAKS = re.compile(r"[\t\n]+")
_LEFT_TO_RIGHT = "\u200e"
"""Before each cell of a line with Persian headings: without it, a terminal would reverse their order."""


def visible(text: str) -> str:
    """Return a text with its control characters escaped, safe to print on a terminal.

    Args:
        text: Any text.
    """
    return _CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def counted(count: int, noun: str) -> str:
    """Return a count with its noun, as in `2 rows`.

    Args:
        count: The count.
        noun: The noun, in the singular.
    """
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def spaced(name: str) -> str:
    """Return an identifier with spaces for underscores, as in `not attempted`.

    Args:
        name: The value of a status, a reason or a column name.
    """
    return name.replace("_", " ")


def aligned(lines: Sequence[Sequence[str]]) -> str:
    """Return lines of cells with their columns aligned.

    Args:
        lines: The cells of each line.
    """
    widths = [max(map(_width, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(cell + " " * (width - _width(cell)) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def _width(cell: str) -> int:
    """Return how many columns of a terminal a cell takes; half-spaces and marks take none."""
    return sum(unicodedata.category(one) not in {"Cf", "Mn"} for one in cell)


def plain(value: object) -> object:
    """Return a value as JSON values: models as objects, enums by value, times in ISO 8601.

    Args:
        value: A model, a mapping, a sequence, or a scalar.
    """
    model = type(value)
    if attrs.has(model):
        fields = {one.name: plain(getattr(value, one.name)) for one in attrs.fields(model) if one.name[0] != "_"}
        return {name: one for name, one in fields.items() if name != "extra" or one}
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Iterable):
        return [plain(one) for one in value]
    return value


class Output:
    """The two output streams of a command.

    Args:
        json: Whether to write results as JSON; stderr then gets only warnings and errors.
        stdout: The stream for results; that of the process if None.
        stderr: The stream for everything else; that of the process if None.
    """

    def __init__(self, *, json: bool = False, stdout: TextIO | None = None, stderr: TextIO | None = None) -> None:
        self.json = json
        self._stdout: TextIO | None = stdout or sys.stdout
        self._stderr = TextStream(stderr or sys.stderr)
        self.closed = self._stdout is None
        self.language = language_of(os.environ)
        use_utf8(self._stdout)

    @property
    def console(self) -> Console:
        """A rich console on stderr."""
        from rich.console import Console  # noqa: PLC0415 - most commands do not need it

        return Console(file=cast("TextIO", self._stderr), highlight=False, markup=False, soft_wrap=False)

    @property
    def is_live(self) -> bool:
        """Whether stderr is a terminal where progress may be drawn."""
        return not self.json and self._stderr.isatty()

    @property
    def is_lost(self) -> bool:
        """Whether the stream that carries the results is closed."""
        return self.closed

    def emit(self, value: object) -> None:
        """Write a line of JSON to stdout, only with `--json`. If it cannot be written, stderr gets a warning.

        Args:
            value: A value that `plain` accepts.
        """
        if self.json:
            try:
                from wikipayam_async.core.converter import encode_json  # noqa: PLC0415 - the help does without

                self.data(encode_json(plain(value)).decode() + "\n")
            except InvalidInputError as error:  # the command's work is done, and its exit code reports it
                self.warn(str(error))

    def data(self, text: str) -> None:
        """Write data to stdout, with or without `--json`. A closed pipe is ignored.

        Args:
            text: The data.

        Raises:
            InvalidInputError: It cannot be written for another reason, such as a full disk.
        """
        if self.closed or self._stdout is None:
            return
        try:
            self._stdout.write(text)
            self._stdout.flush()
        except OSError as error:
            self.closed = True
            redirect_to_null(self._stdout)
            if not isinstance(error, BrokenPipeError):
                raise InvalidInputError("stdout", rule="cannot be written", got=str(error.strerror)) from None

    def say(self, text: str) -> None:
        """Write text to stderr, except with `--json`.

        Args:
            text: One or more lines.
        """
        if not self.json:
            self.warn(text)

    def show(self, text: str, value: object) -> None:
        """Write the outcome of an action: as text to stderr, or with `--json` as JSON to stdout.

        Args:
            text: One or more lines.
            value: A value that `plain` accepts.
        """
        self.say(text)
        self.emit(value)

    def tell(self, text: str) -> None:
        """Write what the command was asked for to stdout, except with `--json`.

        Args:
            text: One or more lines.

        Raises:
            InvalidInputError: It cannot be written.
        """
        if not self.json:
            self.data(visible(text) + "\n")

    def explain(self, text: str) -> None:
        """Write sentences of an answer to stdout, in the language of the environment, except with `--json`.

        Args:
            text: One or more lines of English.
        """
        self.tell(spoken(text, self.language))

    def report(self, text: str, value: object) -> None:
        """Write an answer in sentences to stdout, in the language of the environment; or with `--json` as JSON.

        Args:
            text: One or more lines of English.
            value: A value that `plain` accepts.
        """
        self.explain(text)
        self.emit(value)

    def answer(self, text: str, value: object) -> None:
        """Write what the command was asked for to stdout: as text, or with `--json` as JSON.

        Args:
            text: One or more lines.
            value: A value that `plain` accepts.
        """
        self.tell(text)
        self.emit(value)

    def warn(self, text: str) -> None:
        """Write text to stderr, also with `--json`.

        Args:
            text: One or more lines.
        """
        self._stderr.write(visible(spoken(text, self.language)) + "\n")
        self._stderr.flush()

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[str]], *, headed: bool = True) -> None:
        """Write a table to stdout, except with `--json`: aligned on a terminal, else separated by tabs.

        No cell is cut or broken, so ids can be copied whatever the width of the terminal. A terminal shows the headings, and
        the words of this package, in the language of the environment; programs read the same ones in every language.

        Args:
            columns: The headings.
            rows: The cells of each row.
            headed: Whether to show the headings.
        """
        cells = [[self._worded(name, cell) for name, cell in zip(columns, row, strict=True)] for row in rows]
        self._write_cells([self._named(columns), *cells] if headed else cells)

    def facts(self, facts: Mapping[str, str]) -> None:
        """Write values with their names to stdout, as a table whose headings are its first column.

        Args:
            facts: The values by name.
        """
        names = self._named(list(facts))
        values = [self._worded(name, value) for name, value in facts.items()]
        self._write_cells(list(zip(names, values, strict=True)))

    @property
    def _is_read_by_people(self) -> bool:
        return self._stdout is not None and self._stdout.isatty()

    def _named(self, names: Sequence[str]) -> Sequence[str]:
        """Return headings, in the language of the environment where people read them."""
        return [heading(name, self.language) for name in names] if self._is_read_by_people else names

    def _worded(self, column: str, value: str) -> str:
        """Return a value, in the language of the environment where people read it."""
        return worded(column, value, self.language) if self._is_read_by_people else value

    def _write_cells(self, lines: Sequence[Sequence[str]]) -> None:
        if self.json:
            return
        cells = [[_CELL_BREAKS.sub(" ", visible(cell)) for cell in line] for line in lines]
        if self._is_read_by_people:
            mark = "" if self.language == "en" else _LEFT_TO_RIGHT
            self.tell(aligned([[mark + cell for cell in line] for line in cells]))
        elif cells:
            self.data("".join("\t".join(line) + "\n" for line in cells))

    def fail(self, error: WikipayamError) -> None:
        """Write an error: its text to stderr, its fields to stdout with `--json`.

        Args:
            error: The error; no error of this package holds a secret.
        """
        self.warn(f"error: {in_words_of_the_command_line(str(error))}")
        self.emit({"error": described(error)})


def described(error: WikipayamError) -> dict[str, object]:
    """Return an error as a JSON object.

    Args:
        error: The error.
    """
    fields: dict[str, object] = {"type": type(error).__name__, "message": in_words_of_the_command_line(str(error))}
    if isinstance(error, APIStatusError):
        fields |= {"status_code": error.status_code, "errors": dict(error.errors), "retry_after": error.retry_after}
    if isinstance(error, UnknownOutcomeError):
        fields["track_ids"] = list(error.track_ids)
    return fields
