"""Every page of the documentation runs, block by block, against the emulator."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from docs.tools.embed import embedded_files, outdated
from tests.docs.pages import DOCS, ROOT, fences, find_pages, name_of, parse, unknown_directives
from tests.docs.runner import run_page

if not DOCS.is_dir():
    pytest.skip("the documentation is not in this tree", allow_module_level=True)

PAGES = {name_of(page): page for page in find_pages()}
README = "README.md"
WITH_DATABASE = "many-machines.md"
OBSERVABILITY = {"docs/en/observability.md", "docs/fa/observability.md"}
"""Pages that set up OpenTelemetry, which can be done once in a process."""

EXACT = {"cost.md": 23}
"""Pages where every comment beside a value is checked, and the minimum number of such comments."""

QUOTING = {
    "queues.md": [*(DOCS / "examples" / "queues").glob("*.py")],
    "recipes.md": [*(DOCS / "examples" / "recipes").glob("*.py")],
    "testing.md": [*(DOCS / "examples" / "testing").glob("*.py"), ROOT / "tests" / "test_testing.py"],
}
"""Pages, in both languages, whose blocks are parts of files that other tests run."""

RUN_BY = {
    "docs/examples/programs": "tests/examples/test_programs.py",
    "docs/examples/portals": "tests/examples/test_portals.py",
    "docs/examples/queues": "tests/examples/test_queues.py",
    "docs/examples/recipes": "tests/examples/test_recipes.py",
    "docs/examples/service": "tests/examples/test_service.py",
    "docs/examples/testing": "tests/test_testing.py",
    "docs/examples/tutorial": "tests/examples/test_tutorial.py",
}
"""The tests that run the files of the examples."""


@pytest.mark.parametrize("name", sorted(PAGES.keys() - {README, *OBSERVABILITY}))
def test_the_blocks_of_a_page_run(name: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """The blocks of a page run in order, and the comments beside values are true where they are checked."""
    page = PAGES[name]
    if page.name == WITH_DATABASE:
        monkeypatch: pytest.MonkeyPatch = request.getfixturevalue("monkeypatch")
        monkeypatch.setenv("WIKIPAYAM_DATABASE_URL", request.getfixturevalue("empty_database_url"))
    least = EXACT.get(page.name, 0)
    ran = run_page(
        page, tmp_path, quotes=QUOTING.get(page.name, ()) if page.parent.parent == DOCS else (), exact=bool(least)
    )
    assert ran.checked_comments >= least


def test_the_readme_sends_its_messages(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The README's Python sends 1 + 1,000 messages and its shell command one more, in 12 requests."""
    ran = run_page(PAGES[README], tmp_path)
    printed = capsys.readouterr()
    assert [line for line in printed.err.splitlines() if "Error" in line] == []
    assert printed.out.splitlines()[-1].endswith(
        "1,000 messages: 1,000 accepted, 0 rejected, 0 unknown, 0 not attempted"
    )
    assert ran.counts["python"] == 1
    assert len(ran.emulator.ledger) == 1002
    assert ran.emulator.requests_to("POST /sms/send") == 12


@pytest.mark.parametrize("name", sorted(OBSERVABILITY))
def test_the_page_on_observability_shows_what_is_exported(name: str, tmp_path: Path) -> None:
    """In another process, the page's code logs JSON records and exports the call as a span and a metric."""
    done = subprocess.run(  # noqa: S603 - a command of the project's own page
        [sys.executable, "-X", "utf8", "-m", "tests.docs", str(PAGES[name]), str(tmp_path)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])},
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert '"operation": "sms.send"' in done.stderr
    assert '"name": "sms.send"' in done.stdout
    assert '"wikipayam.client.messages"' in done.stdout


@pytest.mark.parametrize("name", sorted(PAGES))
def test_no_block_of_a_page_is_overlooked(name: str) -> None:
    """Every fence and every hidden block of a page is a block to the runner, and every directive is known."""
    page = PAGES[name]
    seen = [example.parsed for example in parse(page, lambda _: None) if example.region.evaluator is not None]
    blocks = [block for block in seen if hasattr(block, "hidden")]
    assert fences(page) == 2 * sum(not block.hidden for block in blocks)
    assert page.read_text("utf-8").count("invisible-code") == sum(block.hidden for block in blocks)
    assert unknown_directives(page) == []


@pytest.mark.parametrize("name", sorted(PAGES))
def test_every_embedded_file_is_there_and_run(name: str) -> None:
    """Every embedded file exists, and a test that names it runs it."""
    for path in embedded_files(PAGES[name].read_text("utf-8")):
        assert (ROOT / path).is_file(), path
        if path.endswith(".py"):
            folder, _, file = path.rpartition("/")
            test = (ROOT / RUN_BY[folder]).read_text("utf-8")
            assert file in test or Path(file).stem in test, path


def test_pages_have_files_and_docstrings_as_they_are() -> None:
    """`python -m docs.tools.embed` would change no page."""
    assert [name_of(page) for page, _ in outdated()] == []
