"""What commands say, in the language of the environment: questions, results, errors and usage errors.

Commands write English. Each line is looked up in a catalogue of sentences; a line that it lacks stays English, on a line
of its own, where a terminal does not mix it with right-to-left text.
"""

from __future__ import annotations

import re
import textwrap
from functools import partial

__all__ = ["heading", "spoken", "worded"]

_PERSIAN = "fa"
_ERROR = "error: "
_INDENT = "  "
_REORDERED = re.compile(
    r"(?P<said>(?P<indent>\s*)[^\n]*[\u0600-\u06ff][^\n]*:) (?![\d,.\s]+$)(?P<raw>[^\sA-Za-z\u0600-\u06ff][^\u0600-\u06ff]*)"
)
"""An option, a path or a masked number behind a Persian sentence: its dashes, slashes or stars would change sides."""
_RIGHT_TO_LEFT = "\u200f"
"""Around a number and its unit: without it, a terminal would show the number behind its unit."""


def spoken(text: str, language: str) -> str:
    """Return what a command says, in a language.

    Args:
        text: One or more lines of English.
        language: `fa` or `en`.
    """
    if language != _PERSIAN:
        return text
    return "\n".join(map(_line, text.split("\n")))


def heading(name: str, language: str) -> str:
    """Return the heading of a column, or the name of a value, in a language; unchanged if the catalogue lacks it.

    Args:
        name: The English name.
        language: `fa` or `en`.
    """
    if language != _PERSIAN:
        return name
    from wikipayam_async.cli.speech_fa import HEADINGS  # noqa: PLC0415 - only for Persian

    return HEADINGS.get(name, name)


def worded(column: str, value: str, language: str) -> str:
    """Return the value of a column in a language; unchanged if it is no word of this package.

    Args:
        column: The English heading.
        value: The value.
        language: `fa` or `en`.
    """
    if language != _PERSIAN:
        return value
    from wikipayam_async.cli.speech_fa_values import QUANTITIES, VALUES  # noqa: PLC0415 - only for Persian

    if column in QUANTITIES:
        said = _phrase(column, value)
        return value if said == value else f"{_RIGHT_TO_LEFT}{said}{_RIGHT_TO_LEFT}"
    return VALUES.get(column, {}).get(value, value)


def _line(line: str) -> str:
    from wikipayam_async.cli.speech_fa import ERROR, SENTENCES  # noqa: PLC0415 - only for Persian

    if line.startswith(_ERROR):
        error = line.removeprefix(_ERROR)
        said = _line(error)
        return f"{ERROR} {said}" if said != error else f"{ERROR}\n{_INDENT}{error}"
    for pattern, sentence in SENTENCES:
        found = pattern.fullmatch(line)
        if found:
            said = sentence.format(**{name: _phrase(name, value or "") for name, value in found.groupdict().items()})
            return "\n".join(map(_separated, said.rstrip().split("\n")))
    return line


def _separated(line: str) -> str:
    """Return a line of a sentence, with what a terminal would reorder at its end on the next line."""
    found = _REORDERED.fullmatch(line)
    return f"{found['said']}\n{found['indent']}{_INDENT}{found['raw'].rstrip()}" if found else line.rstrip()


def _phrase(name: str, value: str) -> str:
    """Return a part of a sentence.

    What is called `raw` is a name, a path or a command. `line` is a sentence of its own, `below` one on the next line, and
    `each` is several phrases, each on a line.
    """
    from wikipayam_async.cli.speech_fa import PHRASES, WORDS  # noqa: PLC0415 - only for Persian

    if name.startswith("raw"):
        return value
    if name == "line":
        return _after(value)
    if name == "below":
        return _indented(_line(value))
    if name.startswith("each"):
        return _indented("\n".join(_phrase("", one) for one in value.split("; ")))
    if value in WORDS:
        return WORDS[value]
    for pattern, phrase in PHRASES:
        value = pattern.sub(partial(_filled, phrase), value)
    return value


def _after(line: str) -> str:
    """Return a sentence after another one: on the same line if it is Persian, else below it."""
    said = _line(line)
    if said == line:
        return f"\n{_indented(line)}" if line else ""
    return f" {said}"


def _indented(text: str) -> str:
    return textwrap.indent(text, _INDENT)


def _filled(phrase: str, found: re.Match[str]) -> str:
    from wikipayam_async.cli.speech_fa import WORDS, tomans_of  # noqa: PLC0415 - only for Persian

    groups = {name: WORDS.get(value or "", value or "") for name, value in found.groupdict().items()}
    if "rials" in groups:
        groups["tomans"] = tomans_of(groups["rials"])
    return phrase.format(**groups)
