"""The words of the command line: errors of the package name arguments of Python, and people pass options."""

from __future__ import annotations

import re

__all__ = ["in_words_of_the_command_line"]

_OPTIONS = {
    "api_prefix": "WIKIPAYAM_SMS_API_PREFIX",
    "base_url": "--base-url",
    "batch_size": "--batch-size",
    "code": "CODE",
    "code_length": "--digits",
    "concurrency": "--concurrency",
    "days": "--older-than",
    "dedupe": "--dedupe",
    "from_date": "--from-date",
    "host": "--host",
    "latin": "--price-latin",
    "limit": "--limit",
    "line": "--sender",
    "message": "TEXT",
    "messages_per_second": "--rate",
    "name": "--name",
    "note": "--note",
    "offset": "--offset",
    "opt_out": "--opt-out",
    "otp_pattern_id": "--pattern",
    "placeholder": "--placeholder",
    "persian": "--price-persian",
    "priority": "--priority",
    "poll_interval": "--every",
    "proxy": "--proxy",
    "receiver": "RECEIVER",
    "receivers": "--receivers",
    "rials": "--spending-limit",
    "search": "--search",
    "sender": "--sender",
    "sort_by": "--sort-by",
    "sort_order": "--sort-order",
    "tariff": "--tariff",
    "template": "--template",
    "timeout": "--timeout",
    "to_date": "--to-date",
    "token": "SMS_AUTH_TOKEN",
    "track_id": "--track-id",
    "track_ids": "TRACK_IDS",
    "username": "--username",
}
"""The options by the names of the arguments that they are passed as."""

_SUBJECT = re.compile(r"(?:messages\[(?P<index>\d+)\]\.)?(?P<name>[a-z_]+)(?P<rest>\[\d+\])?(?= \(from [A-Z_]+\)|:)")

_PHRASES = (
    ("pass token=... or set SMS_AUTH_TOKEN", "set SMS_AUTH_TOKEN"),
    ("pass sender=..., or set it on the client or in SMS_SENDER", "pass --sender, or set SMS_SENDER"),
    ("pass username=..., or set it on the client or in SMS_USERNAME", "pass --username, or set SMS_USERNAME"),
    ("pass it with the message or to the client", "pass --pattern"),
    ("leave it out of base_url, or pass an api_prefix without it", "leave it out of --base-url"),
    ("; run() resumes it", ""),
    ("the task that ran it was cancelled", "interrupted"),
    (
        "progress(), results(), pause() and cancel() work meanwhile",
        "wikipayam campaign status, results, pause and cancel work meanwhile",
    ),
    (", as an int", ""),
    ("a number (int)", "a number"),
    ("a number (float)", "a number"),
    ("got FileNotFoundError", "got no such file"),
    ("got IsADirectoryError", "got a directory"),
    ("got PermissionError", "got a file that you may not read"),
    ("got UnicodeDecodeError", "got other bytes"),
    ("call plan() first", "wikipayam bulk FILE plans it"),
    ("they are in `results` of this error and in the log. The next run", "they are listed below. The next run"),
    ("pass it as opt_out again, since", "run it with the program that has it, since"),
)
"""What errors of the package say to programs, and what it is here."""


def in_words_of_the_command_line(text: str) -> str:
    """Return the text of an error with options where it names arguments of Python.

    Args:
        text: The text of an error of the package.
    """
    subject = _SUBJECT.match(text)
    if subject is not None and subject["name"] in _OPTIONS:
        name = _OPTIONS[subject["name"]]
        place = f" {int(subject['index']) + 1}" if subject["index"] else ""
        text = f"{name}{place}{text[subject.end() :]}"
    for said, meant in _PHRASES:
        text = text.replace(said, meant)
    return text
