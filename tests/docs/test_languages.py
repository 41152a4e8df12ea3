"""The links between the languages of the site."""

from __future__ import annotations

from pathlib import Path

from docs.tools.languages import link_languages, link_to_same_page

PAGES = {"en": {"index.html", "a.html", "sub/b.html"}, "fa": {"index.html", "sub/b.html"}}


def links(prefix: str) -> str:
    """Return the links to both languages as Zensical writes them."""
    return f'<a href="{prefix}en/index.html" hreflang="en"></a><a href="{prefix}fa/index.html" hreflang="fa"></a>'


def test_a_page_links_to_itself_in_the_other_language() -> None:
    """The links lead to the same page at any depth; other links to a home page stay."""
    page = links("../../") + '<a href="../../fa/index.html">home</a>'
    assert link_to_same_page(page, "sub/b.html", PAGES) == (
        '<a href="../../en/sub/b.html" hreflang="en"></a><a href="../../fa/sub/b.html" hreflang="fa"></a>'
        '<a href="../../fa/index.html">home</a>'
    )


def test_a_page_in_one_language_links_to_the_home_page_of_the_other() -> None:
    """A page without a counterpart has no broken link."""
    assert link_to_same_page(links("../"), "a.html", PAGES) == (
        '<a href="../en/a.html" hreflang="en"></a><a href="../fa/index.html" hreflang="fa"></a>'
    )


def test_all_pages_of_a_site_are_linked(tmp_path: Path) -> None:
    """Every page of every language's folder is rewritten."""
    for language, pages in PAGES.items():
        for page in pages:
            (tmp_path / language / page).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / language / page).write_text(links("../" * (page.count("/") + 1)), "utf-8")
    link_languages({language: tmp_path / language for language in PAGES})
    assert (tmp_path / "fa/sub/b.html").read_text("utf-8").startswith('<a href="../../en/sub/b.html"')
    assert (tmp_path / "fa/index.html").read_text("utf-8") == links("../")
