"""Read a site's configuration: its title, and its pages in their groups."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from pathlib import Path

from attrs import frozen

__all__ = ["Group", "Nav", "nav_problems", "read_nav"]


@frozen
class Group:
    """A group of pages.

    Attributes:
        title: Its heading in the navigation.
        pages: The files, relative to the language's folder.
    """

    title: str
    pages: tuple[str, ...]


@frozen
class Nav:
    """The navigation of a site.

    Attributes:
        name: The title of the site.
        description: The site's description, one sentence.
        groups: The groups of pages, in reading order.
    """

    name: str
    description: str
    groups: tuple[Group, ...]

    @property
    def pages(self) -> list[str]:
        """All pages, in reading order."""
        return [page for group in self.groups for page in group.pages]


def read_nav(config: Path) -> Nav:
    """Read the configuration of a site."""
    project = tomllib.loads(config.read_text("utf-8"))["project"]
    groups = [Group(title, tuple(pages)) for entry in project["nav"] for title, pages in entry.items()]
    return Nav(project["site_name"], project["site_description"], tuple(groups))


def nav_problems(nav: Nav, files: Iterable[str]) -> list[str]:
    """Return the pages that are missing, not listed, or listed twice."""
    listed, existing = nav.pages, set(files)
    twice = sorted({page for page in listed if listed.count(page) > 1})
    return [
        *(f"{page}: in the nav, but there is no such page" for page in listed if page not in existing),
        *(f"{page}: not in the nav" for page in sorted(existing - set(listed))),
        *(f"{page}: twice in the nav" for page in twice),
    ]
