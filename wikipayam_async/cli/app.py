"""The tree of commands. Each command's module, and what tells of errors, is imported when it is needed, for a fast start."""

from __future__ import annotations

import io
import logging
import os
import sys
from collections.abc import Sequence

from cyclopts import App, CycloptsError, Group, Parameter

from wikipayam_async.cli.translations import EnglishHelp, TranslatedHelp, language_of, translate
from wikipayam_async.version import __version__

__all__ = ["build", "run"]

_COMMANDS = (
    ("balance", "account:balance", "Show the account's balance, which also checks the token."),
    ("send", "sending:send", "Send one text to one or more receivers."),
    ("bulk", "bulk.command:bulk", "Send a message for each row of a file: CSV, XLSX or JSON Lines."),
    (
        "campaign",
        "campaign.commands:campaign",
        "Plan and resume bulk sends, and show, decide, export and delete outcomes.",
    ),
    ("worker", "worker:worker", "Send the campaigns that are enqueued in a database."),
    ("status", "status:status", "Show the delivery status of sent messages."),
    ("inbox", "inbox:inbox", "Read, mark, delete, watch and export received messages."),
    ("idempotency", "idempotency:idempotency", "Show the outcome of a message under an idempotency key."),
    ("otp", "sending:otp", "Send a one-time code by SMS."),
    ("voice", "sending:voice", "Send a one-time code by a voice call."),
    ("verify", "verify:verify", "Send a one-time code, and check what you type: a trial of a login."),
    ("holoo", "sending:holoo", "Send through the endpoint of the accounting software Holoo."),
    ("parts", "text_commands:parts", "Count the parts of a text, and their cost."),
    ("pattern", "pattern:pattern", "Check the text of a one-time code's pattern."),
    ("number", "text_commands:number", "Show the kind and the forms of a phone number."),
    (
        "emulator",
        "emulator.commands:emulator",
        "Serve an emulated gateway, which sends nothing, and control one that runs.",
    ),
    ("lab", "lab:lab", "Open a page that tries every call: of the emulator, or of the gateway with --real."),
    ("demo", "demo:demo", "Run a bulk send against an emulated gateway with faults."),
    ("doctor", "doctor:doctor", "Check token, TLS, clock, proxy and connection."),
    ("completion", "completion:completion", "Print the completion script for a shell."),
)
_INTERRUPTED = 130
_GROUPS = {"campaign", "emulator", "idempotency", "inbox"}
"""Commands with subcommands: their line is their whole help."""
_WITH_DATABASE = {"campaign", "doctor", "worker"}
_HELP = "Send and receive SMS through the Wikipayam gateway."
_EPILOGUE = (
    "Exit codes: 0 all accepted, 1 some rejected, 2 usage error, 3 some outcomes unknown, "
    "4 token missing or refused, 5 gateway or network failure, 130 interrupted."
)


def build(language: str = "en", called: str | None = None) -> App:
    """Build the tree of commands.

    Args:
        language: The language of the help: `en` or `fa`.
        called: The command that is called: its help shows the whole docstring instead of the one-line summary.
    """

    def translated(text: str) -> str:
        return translate(text, language)

    app = App(
        name="wikipayam",
        help=translated(_HELP),
        help_epilogue=translated(_EPILOGUE),
        help_format="plaintext",
        help_formatter=EnglishHelp() if language == "en" else TranslatedHelp(language),
        version=__version__,
        group_commands=Group(translated("Commands")),
        group_arguments=Group(translated("Arguments")),
        group_parameters=Group(translated("Options")),
        default_parameter=Parameter(negative="", show_default=_shown_default),
        suppress_keyboard_interrupt=False,
        exit_on_error=False,
        result_action="return_value",
    )
    for index, (name, path, text) in enumerate(_COMMANDS):
        help_text = None if name == called and name not in _GROUPS else translated(text)
        app.command(f"wikipayam_async.cli.{path}", name=name, help=help_text, sort_key=index)
    return app


def _shown_default(default: object) -> str | None:
    """Return a default as the help shows it; None for an option that is off."""
    return None if default in (None, False, (), "") else str(default)


def run(argv: Sequence[str]) -> int:
    """Run a command line.

    Args:
        argv: The arguments after the program name.

    Returns:
        The exit code.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # not every terminal encodes Persian
    if argv and argv[0] in _WITH_DATABASE:
        from wikipayam_async.cli.database import VARIABLE, has_misplaced_url  # noqa: PLC0415 - few commands need it

        if has_misplaced_url(argv):  # the parser would quote it
            return _refuse(f"pass the URL of a database as --database URL, or set {VARIABLE}")
    # Commands tell in their own words what the package logs: nothing is to be told twice.
    logger, silent = logging.getLogger("wikipayam_async"), logging.NullHandler()
    logger.addHandler(silent)
    language = language_of(os.environ)
    app = build(language, called=argv[0] if argv else None)
    try:
        code = app(list(argv), print_error=language == "en")
    except CycloptsError as error:
        return _refuse(None if language == "en" else " ".join(str(error).split()))
    except KeyboardInterrupt:
        return _INTERRUPTED
    finally:
        logger.removeHandler(silent)
    return int(code or 0)


def _refuse(reason: str | None) -> int:
    """Tell why a command line is refused, unless the parser has told it; return the exit code."""
    from wikipayam_async.cli.exits import Exit  # noqa: PLC0415 - for a fast start

    if reason is not None:
        from wikipayam_async.cli.output import Output  # noqa: PLC0415 - likewise

        Output().warn(f"error: {reason}")
    return Exit.USAGE
