"""Run the tutorial's programs unchanged, with an emulator, and compare their output with the pages."""

from __future__ import annotations

import re
import runpy
from collections.abc import Iterator
from pathlib import Path

import pytest

from wikipayam_async.emulator import DEFAULT_LINE, DEFAULT_TOKEN, Emulator, serve

DOCS = Path(__file__).parent.parent.parent / "docs"
PROGRAMS = DOCS / "examples" / "tutorial"
PAGES = [DOCS / language / "tutorial.md" for language in ("en", "fa")]

if not DOCS.is_dir():
    pytest.skip("the documentation is not part of what is tested here", allow_module_level=True)


@pytest.fixture
def emulator(monkeypatch: pytest.MonkeyPatch) -> Iterator[Emulator]:
    """An emulator on a free port, with the environment set as in the tutorial."""
    emulator = Emulator()
    with serve(emulator) as server:
        monkeypatch.setenv("SMS_AUTH_TOKEN", DEFAULT_TOKEN)
        monkeypatch.setenv("SMS_SENDER", DEFAULT_LINE)
        monkeypatch.setenv("WIKIPAYAM_SMS_API_BASE_URL", server.url)
        yield emulator


def shown_for(program: str, page: Path) -> str:
    """Return the output that a page shows below the command that runs a program."""
    text = page.read_text(encoding="utf-8")
    found = re.search(rf"```sh\npython {program}\n```\n\n```text\n(.*?)```", text, re.DOTALL)
    assert found is not None, program
    return found[1]


@pytest.mark.parametrize("program", ["first.py", "bulk.py", "unknown.py"])
def test_a_program_prints_what_the_tutorial_shows(
    program: str, emulator: Emulator, capsys: pytest.CaptureFixture[str]
) -> None:
    """The output matches the page in both languages."""
    runpy.run_path(str(PROGRAMS / program), run_name="__main__")
    printed = capsys.readouterr().out
    assert [shown_for(program, page) for page in PAGES] == [printed, printed]


def test_the_first_program_sends_one_sms(emulator: Emulator) -> None:
    """The number, written with spaces and a country code, is sent in the documented form."""
    runpy.run_path(str(PROGRAMS / "first.py"), run_name="__main__")
    assert [(one.receiver, one.sender, one.track_id) for one in emulator.ledger] == [
        ("09123456789", DEFAULT_LINE, "ORDER-1000")
    ]


def test_the_bulk_program_sends_a_personal_text_to_every_mobile_of_the_table(emulator: Emulator) -> None:
    """Mobiles are accepted in every spelling, the landline is rejected, and one request carries the rest."""
    runpy.run_path(str(PROGRAMS / "bulk.py"), run_name="__main__")
    assert [one.receiver for one in emulator.ledger] == [
        "09120001001",
        "09120001002",
        "09120001003",
        "09120001005",
        "09120001006",
    ]
    assert emulator.sent_to("09120001003")[0].message == "سلام نیلوفر، سفارش ORDER-1003 آماده است."
    assert emulator.requests_to("POST /sms/send") == 1


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.parent.name)
def test_the_tutorial_shows_exactly_these_files(page: Path) -> None:
    """The page embeds every file of the tutorial, and no other."""
    included = re.findall(
        r"^<!-- file: docs/examples/tutorial/(.+) -->$", page.read_text(encoding="utf-8"), re.MULTILINE
    )
    assert sorted(included) == sorted(path.name for path in PROGRAMS.iterdir() if path.is_file())
