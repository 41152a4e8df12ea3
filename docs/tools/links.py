"""Check a built site: no link is broken, and nothing is loaded from another host.

Zensical's strict mode checks Markdown links between pages. This module checks pictures, files and links in HTML.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

from attrs import field, frozen

__all__ = ["Page", "check_site", "loads_of_css", "problems", "read_page"]

_CSS_URL = re.compile(r"""url\(\s*["']?([^"')]+)|@import\s+["']([^"']+)""")
_LOADING = {
    "script": "src",
    "img": "src",
    "iframe": "src",
    "source": "src",
    "audio": "src",
    "video": "src",
    "embed": "src",
}
_LOADING_LINKS = {"stylesheet", "icon", "preconnect", "dns-prefetch", "preload", "modulepreload", "manifest"}


@frozen
class Page:
    """The references of an HTML page.

    Attributes:
        anchors: The anchors that a link to the page may name.
        links: The targets of its links.
        loads: The URLs that a browser fetches to show it.
    """

    anchors: set[str] = field(factory=set)
    links: list[str] = field(factory=list)
    loads: list[str] = field(factory=list)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.page = Page()
        self._in_style = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self._in_style = tag == "style"
        self.page.anchors.update(values[name] for name in ("id", "name") if values.get(name))
        self.page.loads.extend(loads_of_css(values.get("style", "")))
        target = values.get("href", "")
        if tag == "link":
            kinds = set(values.get("rel", "").split())
            (self.page.loads if kinds & _LOADING_LINKS else self.page.links).append(target)
        elif tag in {"a", "area"} and "href" in values:
            self.page.links.append(target)
        elif values.get(_LOADING.get(tag, "")):
            self.page.loads.append(values[_LOADING[tag]])

    def handle_data(self, data: str) -> None:
        if self._in_style:
            self.page.loads.extend(loads_of_css(data))

    def handle_endtag(self, tag: str) -> None:
        if tag == "style":
            self._in_style = False


def read_page(html: str) -> Page:
    """Return the references of an HTML page."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.page


def loads_of_css(css: str) -> list[str]:
    """Return the URLs that a style sheet loads."""
    return [url or imported for url, imported in _CSS_URL.findall(css)]


def problems(pages: Mapping[str, Page], files: AbstractSet[str]) -> list[str]:
    """Return the problems of a site: broken links, missing files, loads from other hosts.

    Args:
        pages: The references of its pages and style sheets, by their paths in the site.
        files: All paths of the site, including folders.
    """
    found = []
    for path, page in sorted(pages.items()):
        for target in page.loads:
            if _is_external(target):
                found.append(f"{path}: loads {target}")
            elif not target.startswith("data:") and _target_of(path, target)[0] not in files:
                found.append(f"{path}: loads {target}, which does not exist")
        for target in page.links:
            where, anchor = _target_of(path, target)
            if _is_external(target) or urlsplit(target).scheme:
                continue
            if where not in files:
                found.append(f"{path}: the link {target} is broken")
            elif anchor and where in pages and anchor not in pages[where].anchors:
                found.append(f"{path}: the link {target} names a missing anchor")
    return found


def _is_external(target: str) -> bool:
    return urlsplit(target).scheme in {"http", "https"} or target.startswith("//")


def _target_of(path: str, target: str) -> tuple[str, str]:
    parts = urlsplit(target)
    if not parts.path:
        return path, unquote(parts.fragment)
    where = posixpath.normpath(posixpath.join(posixpath.dirname(path), unquote(parts.path)))
    return where, unquote(parts.fragment)


def check_site(site: Path) -> list[str]:
    """Return the problems of the site in a folder."""
    paths = [path for path in site.rglob("*") if path.is_file()]
    files = {path.relative_to(site).as_posix() for path in paths}
    folders = {parent.as_posix() for file in files for parent in Path(file).parents}
    pages = {}
    for path in paths:
        name = path.relative_to(site).as_posix()
        if path.suffix == ".html":
            pages[name] = read_page(path.read_text("utf-8"))
        elif path.suffix == ".css":
            pages[name] = Page(loads=loads_of_css(path.read_text("utf-8")))
    return problems(pages, files | folders)
