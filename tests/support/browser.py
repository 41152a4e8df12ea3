"""Chromium for tests: one for each process of the tests, driven in a thread of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeAlias

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.support.servers import find

__all__ = ["Browse", "browse"]

Steps: TypeAlias = Callable[[Page], object]
Browse: TypeAlias = Callable[..., None]

_SECONDS = 60
_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


def _visit(browser: Browser, steps: Steps, width: int, height: int) -> None:
    context = browser.new_context(viewport={"width": width, "height": height}, locale="en-US", reduced_motion="reduce")
    context.set_default_timeout(10_000)
    try:
        steps(context.new_page())
    finally:
        context.close()


@pytest.fixture(scope="session")
def browse() -> Iterator[Browse]:
    """Run steps on a new page of Chromium, which has nothing stored.

    Playwright's synchronous API leaves an event loop running in its thread, where no test of asyncio could run.
    """
    program = find("chromium", "chromium")
    with ThreadPoolExecutor(1, thread_name_prefix="browser") as thread:
        playwright = thread.submit(sync_playwright().start).result(_SECONDS)
        try:
            launch = thread.submit(playwright.chromium.launch, executable_path=program, args=_ARGUMENTS)
            browser = launch.result(_SECONDS)

            def run(steps: Steps, *, width: int = 1200, height: int = 900) -> None:
                thread.submit(_visit, browser, steps, width, height).result(_SECONDS)

            yield run
            thread.submit(browser.close).result(_SECONDS)
        finally:
            thread.submit(playwright.stop).result(_SECONDS)
