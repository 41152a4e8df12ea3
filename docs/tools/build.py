"""Build the site: `python -m docs.tools.build [--serve]` in the root of the repository, or `nox -s docs`."""

from __future__ import annotations

import functools
import http.server
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from docs.tools.embed import outdated, with_directives
from docs.tools.languages import link_languages
from docs.tools.links import check_site
from docs.tools.llms import full_text, index_text, plain
from docs.tools.nav import Nav, nav_problems, read_nav
from docs.tools.search import fill_search

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
SITE = DOCS / ".site"
PAGES = DOCS / ".pages"
LANGUAGES = ("en", "fa")
PORT = 8000

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_STRICT = "Aborted because --strict flag is set"
_TAG = re.compile(r"(<[^>]+>)")
_BLOCK = re.compile(r"(<pre\b.*?</pre>|<td\b.*?</td>)", re.DOTALL)
_NAME = re.compile(r"\b[A-Z]{2,4}-(?:[A-Z]{2,4}-)?\d+\b|\b\d[\d.,]* (?:%|[mµ]?s\b|[kMG]i?B\b)")
_OPTION = re.compile(r"(?<![\w-])--?[a-z][a-z-]*|(?<!\S)--(?!\S)|(?<!-)[\w.:]+(?:-[\w.:]+)+")
_WHOLE = 24
_CELL = re.compile(r"[^\s&]{18,}")  # longer than a column of a phone
_LINE = re.compile(r"[^\s&]{40,}")  # longer than its lines
_JOINT = re.compile(r"(?<=[_(=,/@])(?=\w)|(?<=[.:])(?=[A-Za-z]{4})")
_FRONT = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta http-equiv="refresh" content="0; url=en/index.html">
<title>wikipayam_async</title>
<p><a href="en/index.html" hreflang="en">English</a> · <a href="fa/index.html" hreflang="fa" lang="fa">فارسی</a></p>
</html>
"""


def prepare(folder: Path, target: Path) -> None:
    """Copy the pages of a language to where Zensical reads them, with the directives of the reference."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(folder, target)
    for page in target.rglob("*.md"):
        page.write_text(with_directives(page.read_text("utf-8")), "utf-8")


def build_language(language: str) -> list[str]:
    """Build the pages of one language; return the problems found."""
    folder = DOCS / language
    prepare(folder, PAGES / language)
    nav = read_nav(DOCS / f"{language}.toml")
    files = (path.relative_to(folder).as_posix() for path in folder.rglob("*.md"))
    problems = [f"docs/{language}/{problem}" for problem in nav_problems(nav, files)]
    command = [sys.executable, "-m", "zensical", "build", "--clean", "--strict", "-f", f"docs/{language}.toml"]
    environ = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)  # noqa: S603 - our own
    if done.returncode:
        output = _COLOUR.sub("", done.stdout + done.stderr)
        warnings, traceback, _ = output.partition("Traceback")
        problems.append(f"zensical, docs/{language}.toml:\n{warnings if _STRICT in output and traceback else output}")
    return problems


def read_pages(nav: Nav, folder: Path) -> dict[str, str]:
    """Return the plain Markdown of a language's pages."""
    return {page: plain((folder / page).read_text("utf-8")) for page in nav.pages}


def add_examples(site: Path) -> None:
    """Copy the examples that pages link to, and add an index to each folder."""
    shutil.copytree(DOCS / "examples", site / "examples", ignore=shutil.ignore_patterns("__pycache__", ".*"))
    for folder in [site / "examples", *(path for path in (site / "examples").rglob("*") if path.is_dir())]:
        names = sorted(f"{path.name}/index.html" if path.is_dir() else path.name for path in folder.iterdir())
        items = "".join(f'<li><a href="{name}">{name.removesuffix("index.html")}</a></li>\n' for name in names)
        head = f'<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<title>{folder.name}</title>\n'
        (folder / "index.html").write_text(f"{head}<ul>\n{items}</ul>\n</html>\n", "utf-8")


