"""Look at the built site in Chromium: `python -m docs.tools.look search`, or `pages`.

`search` types the queries of docs/search.toml; `pages` opens every page, wide and narrow, light and dark, and looks for
barriers to accessibility with axe, for pages that scroll sideways, and for errors of scripts.
"""

from __future__ import annotations

import functools
import http.server
import os
import shutil
import sys
import threading
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.resources import files

from playwright.sync_api import Browser, Error, Page, sync_playwright

from docs.tools.build import DOCS, LANGUAGES, SITE

__all__ = ["main"]

WIDTHS = {"desktop": 1280, "phone": 390}
_SEARCH = """async query => {
    const answer = (worker, type) => new Promise((resolve, reject) => {
        worker.onmessage = event => event.data.type === 4 ? reject("failed") : event.data.type === type && resolve(event.data)
    })
    const index = await (await fetch("search.json")).json()
    const worker = new Worker(JSON.parse(document.querySelector("#__config").textContent).search)
    const ready = answer(worker, 1)
    worker.postMessage({type: 0, data: index})
    await ready
    const found = answer(worker, 3)
    worker.postMessage({type: 2, data: {input: query}})
    return (await found).data.items.map(item => index.items[item.id].location)
}"""
_VIOLATIONS = """async () => (await axe.run(document, {resultTypes: ["violations"]})).violations.map(
    one => `${one.id}: ${one.nodes.map(node => node.target.join(" ")).slice(0, 3).join("; ")}`)"""
_TOO_WIDE = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


class _Handler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the base class
        """Write nothing."""


@contextmanager
def _served() -> Iterator[str]:
    handler = functools.partial(_Handler, directory=str(SITE))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def search_problems(browser: Browser, url: str) -> Iterator[str]:
    """Yield the queries that do not find first what they have to."""
    expected = tomllib.loads((DOCS / "search.toml").read_text("utf-8"))["first"]
    for language, queries in expected.items():
        page = browser.new_page()
        page.goto(f"{url}/{language}/index.html")
        for query, first in queries.items():
            found = page.evaluate(_SEARCH, query)
            if not found or found[0].partition("#")[0] != first:
                yield f"{language}: {query!r} finds {found[:3]}, not {first}"
        page.close()


def page_problems(browser: Browser, url: str) -> Iterator[str]:
    """Yield what is wrong with the pages."""
    axe = files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")
    names = [path.relative_to(SITE).as_posix() for one in LANGUAGES for path in sorted((SITE / one).rglob("*.html"))]
    for kind, width in WIDTHS.items():
        for colours in ("light", "dark"):
            context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=colours)
            page = context.new_page()
            errors: list[str] = []
            page.on("pageerror", functools.partial(_keep, errors))
            for name in names:
                page.goto(f"{url}/{name}")
                found = [*_problems(page, axe), *errors]
                errors.clear()
                yield from (f"{name}, {kind}, {colours}: {problem}" for problem in found)
            context.close()


def _keep(errors: list[str], error: Error) -> None:
    errors.append(str(error))


def _problems(page: Page, axe: str) -> Iterator[str]:
    if page.evaluate(_TOO_WIDE) > 0:
        yield "it scrolls sideways"
    page.evaluate(axe)
    yield from page.evaluate(_VIOLATIONS)


def main(arguments: Sequence[str]) -> int:
    """Look at the site; return the exit code."""
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.stderr.write("Chromium is not installed: apt-get install chromium\n")
        return 1 if os.environ.get("CI") else 0
    look = {"search": search_problems, "pages": page_problems}[arguments[0]]
    with _served() as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        problems = list(look(browser, url))
        browser.close()
    sys.stdout.write("\n".join([*problems, f"{len(problems)} problems"]) + "\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
