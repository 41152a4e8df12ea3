"""The tree of commands. Each is loaded when it is called, so that none waits for what it does not need."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence

from cyclopts import App, CycloptsError, Group, Parameter

from wikipayam_async.cli.exits import Exit
from wikipayam_async.cli.translations import EnglishHelp, TranslatedHelp, language_of, translate
from wikipayam_async.version import __version__

__all__ = ["build", "run"]

_COMMANDS = (
    ("balance", "account:balance", "Show the account's balance, which also checks the token."),
    ("send", "sending:send", "Send one text to one or more receivers."),
    ("bulk", "bulk.command:bulk", "Send what a file lists: CSV, XLSX or JSON Lines."),
    ("results", "bulk.command:results", "Show what became of a bulk send, from its results file."),
    ("status", "status:status", "Show what became of messages that were sent."),
    ("inbox", "inbox:inbox", "Read, mark, delete, watch and export received messages."),
    ("otp", "sending:otp", "Send a one-time code by SMS."),
    ("voice", "sending:voice", "Send a one-time code by a call."),
    ("holoo", "sending:holoo", "Send by the road of the accounting software Holoo."),
    ("parts", "text_commands:parts", "Count the parts of a text, and what they cost."),
    ("number", "text_commands:number", "Tell what a phone number is, and its spellings."),
    ("emulator", "serving:emulator", "Serve an emulated gateway, which sends nothing."),
    ("demo", "serving:demo", "Watch a bulk send to an emulated gateway that misbehaves."),
    ("doctor", "doctor:doctor", "Check token, TLS, clock, proxy and the way to the gateway."),
    ("completion", "completion:completion", "Print the completion script of a shell."),
)
_GROUPS = {"inbox"}
"""Commands that have commands of their own, and no function that says what they are for."""
_HELP = "Send and receive SMS through the gateway Wikipayam."
_EPILOGUE = (
    "Exit codes: 0 all accepted, 1 some rejected, 2 a mistake in the command, 3 the outcome of some is unknown, "
    "4 no token or a refused one, 5 gateway or network, 130 interrupted."
)


def build(language: str = "en", called: str | None = None) -> App:
    """Set the commands up.

    Args:
        language: The language of the help: `en` or `fa`.
        called: The command that is called: its help is all of what its function says, not the line of the list.
    """

    def word(text: str) -> str:
        return translate(text, language)

    app = App(
        name="wikipayam",
        help=word(_HELP),
        help_epilogue=word(_EPILOGUE),
        help_format="plaintext",
        help_formatter=EnglishHelp() if language == "en" else TranslatedHelp(language),
        version=__version__,
        group_commands=Group(word("Commands")),
        group_arguments=Group(word("Arguments")),
        group_parameters=Group(word("Options")),
        default_parameter=Parameter(negative="", show_default=_worth_showing),
        suppress_keyboard_interrupt=False,
        exit_on_error=False,
        result_action="return_value",
    )
    for place, (name, path, text) in enumerate(_COMMANDS):
        line = None if name == called and name not in _GROUPS else word(text)
        app.command(f"wikipayam_async.cli.{path}", name=name, help=line, sort_key=place)
    return app


def _worth_showing(default: object) -> str | None:
    """Return a default as the help shows it; an option that is off needs none."""
    return None if default in (None, False, (), "") else str(default)


def run(argv: Sequence[str]) -> int:
    """Run a command line.

    Args:
        argv: The arguments after the program's name.

    Returns:
        The exit code.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # not every terminal knows Persian
    app = build(language_of(os.environ), called=argv[0] if argv else None)
    try:
        code = app(list(argv))
    except CycloptsError:
        return Exit.USAGE
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    return int(code or 0)
