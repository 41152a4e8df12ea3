"""What a site's configuration says: its title, its pages, and in which groups they stand."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from pathlib import Path

from attrs import frozen

__all__ = ["Group", "Nav", "gaps", "read_nav"]


@frozen
class Group:
    """A group of pages.

    Attributes:
        title: What stands above it.
        pages: Their files, below the folder of the language.
    """

    title: str
    pages: tuple[str, ...]


@frozen
class Nav:
    """What a site has.

    Attributes:
        name: The title of the site.
        description: What it is about, in a sentence.
        groups: Its pages, in the order of reading.
    """

    name: str
    description: str
    groups: tuple[Group, ...]

    @property
    def pages(self) -> list[str]:
        """All pages, in the order of reading."""
        return [page for group in self.groups for page in group.pages]


def read_nav(config: Path) -> Nav:
    """Read the configuration of a site."""
    project = tomllib.loads(config.read_text("utf-8"))["project"]
    groups = [Group(title, tuple(pages)) for entry in project["nav"] for title, pages in entry.items()]
    return Nav(project["site_name"], project["site_description"], tuple(groups))


def gaps(nav: Nav, files: Iterable[str]) -> list[str]:
    """Return what is wrong between the navigation and the files there are."""
    listed, there = nav.pages, set(files)
    twice = sorted({page for page in listed if listed.count(page) > 1})
    return [
        *(f"{page}: in the nav, but there is no such page" for page in listed if page not in there),
        *(f"{page}: not in the nav" for page in sorted(there - set(listed))),
        *(f"{page}: twice in the nav" for page in twice),
    ]
