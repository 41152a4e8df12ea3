"""Write llms.txt, an index of the pages for programs, and llms-full.txt, the pages themselves."""

from __future__ import annotations

import re
from collections.abc import Mapping

from attrs import frozen

from docs.tools.nav import Nav

__all__ = ["Summary", "full_text", "index_text", "plain", "summary_of"]

_HIDDEN = re.compile(r"<!--.*?-->\n*", re.DOTALL)
_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")
_NO_PROSE = ("#", "```", "|", ":::", "<", "!!!", "    ", "- ", "1. ", "![")


@frozen
class Summary:
    """The summary of a page.

    Attributes:
        title: Its heading.
        description: Its first sentence; empty if the page has no prose.
    """

    title: str
    description: str


def plain(markdown: str) -> str:
    """Return a page without the comments for the build and the tests."""
    return _HIDDEN.sub("", markdown).strip() + "\n"


def summary_of(text: str) -> Summary:
    """Return the title and the first sentence of a plain page."""
    title = next((line[2:].strip() for line in text.splitlines() if line.startswith("# ")), "")
    prose = (block for block in _paragraphs(text) if not block.startswith(_NO_PROSE))
    first = _LINK.sub(r"\1", " ".join(next(prose, "").split()))
    sentence, stop, _ = first.partition(". ")
    return Summary(title, f"{sentence}." if stop else first)


def _paragraphs(text: str) -> list[str]:
    without_code = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    return [block for block in without_code.split("\n\n") if block.strip()]


def index_text(nav: Nav, pages: Mapping[str, str], folder: str) -> str:
    """Return the text of llms.txt.

    Args:
        nav: The navigation.
        pages: The plain pages, by file.
        folder: The prefix of the links to the pages.
    """
    lines = [f"# {nav.name}", "", f"> {nav.description}", ""]
    for group in nav.groups:
        lines += [f"## {group.title}", ""]
        for page in group.pages:
            summary = summary_of(pages[page])
            description = f": {summary.description}" if summary.description else ""
            lines.append(f"- [{summary.title}]({folder}{page}){description}")
        lines.append("")
    return "\n".join(lines)


def full_text(nav: Nav, pages: Mapping[str, str]) -> str:
    """Return the text of llms-full.txt: all pages in the order of the navigation, each under its file name."""
    parts = [f"# {nav.name}\n\n> {nav.description}\n"]
    parts += [f"<!-- {page} -->\n\n{pages[page]}" for page in nav.pages]
    return "\n".join(parts)
