"""Lines for a shell: `wikipayam ...` is run in process, others have to be of a kind that a reader knows."""

from __future__ import annotations

import io
import re
import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from importlib.util import find_spec
from pathlib import Path

from attrs import frozen

from tests.docs.pages import ROOT

__all__ = ["Command", "Said", "commands", "is_harmless", "is_harmless_powershell", "run_command"]

PLAIN = re.compile(
    r"(?:python -m )?pip install \S|python -m pip \S|uv (?:add|pip install) \S|curl \S|export [A-Z_]+=\S|"
    r"python -m nox\b|nox -s \w|pytest\b"
)
POWERSHELL = re.compile(r'py -m venv \S|\S+\\Activate\.ps1|pip install \S|python \w+\.py|\$env:[A-Z_]+ = "')
PROGRAM = re.compile(r"python (-m )?([\w./-]+)")
EXIT_CODE = re.compile(r"\bexit code (\d+)")
REDIRECTIONS = ("<", ">", ">>", "2>")
MORE_OF_A_SHELL = ("|", "&", "&&", "||", ";", "2>&1", "&>")


@frozen
class Command:
    """A line of a shell.

    Attributes:
        line: As it stands on the page, its continuations joined.
        offset: How many lines of the block go before it.
        exit_code: Which exit code its comment promises (`# exit code 3`); 0 if it promises none.
    """

    line: str
    offset: int
    exit_code: int

    @property
    def words(self) -> list[str]:
        """Its words, as a shell would take them apart."""
        return shlex.split(self.line, comments=True)


@frozen
class Said:
    """What came of a command."""

    exit_code: int
    out: str
    err: str


def commands(source: str) -> Iterator[Command]:
    """Take a block apart into commands, without empty lines and comments."""
    lines = source.splitlines()
    offset = 0
    while offset < len(lines):
        begin, line = offset, lines[offset].strip()
        while line.endswith("\\") and offset + 1 < len(lines):
            offset += 1
            line = f"{line[:-1].rstrip()} {lines[offset].strip()}"
        offset += 1
        if line and not line.startswith("#"):
            _, _, comment = line.partition(" #")
            promised = EXIT_CODE.search(comment)
            yield Command(line, begin, int(promised[1]) if promised else 0)


def is_harmless(command: Command, files: Sequence[str]) -> bool:
    """Tell whether a line may stand on a page without being run.

    Args:
        command: The line.
        files: The names of the programs that the page shows.
    """
    if PLAIN.match(command.line):
        return True
    program = PROGRAM.match(command.line)
    if program is None:
        return False
    if program[1]:
        return find_spec(program[2]) is not None
    return program[2] in files or (ROOT / program[2]).is_file()


def is_harmless_powershell(command: Command) -> bool:
    """Tell whether a line of PowerShell is of a kind that pages need; none is run."""
    return POWERSHELL.match(command.line) is not None


def run_command(words: Sequence[str]) -> Said:
    """Run a `wikipayam` line in this process, in the main thread, since it listens for Ctrl-C.

    `<`, `>`, `>>` and `2>` lead to files, as in a shell.

    Raises:
        ValueError: It asks for more of a shell than that.
    """
    from wikipayam_async.cli import main  # noqa: PLC0415 - an extra

    arguments, files = _apart(words[1:])
    out, err = _Shown(), _Shown()
    with _stdin(files.get("<")), redirect_stdout(out), redirect_stderr(err):
        exit_code = _exit_code_of(main, arguments)
    for sign, shown in ((">", out), (">>", out), ("2>", err)):
        if sign in files:
            with Path(files[sign]).open("a" if sign == ">>" else "w", encoding="utf-8") as file:
                file.write(shown.text)
    return Said(exit_code, out.text, err.text)


class _Shown(io.TextIOWrapper):
    """Takes what is printed, as text or as bytes."""

    def __init__(self) -> None:
        super().__init__(io.BytesIO(), encoding="utf-8", write_through=True)

    @property
    def text(self) -> str:
        buffer = self.buffer
        assert isinstance(buffer, io.BytesIO)
        return buffer.getvalue().decode()


def _apart(words: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """Tell arguments from redirections."""
    arguments: list[str] = []
    files: dict[str, str] = {}
    rest = iter(words)
    for word in rest:
        if word in REDIRECTIONS:
            files[word] = next(rest)
        elif word in MORE_OF_A_SHELL:
            raise ValueError(f"the tests know no {word} in a line of a shell")
        else:
            arguments.append(word)
    return arguments, files


@contextmanager
def _stdin(path: str | None) -> Iterator[None]:
    text = "" if path is None else Path(path).read_text("utf-8")
    before, sys.stdin = sys.stdin, io.TextIOWrapper(io.BytesIO(text.encode()), encoding="utf-8")
    try:
        yield
    finally:
        sys.stdin = before


def _exit_code_of(main: Callable[[Sequence[str]], int], arguments: Sequence[str]) -> int:
    try:
        return main(arguments)
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
