"""The language of the help: English, or Persian from a catalogue."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from cyclopts.help.formatters import DefaultFormatter

if TYPE_CHECKING:
    from cyclopts.help import HelpEntry, HelpPanel
    from rich.console import Console, ConsoleOptions

__all__ = ["EnglishHelp", "TranslatedHelp", "language_of", "translate"]

_PERSIAN = "fa"
_MARGIN = "  "
_INDENT = " " * 6


def language_of(environ: Mapping[str, str]) -> str:
    """Return the language of the environment: `fa` or `en`.

    Args:
        environ: The environment; the first of LC_ALL, LC_MESSAGES and LANG that is set counts.
    """
    locale = next((environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if environ.get(name)), "")
    return _PERSIAN if locale.lower().split("_")[0].split(".")[0] == _PERSIAN else "en"


def translate(text: str, language: str) -> str:
    """Return a help text in a language; unchanged if the catalogue lacks it.

    Args:
        text: The English text. Line ends count as spaces.
        language: `fa` or `en`.
    """
    if language != _PERSIAN:
        return text
    from wikipayam_async.cli.translations_fa import TRANSLATIONS  # noqa: PLC0415 - only for Persian

    return TRANSLATIONS.get(" ".join(text.split()), text)


class EnglishHelp(DefaultFormatter):
    """The help of cyclopts, with paragraphs wrapped to the terminal instead of keeping the line ends of the source."""

    def render_description(self, console: Console, options: ConsoleOptions, description: Any) -> None:  # noqa: ARG002 - cyclopts' own signature
        """Show the description of the command."""
        for paragraph in _plain(description).split("\n\n"):
            _print(console, *_wrapped(paragraph, console.width), "")


class TranslatedHelp:
    """Help in another language, for terminals with and without right-to-left support.

    It draws no boxes, which right-to-left text would break. Left-to-right text (option names, defaults) and sentences are
    on separate lines, so that neither reorders the other.

    Args:
        language: The language.
    """

    def __init__(self, language: str) -> None:
        self._language = language

    def __call__(self, console: Console, options: ConsoleOptions, panel: HelpPanel) -> None:  # noqa: ARG002 - cyclopts' own signature
        """Show a panel."""
        layout = self._commands if panel.format == "command" else self._parameters
        if panel.entries:
            _print(console, f"{self._translate(str(panel.title))}:", *layout(panel.entries, console.width), "")

    def render_usage(self, console: Console, options: ConsoleOptions, usage: Any) -> None:  # noqa: ARG002 - as above
        """Show the usage line."""
        line = str(usage).removeprefix("Usage:").strip()
        _print(console, self._translate("Usage:"), f"{_MARGIN}{line}", "")

    def render_description(self, console: Console, options: ConsoleOptions, description: Any) -> None:  # noqa: ARG002 - cyclopts' own signature
        """Show the description of the command."""
        for paragraph in _plain(description).split("\n\n"):
            _print(console, *_wrapped(self._translate(paragraph), console.width), "")

    def _commands(self, entries: list[HelpEntry], width: int) -> Iterator[str]:
        names = [", ".join(entry.display_labels) for entry in entries]
        column = max(map(len, names))
        for name, entry in zip(names, entries, strict=True):
            text = self._translate(_plain(entry.description))
            yield from _wrapped(text, width, f"{_MARGIN}{name:<{column}}{_MARGIN}", " " * (column + 2 * len(_MARGIN)))

    def _parameters(self, entries: list[HelpEntry], width: int) -> Iterator[str]:
        for entry in entries:
            yield _MARGIN + " ".join([", ".join(entry.display_labels_with_metavar), *self._limits(entry)])
            yield from _wrapped(self._translate(_plain(entry.description)), width, _INDENT, _INDENT)

    def _limits(self, entry: HelpEntry) -> Iterator[str]:
        if entry.choices:
            yield self._translate("[choices: {}]").format(", ".join(entry.choices))
        if entry.default is not None:
            yield self._translate("[default: {}]").format(entry.default)
        if entry.required:
            yield self._translate("[required]")

    def _translate(self, text: str) -> str:
        return translate(text, self._language)


def _plain(description: Any) -> str:
    """Return the text of a description, which cyclopts wraps for rich."""
    return str(getattr(description, "primary_renderable", description))


def _wrapped(text: str, width: int, first: str = "", rest: str = "") -> list[str]:
    return textwrap.wrap(
        text, width, initial_indent=first, subsequent_indent=rest, break_long_words=False, break_on_hyphens=False
    )


def _print(console: Console, *lines: str) -> None:
    console.print("\n".join(lines), markup=False, highlight=False, soft_wrap=True)
