"""The pages on the command line name every command and every option."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from cyclopts import App

from tests.docs.pages import DOCS
from wikipayam_async.cli.app import build

if not DOCS.is_dir():
    pytest.skip("the documentation is not in this tree", allow_module_level=True)

EMULATOR = "emulator"
ARGUMENTS = {"--file"}
"""Names of arguments that are given by their place."""


def commands(app: App, *path: str) -> Iterator[tuple[tuple[str, ...], App]]:
    """Yield every command below one, with its path."""
    for name in app:
        if not name.startswith("-"):
            yield (*path, name), app[name]
            yield from commands(app[name], *path, name)


def options(command: App) -> set[str]:
    """Return the options of a command, without those that only turn another one off."""
    if command.default_command is None:
        return set()
    names = (argument.names[0] for argument in command.assemble_argument_collection())
    return {name for name in names if name.startswith("--")} - ARGUMENTS


COMMANDS = dict(commands(build()))


@pytest.mark.parametrize("language", ["en", "fa"])
@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_command_and_option_is_named(path: tuple[str, ...], language: str) -> None:
    """Those of the emulator are on its own page."""
    pages = ["command-line", EMULATOR] if path[0] == EMULATOR else ["command-line"]
    text = "\n".join((DOCS / language / f"{page}.md").read_text("utf-8") for page in pages)
    assert [name for name in sorted(options(COMMANDS[path])) if name not in text] == []
    assert path[-1] in text
