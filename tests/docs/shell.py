"""Shell commands of pages: `wikipayam ...` is run in this process, others must be of a known kind."""

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

__all__ = ["Command", "CommandResult", "commands", "is_known", "is_known_powershell", "run_command"]

KNOWN = re.compile(
    r"(?:python -m )?pip install \S|python -m pip \S|uv (?:add|pip install) \S|curl \S|export [A-Z_]+=\S|"
    r"python -m nox\b|nox -s \w|pytest\b|(?:docker|podman) (?:build|run) \S|node --test \S|php \S"
)
POWERSHELL = re.compile(r'py -m venv \S|\S+\\Activate\.ps1|pip install \S|python \w+\.py|\$env:[A-Z_]+ = "')
PROGRAM = re.compile(r"python (-m )?([\w./-]+)")
EXIT_CODE = re.compile(r"\bexit code (\d+)")
REDIRECTIONS = ("<", ">", ">>", "2>")
UNSUPPORTED = ("|", "&", "&&", "||", ";", "2>&1", "&>")


@frozen
class Command:
    """A shell command.

    Attributes:
        line: The line on the page, with continuation lines joined.
        offset: The number of lines before it in the block.
        exit_code: The exit code that its comment states (`# exit code 3`), or 0.
    """

    line: str
    offset: int
    exit_code: int

    @property
    def words(self) -> list[str]:
        """The words of the command, split like in a shell."""
        return shlex.split(self.line, comments=True)


@frozen
class CommandResult:
    """The exit code and the output of a command."""

    exit_code: int
    out: str
    err: str


def commands(source: str) -> Iterator[Command]:
    """Yield the commands of a block, without empty lines and comments."""
    lines = source.splitlines()
    offset = 0
    while offset < len(lines):
        start, line = offset, lines[offset].strip()
        while line.endswith("\\") and offset + 1 < len(lines):
            offset += 1
            line = f"{line[:-1].rstrip()} {lines[offset].strip()}"
        offset += 1
        if line and not line.startswith("#"):
            _, _, comment = line.partition(" #")
            exit_code = EXIT_CODE.search(comment)
            yield Command(line, start, int(exit_code[1]) if exit_code else 0)


def is_known(command: Command, files: Sequence[str]) -> bool:
    """Return whether a command may be on a page without being run.

    Args:
        command: The command.
        files: The names of the programs that the page includes.
    """
    if KNOWN.match(command.line):
        return True
    program = PROGRAM.match(command.line)
    if program is None:
        return False
    if program[1]:
        return find_spec(program[2]) is not None
    return program[2] in files or (ROOT / program[2]).is_file()


def is_known_powershell(command: Command) -> bool:
    """Return whether a PowerShell command may be on a page; none is run."""
    return POWERSHELL.match(command.line) is not None


def run_command(words: Sequence[str]) -> CommandResult:
    """Run a `wikipayam` command in this process, in the main thread, since it handles Ctrl-C.

    `<`, `>`, `>>` and `2>` redirect to files, as in a shell.

    Raises:
        ValueError: The command uses another feature of a shell.
    """
    from wikipayam_async.cli import main  # noqa: PLC0415 - an extra

    arguments, files = _split(words[1:])
    out, err = _Output(), _Output()
    with _stdin(files.get("<")), redirect_stdout(out), redirect_stderr(err):
        exit_code = _exit_code_of(main, arguments)
    for sign, output in ((">", out), (">>", out), ("2>", err)):
        if sign in files:
            with Path(files[sign]).open("a" if sign == ">>" else "w", encoding="utf-8") as file:
                file.write(output.text)
    return CommandResult(exit_code, out.text, err.text)


class _Output(io.TextIOWrapper):
    """Captures what is printed, as text or as bytes."""

    def __init__(self) -> None:
        super().__init__(io.BytesIO(), encoding="utf-8", write_through=True)

    @property
    def text(self) -> str:
        buffer = self.buffer
        assert isinstance(buffer, io.BytesIO)
        return buffer.getvalue().decode()


def _split(words: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """Separate arguments from redirections."""
    arguments: list[str] = []
    files: dict[str, str] = {}
    rest = iter(words)
    for word in rest:
        if word in REDIRECTIONS:
            files[word] = next(rest)
        elif word in UNSUPPORTED:
            raise ValueError(f"{word} is not supported in a shell command")
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
    except SystemExit as exit_:
        return exit_.code if isinstance(exit_.code, int) else int(exit_.code is not None)
