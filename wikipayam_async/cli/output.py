"""Where a command's words go: JSON to stdout for programs, everything else to stderr for humans."""

from __future__ import annotations

import io
import os
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, TextIO

import attrs

from wikipayam_async.core.converter import encode_json
from wikipayam_async.errors import APIStatusError, UnknownOutcomeError, WikipayamError

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["Output", "plain", "visible"]

# What a stranger writes into an SMS must not steer the terminal of who reads it. Line ends and tabs are left.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def visible(text: str) -> str:
    """Return a text with its control characters made visible, fit for a terminal.

    Args:
        text: Any text.
    """
    return _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


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
        self._stdout = stdout or sys.stdout
        self._stderr = stderr or sys.stderr
        self.closed = False
        _be_utf8(self._stdout)
        if isinstance(self._stderr, io.TextIOWrapper):
            self._stderr.reconfigure(errors="replace")  # not every terminal knows Persian

    @property
    def console(self) -> Console:
        """Rich's view of stderr."""
        from rich.console import Console  # noqa: PLC0415 - many commands do without

        return Console(file=self._stderr, highlight=False, markup=False, soft_wrap=False)

    @property
    def is_live(self) -> bool:
        """Whether a human looks on: progress may be drawn."""
        return not self.json and self._stderr.isatty()

    def emit(self, value: object) -> None:
        """Write a line of JSON to stdout, with `--json` alone.

        Args:
            value: What `plain` takes.
        """
        if self.json:
            self.data(encode_json(plain(value)).decode() + "\n")

    def data(self, text: str) -> None:
        """Write what was asked for as data to stdout, whatever the mode. A reader that went away ends no command.

        Args:
            text: The data.
        """
        if self.closed:
            return
        try:
            self._stdout.write(text)
            self._stdout.flush()
        except BrokenPipeError:
            self.closed = True
            _let_go(self._stdout)

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
        self._stderr.write(visible(text) + "\n")
        self._stderr.flush()

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


def _be_utf8(stream: TextIO) -> None:
    if isinstance(stream, io.TextIOWrapper) and stream.encoding.lower() != "utf-8":
        stream.reconfigure(encoding="utf-8")  # which JSON is


def _let_go(stream: TextIO) -> None:
    """Point a broken stdout to nowhere, so that Python's own flush at exit does not complain."""
    try:
        number = stream.fileno()
    except (OSError, ValueError):
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, number)
    os.close(nowhere)
