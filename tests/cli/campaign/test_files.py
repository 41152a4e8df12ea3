from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.bulk.commands import CAMPAIGN, FILE, A, files, write
from tests.cli.conftest import Run
from wikipayam_async.campaigns.sqlite.journal import SQLiteJournal
from wikipayam_async.cli.campaign.files import campaign_path, command, discard_unsent, facts_of
from wikipayam_async.emulator import Emulator

pytestmark = pytest.mark.anyio


def test_the_campaign_of_a_link_is_that_of_its_file(tmp_path: Path) -> None:
    """So the file is not sent twice under two names."""
    real = tmp_path / "real.csv"
    real.write_text("x", encoding="utf-8")
    link = tmp_path / "link.csv"
    link.symlink_to(real)
    assert campaign_path(link) == tmp_path / "real.csv.campaign"
    assert campaign_path(Path("f.csv")) == Path("f.csv.campaign")


def test_a_command_is_quoted_for_a_shell() -> None:
    """A name that looks like an option is none."""
    assert command("run", Path("my file.campaign")) == "wikipayam campaign run 'my file.campaign'"
    assert command("results", Path("-f"), "--status", "unknown") == "wikipayam campaign results ./-f --status unknown"


async def test_what_is_not_there_needs_no_discarding(tmp_path: Path) -> None:
    """A campaign that is used, or that has sent something, stays."""
    path = tmp_path / "c"
    await discard_unsent(path)
    assert await facts_of(path) is None
    journal = SQLiteJournal(path)
    await journal.lock()
    await discard_unsent(path)
    assert path.exists()
    await journal.aclose()


def test_a_campaign_that_has_sent_something_is_not_discarded(gateway: Emulator, run: Run) -> None:
    """Neither by a second `bulk` that ends without sending."""
    write(f"{A},hi")
    assert run("bulk", FILE, "--yes").code == 0
    assert run("bulk", FILE, "--yes").code == 0
    assert files() == [FILE, CAMPAIGN]


@pytest.mark.parametrize("content", [None, b"", b"no campaign"])
@pytest.mark.parametrize("name", ["status", "results", "run", "audit", "pause", "follow", "purge"])
def test_what_is_no_campaign_is_a_usage_error(gateway: Emulator, run: Run, name: str, content: bytes | None) -> None:
    """The error names the file, not a method of Python, and no file is made or changed."""
    if content is not None:
        Path("c").write_bytes(content)
    ended = run("campaign", name, "c", *(["--yes"] if name == "purge" else []))
    assert (ended.code, ended.out) == (2, "")
    assert "c: " in ended.err
    assert "()" not in ended.err
    assert files() == ([] if content is None else ["c"])