def _whole(found: re.Match[str]) -> str:
    return f'<span class="whole">{found[0]}</span>' if len(found[0]) <= _WHOLE else found[0]


def _mend_code(code: str, long: re.Pattern[str]) -> str:
    return _OPTION.sub(_whole, long.sub(lambda found: _JOINT.sub("<wbr>", found[0]), code))


def _mend_block(block: str) -> str:
    """Return a part of an article whose lines end where a reader does not stumble."""
    if block.startswith("<pre"):
        return block
    long = _CELL if block.startswith("<td") else _LINE
    pieces = _TAG.split(block)
    for index in range(0, len(pieces), 2):
        is_code = index > 0 and pieces[index - 1] == "<code>"
        pieces[index] = _mend_code(pieces[index], long) if is_code else _NAME.sub(_whole, pieces[index])
    return "".join(pieces)


def mend_markup(html: str) -> str:
    """Return a page without the barriers that the theme builds in.

    A column without a name has a cell, not a header. The nested lists of contents are lists, not landmarks: the titles
    that would name them stand more than once. An option such as `--dry-run`, a date, a number with its unit and a name
    such as UTF-8 stay on one line; a long name in code may end a line at its joints.
    """
    cells = re.sub(r"<th([^>]*)></th>", r"<td\1></td>", html)
    lists = re.sub(r'<nav class="md-nav" aria-label="[^"]*">', '<nav class="md-nav" role="none">', cells)
    before, start, article = lists.partition("<article")
    return before + start + "".join(map(_mend_block, _BLOCK.split(article)))


def add_extras(site: Path) -> None:
    """Add what Zensical does not build: the front page, the examples, the Markdown pages and llms.txt."""
    (site / "index.html").write_text(_FRONT, "utf-8")
    add_examples(site)
    for language in LANGUAGES:
        (site / language / "404.html").unlink()  # its links need the site's address, which is unknown
        nav = read_nav(DOCS / f"{language}.toml")
        pages = read_pages(nav, DOCS / language)
        for page, text in pages.items():
            (site / language / page).write_text(text, "utf-8")
        (site / language / "llms.txt").write_text(index_text(nav, pages, ""), "utf-8")
        (site / language / "llms-full.txt").write_text(full_text(nav, pages), "utf-8")
        if language == LANGUAGES[0]:
            (site / "llms.txt").write_text(index_text(nav, pages, f"{language}/"), "utf-8")
            (site / "llms-full.txt").write_text(full_text(nav, pages), "utf-8")


def build() -> list[str]:
    """Build the whole site; return the problems found."""
    shutil.rmtree(SITE, ignore_errors=True)
    problems = [f"{page.relative_to(ROOT)}: outdated: python -m docs.tools.embed" for page, _ in outdated()]
    problems += [problem for language in LANGUAGES for problem in build_language(language)]
    if not problems:
        link_languages({language: SITE / language for language in LANGUAGES})
        for page in SITE.rglob("*.html"):
            page.write_text(mend_markup(page.read_text("utf-8")), "utf-8")
        add_extras(SITE)
        for language in LANGUAGES:
            problems += fill_search(SITE / language, language, DOCS / "search.toml")
        problems += check_site(SITE)
    return problems


def serve() -> None:
    """Serve the site on the loopback interface until Ctrl-C."""
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(SITE))
    with http.server.ThreadingHTTPServer(("127.0.0.1", PORT), handler) as server:
        sys.stdout.write(f"http://127.0.0.1:{PORT}/\n")
        server.serve_forever()


def main(arguments: Sequence[str]) -> int:
    """Build the site; serve it if the arguments hold `--serve`."""
    problems = build()
    sys.stdout.write("\n".join(problems or [f"built: {SITE}"]) + "\n")
    if problems:
        return 1
    if "--serve" in arguments:
        serve()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
