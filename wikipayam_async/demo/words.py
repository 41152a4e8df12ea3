"""The language of the demo: English, or Persian from a catalogue."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import frozen

__all__ = ["ENGLISH", "Words", "words_of"]

_LEFT_TO_RIGHT = "\u200e"


@frozen
class Words:
    """What the demo says, in a language.

    Attributes:
        catalogue: The texts by the English ones; one that is missing stays English.
        mark: What a cell of a table begins with, so that a terminal keeps the order of the cells.
    """

    catalogue: Mapping[str, str]
    mark: str

    def __call__(self, text: str, **values: object) -> str:
        """Return a text.

        Args:
            text: The English text, with a name in braces for each value.
            **values: The values by name.
        """
        found = self.catalogue.get(text, text)
        return found.format(**values) if values else found

    def kept(self, number: str) -> str:
        """Return a masked number that keeps its order within a Persian sentence.

        Args:
            number: The number.
        """
        return f"{self.mark}{number}{self.mark}"


ENGLISH = Words({}, "")


def words_of(language: str) -> Words:
    """Return the words of a language.

    Args:
        language: `fa` or `en`.
    """
    if language != "fa":
        return ENGLISH
    from wikipayam_async.demo.words_fa import PERSIAN  # noqa: PLC0415 - only for Persian

    return Words(PERSIAN, _LEFT_TO_RIGHT)
