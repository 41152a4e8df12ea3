"""The output of a command: what it was asked for to stdout, as text or JSON; progress, questions, errors to stderr."""

from __future__ import annotations

import io
import os
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, TextIO, cast

import attrs

from wikipayam_async.cli.speech import spoken
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
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


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
        self._stderr = _TextStream(stderr or sys.stderr)
        self.closed = self._stdout is None
        self.language = language_of(os.environ)
        _use_utf8(self._stdout)

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
            _redirect_to_null(self._stdout)
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

    def report(self, text: str, value: object) -> None:
        """Write an answer in sentences to stdout, in the language of the environment; or with `--json` as JSON.

        Args:
            text: One or more lines of English.
            value: A value that `plain` accepts.
        """
        self.answer(spoken(text, self.language), value)

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

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        """Write a table to stdout, except with `--json`: aligned on a terminal, else separated by tabs.

        No cell is cut or broken, so ids can be copied whatever the width of the terminal.

        Args:
            columns: The headings; none is shown if all are empty.
            rows: The cells of each row.
        """
        if self.json:
            return
        lines = [columns, *rows] if any(columns) else list(rows)
        cells = [[_CELL_BREAKS.sub(" ", visible(cell)) for cell in line] for line in lines]
        if self._stdout is not None and self._stdout.isatty():
            self.tell(aligned(cells))
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


class _TextStream:
    """A text stream that drops its output once it is closed, so that a closed terminal does not end a command.

    Args:
        stream: The underlying stream, if any.
    """

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream
        self.is_lost = stream is None
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # not every terminal encodes Persian

    @property
    def encoding(self) -> str:
        """The encoding of the stream; rich chooses its box characters by it."""
        return getattr(self._stream, "encoding", None) or "utf-8"

    def isatty(self) -> bool:
        """Return whether the stream is an open terminal."""
        return self._stream is not None and not self.is_lost and self._stream.isatty()

    def write(self, text: str, /) -> int:
        """Write the text, unless the stream is closed."""
        self._try(lambda stream: stream.write(text))
        return len(text)

    def flush(self) -> None:
        """Flush the stream."""
        self._try(lambda stream: stream.flush())

    def _try(self, do: Callable[[TextIO], object]) -> None:
        if self._stream is None or self.is_lost:
            return
        try:
            do(self._stream)
        except OSError:
            self.is_lost = True
            _redirect_to_null(self._stream)


def _use_utf8(stream: TextIO | None) -> None:
    if isinstance(stream, io.TextIOWrapper) and stream.encoding.lower() != "utf-8":
        stream.reconfigure(encoding="utf-8")  # the encoding of JSON


def _redirect_to_null(stream: TextIO) -> None:
    """Redirect a broken stream to the null device, so that Python's flush at exit does not fail."""
    try:
        number = stream.fileno()
    except (OSError, ValueError):
        return
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, number)
    os.close(null)
