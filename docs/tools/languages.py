"""Link each page of the built site to the same page in the other language."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path

__all__ = ["link_languages", "link_to_same_page"]

_LINK = re.compile(r'(?<=href=")(?:\.\./)+(?P<language>\w+)/index\.html(?=" hreflang)')
_HOME = "index.html"


def link_to_same_page(html: str, page: str, pages: Mapping[str, AbstractSet[str]]) -> str:
    """Return a page that links to itself in other languages, and to their home pages where it does not exist.

    Args:
        html: The page.
        page: Its path below the folder of its language.
        pages: The paths of all pages of each language.
    """

    def target(match: re.Match[str]) -> str:
        language = match["language"]
        return f"{'../' * (page.count('/') + 1)}{posixpath.join(language, page if page in pages[language] else _HOME)}"

    return _LINK.sub(target, html)


def link_languages(folders: Mapping[str, Path]) -> None:
    """Link the pages of each language's folder."""
    pages = {
        language: {path.relative_to(folder).as_posix() for path in folder.rglob("*.html")}
        for language, folder in folders.items()
    }
    for language, folder in folders.items():
        for page in pages[language]:
            html = (folder / page).read_text("utf-8")
            (folder / page).write_text(link_to_same_page(html, page, pages), "utf-8")
