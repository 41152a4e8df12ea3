"""The language of the help: the commands are written in English, and a catalogue has their Persian."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from cyclopts.help.formatters import PlainFormatter

if TYPE_CHECKING:
    from cyclopts.help import HelpPanel
    from rich.console import Console, ConsoleOptions

__all__ = ["TranslatedHelp", "language_of", "translate"]

_PERSIAN = "fa"


def language_of(environ: Mapping[str, str]) -> str:
    """Return the language that the environment asks for: `fa` or `en`.

    Args:
        environ: The environment; the first of LC_ALL, LC_MESSAGES and LANG that is set counts.
    """
    locale = next((environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if environ.get(name)), "")
    return _PERSIAN if locale.lower().split("_")[0].split(".")[0] == _PERSIAN else "en"


def translate(text: str, language: str) -> str:
    """Return a text of the help in a language; as it is, if the catalogue lacks it.

    Args:
        text: The English text. Line ends count as spaces.
        language: `fa` or `en`.
    """
    if language != _PERSIAN:
        return text
    from wikipayam_async.cli.words_fa import WORDS  # noqa: PLC0415 - few read Persian here

    return WORDS.get(" ".join(text.split()), text)


class TranslatedHelp(PlainFormatter):
    """Help without boxes, whose lines terminals that know no right-to-left would tear apart, in another language.

    Args:
        language: The language.
    """

    def __init__(self, language: str) -> None:
        super().__init__()
        self._language = language

    def __call__(self, console: Console, options: ConsoleOptions, panel: HelpPanel) -> None:
        """Show a panel."""
        entries = [entry.copy(description=self._translate(entry.description)) for entry in panel.entries]
        super().__call__(console, options, panel.copy(entries=entries))

    def render_usage(self, console: Console, options: ConsoleOptions, usage: Any) -> None:
        """Show the line of usage."""
        with console.capture() as captured:
            super().render_usage(console, options, usage)
        console.print(
            captured.get().replace("Usage:", translate("Usage:", self._language), 1),
            end="",
            markup=False,
            highlight=False,
        )

    def render_description(self, console: Console, options: ConsoleOptions, description: Any) -> None:
        """Show what the command is for."""
        super().render_description(console, options, self._translate(description))

    def _translate(self, description: Any) -> Any:
        text = getattr(getattr(description, "primary_renderable", description), "plain", description)
        if not isinstance(text, str):
            return description
        paragraphs = (translate(paragraph, self._language) for paragraph in text.split("\n\n"))
        return "\n\n".join(paragraphs) + "".join(f" {one.plain}" for one in getattr(description, "texts", ()))
