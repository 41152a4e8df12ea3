"""The tools of the site: the link check, the index for language models, and the two configurations."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from docs.tools.build import mend_markup
from docs.tools.links import Page, check_site, loads_of_css, problems, read_page
from docs.tools.llms import Summary, full_text, index_text, plain, summary_of
from docs.tools.nav import Group, Nav, nav_problems, read_nav
from tests.docs.pages import DOCS

NAV = Nav("shop", "It sells.", (Group("Start", ("index.md", "sub/more.md")),))
PAGES = {"index.md": "# Home\n\nWelcome. Come in.\n", "sub/more.md": "# More\n\n```sh\nls\n```\n"}


def project(language: str) -> dict[str, Any]:
    """Return the configuration of a language without its language-specific settings."""
    configuration: dict[str, Any] = tomllib.loads((DOCS / f"{language}.toml").read_text("utf-8"))["project"]
    for name in ("docs_dir", "site_dir", "site_description", "nav"):
        del configuration[name]
    for name in ("language", "direction"):
        configuration["theme"].pop(name, None)
    for palette in configuration["theme"]["palette"]:
        del palette["toggle"]["name"]
    configuration["plugins"].pop("mkdocstrings", None)
    return configuration


def test_a_page_has_anchors_links_and_loads() -> None:
    """Anchors, links and loaded files are found in every kind of tag; a canonical link loads nothing."""
    page = read_page(
        '<link rel="canonical" href="a.html"><link rel="stylesheet" href="a.css"><style>b{background:url(b.png)}</style>'
        '<h1 id="top"></h1><a name="old" href="b.html#c">b</a><a>nothing</a><a href="">here</a>'
        '<script src="s.js"></script><script>url(no)</script><img src="p.svg" style="background: url(\'c.png\')">'
    )
    assert page.anchors == {"top", "old"}
    assert page.links == ["a.html", "b.html#c", ""]
    assert page.loads == ["a.css", "b.png", "s.js", "c.png", "p.svg"]


def test_a_style_sheet_loads_its_imports_and_urls() -> None:
    """Imports and URLs are found with and without quotes."""
    assert loads_of_css("@import 'x.css'; a{b:url(\"y.woff\")} c{d:url(z.png)}") == ["x.css", "y.woff", "z.png"]


def test_good_links_are_no_problem() -> None:
    """Pages, anchors, files, folders, other sites and other schemes are valid links."""
    links = [
        "",
        "#here",
        "sub/b.html#there",
        "sub/",
        "sub",
        "d.json",
        "https://wikipayam.ir/x",
        "//cdn/x",
        "mailto:a@b",
        "%61.html",
    ]
    pages = {
        "a.html": Page({"here"}, links, ["d.json", "data:image/png;base64,AA"]),
        "sub/b.html": Page({"there"}, ["../a.html#here"]),
    }
    assert problems(pages, {"a.html", "sub/b.html", "sub", "d.json"}) == []


def test_each_bad_link_is_named() -> None:
    """Each bad link is reported with its page."""
    pages = {"sub/a.html": Page({"here"}, ["nope.html", "#nope", "../b.html#nope"], ["p.svg"]), "b.html": Page()}
    assert problems(pages, {"sub/a.html", "b.html", "sub"}) == [
        "sub/a.html: loads p.svg, which does not exist",
        "sub/a.html: the link nope.html is broken",
        "sub/a.html: the link #nope names a missing anchor",
        "sub/a.html: the link ../b.html#nope names a missing anchor",
    ]


def test_nothing_may_be_loaded_from_elsewhere() -> None:
    """A page that loads something from another host is reported."""
    pages = {"a.html": Page(loads=["https://unpkg.com/x.js", "//fonts.example/a.css"])}
    assert problems(pages, {"a.html"}) == [
        "a.html: loads https://unpkg.com/x.js",
        "a.html: loads //fonts.example/a.css",
    ]


def test_a_folder_is_checked_whole(tmp_path: Path) -> None:
    """The pages and style sheets of a folder are checked, and its other files count as link targets."""
    (tmp_path / "css").mkdir()
    (tmp_path / "css" / "a.css").write_text("a{b:url(../gone.png)}", "utf-8")
    (tmp_path / "index.html").write_text('<link rel="stylesheet" href="css/a.css"><a href="css/">css</a>', "utf-8")
    (tmp_path / "notes.txt").write_text("https://elsewhere", "utf-8")
    assert check_site(tmp_path) == ["css/a.css: loads ../gone.png, which does not exist"]


def test_options_dates_and_names_stay_on_one_line() -> None:
    """What stands before an article and in blocks of code is left as it is."""
    html = "<title>UTF-8</title><article><p>In UTF-8, 5 ms: <code>a --dry-run 2026-01-02</code></p><pre>UTF-8</pre>"
    assert mend_markup(html) == (
        '<title>UTF-8</title><article><p>In <span class="whole">UTF-8</span>, <span class="whole">5 ms</span>: '
        '<code>a <span class="whole">--dry-run</span> <span class="whole">2026-01-02</span></code></p><pre>UTF-8</pre>'
    )


def test_a_long_name_may_end_a_line_at_its_joints() -> None:
    """A cell of a table is narrower than a line of text; an ending such as `.py` is not torn off."""
    name = "WIKIPAYAM_DATABASE_URL.py"
    torn = "WIKIPAYAM_<wbr>DATABASE_<wbr>URL.py"
    html = f"<article><p><code>{name}</code></p><table><td><code>{name}</code></td></table>"
    assert mend_markup(html) == f"<article><p><code>{name}</code></p><table><td><code>{torn}</code></td></table>"


def test_the_navigation_and_the_files_have_to_agree() -> None:
    """A missing page, an unlisted page and a page listed twice are reported."""
    nav = Nav("n", "d", (Group("A", ("a.md", "gone.md")), Group("B", ("a.md",))))
    assert nav_problems(nav, ["a.md", "lost.md"]) == [
        "gone.md: in the nav, but there is no such page",
        "lost.md: not in the nav",
        "a.md: twice in the nav",
    ]
    assert nav_problems(NAV, PAGES) == []


def test_every_page_of_both_languages_is_in_its_navigation() -> None:
    """In both languages the navigation lists every page."""
    for language in ("en", "fa"):
        files = [page.relative_to(DOCS / language).as_posix() for page in (DOCS / language).rglob("*.md")]
        assert nav_problems(read_nav(DOCS / f"{language}.toml"), files) == []


def test_both_languages_are_set_up_alike() -> None:
    """The configurations of both languages are equal."""
    assert project("en") == project("fa")


def test_a_plain_page_has_no_comments() -> None:
    """A plain page has the code that it embeds, and neither hidden blocks nor the marks of what it embeds."""
    page = (
        "# A\n\n<!--- invisible-code-block: python\nx = 1\n-->\n\n"
        "<!-- file: a.py -->\n```python\none\n```\n<!-- /file -->\n"
    )
    assert plain(page) == "# A\n\n```python\none\n```\n"


def test_the_summary_of_a_page_is_its_title_and_first_sentence() -> None:
    """Code, tables and lists before the first sentence are skipped, and links become text."""
    text = "# Sending\n\n```python\n# Not this. Nor\n\nthat.\n```\n\n| a |\n\n- no\n\nIt [goes\nout](x.md) once. Then more.\n"
    assert summary_of(text) == Summary("Sending", "It goes out once.")
    assert summary_of("No title\n") == Summary("", "No title")
    assert summary_of("# Only\n") == Summary("Only", "")


def test_the_index_has_the_groups_and_a_line_for_each_page() -> None:
    """A page without prose is listed by its title only."""
    assert index_text(NAV, PAGES, "en/") == (
        "# shop\n\n> It sells.\n\n## Start\n\n- [Home](en/index.md): Welcome.\n- [More](en/sub/more.md)\n"
    )


def test_the_full_text_has_the_pages_in_their_order() -> None:
    """The full text has the pages in order, each below the name of its file."""
    assert full_text(NAV, PAGES) == (
        "# shop\n\n> It sells.\n\n<!-- index.md -->\n\n# Home\n\nWelcome. Come in.\n\n"
        "<!-- sub/more.md -->\n\n# More\n\n```sh\nls\n```\n"
    )
