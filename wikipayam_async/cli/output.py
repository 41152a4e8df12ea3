"""Where a command's words go: JSON to stdout for programs, everything else to stderr for humans."""

from __future__ import annotations

import io
import os
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, TextIO, cast

import attrs

from wikipayam_async.core.converter import encode_json
from wikipayam_async.errors import APIStatusError, InvalidInputError, UnknownOutcomeError, WikipayamError

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["Output", "counted", "plain", "visible"]

# What a stranger writes into an SMS must not steer the terminal of who reads it, nor turn the order of what stands beside
# it around. Line ends and tabs are left, and the marks that Persian is written with.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")


def visible(text: str) -> str:
    """Return a text with its control characters made visible, fit for a terminal.

    Args:
        text: Any text.
    """
    return _CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def counted(count: int, noun: str) -> str:
    """Return a number of things.

    Args:
        count: How many.
        noun: One of them.
    """
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def plain(value: object) -> object:
    """Return a value as JSON has it: models as objects, enums by their values, times as ISO 8601.

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
    """The two streams of a command.

    Args:
        json: Whether a program reads stdout; humans are then told what went wrong, and nothing else.
        stdout: Where JSON goes; the process's own if None.
        stderr: Where words go; the process's own if None.
    """

    def __init__(self, *, json: bool = False, stdout: TextIO | None = None, stderr: TextIO | None = None) -> None:
        self.json = json
        self._stdout: TextIO | None = stdout or sys.stdout
        self._words = _Words(stderr or sys.stderr)
        self.closed = self._stdout is None
        _be_utf8(self._stdout)

    @property
    def console(self) -> Console:
        """Rich's view of stderr."""
        from rich.console import Console  # noqa: PLC0415 - many commands do without

        return Console(file=cast("TextIO", self._words), highlight=False, markup=False, soft_wrap=False)

    @property
    def is_live(self) -> bool:
        """Whether a human looks on: progress may be drawn."""
        return not self.json and self._words.isatty()

    @property
    def is_lost(self) -> bool:
        """Whether nobody reads what the command has to tell."""
        return self.closed if self.json else self._words.is_lost

    def emit(self, value: object) -> None:
        """Write a line of JSON to stdout, with `--json` alone. Where there is no room for it, the human is told.

        Args:
            value: What `plain` takes.
        """
        if self.json:
            try:
                self.data(encode_json(plain(value)).decode() + "\n")
            except InvalidInputError as error:  # what the command has done is done, and its exit code says what
                self.warn(str(error))

    def data(self, text: str) -> None:
        """Write what was asked for as data to stdout, whatever the mode. A reader that went away ends no command.

        Args:
            text: The data.

        Raises:
            InvalidInputError: It cannot be written for another reason; the disk may be full.
        """
        if self.closed or self._stdout is None:
            return
        try:
            self._stdout.write(text)
            self._stdout.flush()
        except OSError as error:
            self.closed = True
            _let_go(self._stdout)
            if not isinstance(error, BrokenPipeError):
                raise InvalidInputError("stdout", rule="cannot be written", got=str(error.strerror)) from None

    def say(self, text: str) -> None:
        """Tell a human; nothing with `--json`.

        Args:
            text: One line or more.
        """
        if not self.json:
            self.warn(text)

    def warn(self, text: str) -> None:
        """Tell a human, with `--json` too.

        Args:
            text: One line or more.
        """
        self._words.write(visible(text) + "\n")
        self._words.flush()

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        """Show a table to a human; nothing with `--json`.

        Args:
            columns: The headings.
            rows: The cells of each row.
        """
        if self.json:
            return
        from rich import box  # noqa: PLC0415 - many commands do without
        from rich.table import Table  # noqa: PLC0415 - as above

        table = Table(*columns, box=box.SIMPLE, pad_edge=False, show_edge=False)
        for row in rows:
            table.add_row(*(visible(cell) for cell in row))
        self.console.print(table)

    def fail(self, error: WikipayamError) -> None:
        """Tell of an error: its text to the human, its fields to the program.

        Args:
            error: The error; none of this package's holds a secret.
        """
        self.warn(f"{type(error).__name__}: {error}")
        self.emit({"error": described(error)})


def described(error: WikipayamError) -> dict[str, object]:
    """Return an error as a JSON object.

    Args:
        error: The error.
    """
    fields: dict[str, object] = {"type": type(error).__name__, "message": str(error)}
    if isinstance(error, APIStatusError):
        fields |= {"status_code": error.status_code, "errors": dict(error.errors), "retry_after": error.retry_after}
    if isinstance(error, UnknownOutcomeError):
        fields["track_ids"] = list(error.track_ids)
    return fields


class _Words:
    """Where the human reads. If it is gone, as a terminal that was closed, the words are dropped: no command ends of that.

    Args:
        stream: The stream behind it; None if there is none.
    """

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream
        self.is_lost = stream is None
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # not every terminal knows Persian

    @property
    def encoding(self) -> str:
        """The encoding behind it, which decides what lines are drawn with."""
        return getattr(self._stream, "encoding", None) or "utf-8"

    def isatty(self) -> bool:
        """Say whether a human looks on."""
        return self._stream is not None and not self.is_lost and self._stream.isatty()

    def write(self, text: str, /) -> int:
        """Write, if somebody reads."""
        self._try(lambda stream: stream.write(text))
        return len(text)

    def flush(self) -> None:
        """Show what was written."""
        self._try(lambda stream: stream.flush())

    def _try(self, do: Callable[[TextIO], object]) -> None:
        if self._stream is None or self.is_lost:
            return
        try:
            do(self._stream)
        except OSError:
            self.is_lost = True
            _let_go(self._stream)


def _be_utf8(stream: TextIO | None) -> None:
    if isinstance(stream, io.TextIOWrapper) and stream.encoding.lower() != "utf-8":
        stream.reconfigure(encoding="utf-8")  # which JSON is


def _let_go(stream: TextIO) -> None:
    """Point a broken stream to nowhere, so that Python's own flush at exit does not complain."""
    try:
        number = stream.fileno()
    except (OSError, ValueError):
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, number)
    os.close(nowhere)
