from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.bulk.commands import CAMPAIGN, FILE, A, files, write
from tests.cli.conftest import Run
from wikipayam_async.campaigns import CampaignStatus
from wikipayam_async.campaigns.sqlite.journal import SQLiteJournal
from wikipayam_async.cli.campaign.locations import (
    DatabaseLocation,
    FileLocation,
    campaign_path,
    discard_unsent,
    facts_of,
)
from wikipayam_async.cli.database import Database
from wikipayam_async.emulator import Emulator
from wikipayam_async.redact.sealed import Secret

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
    assert FileLocation(Path("my file.campaign")).command("run") == "wikipayam campaign run 'my file.campaign'"
    assert (
        FileLocation(Path("-f")).command("results", "--status", "unknown")
        == "wikipayam campaign results ./-f --status unknown"
    )


def test_a_command_about_a_database_does_not_show_its_url() -> None:
    """A URL of the environment need not be named; another one is a placeholder, since it may have a password."""
    url = Secret("postgresql://user:p4ss@localhost/sms")
    given = DatabaseLocation(Database(url, from_environment=False), "new year")
    assert given.command("status", "--watch") == "wikipayam campaign status --database URL --name 'new year' --watch"
    known = DatabaseLocation(Database(url, from_environment=True), "eid")
    assert known.how_to_go_on(CampaignStatus.PLANNED) == "wikipayam campaign enqueue --name eid"
    assert known.how_to_go_on(CampaignStatus.PAUSED) == "wikipayam campaign resume --name eid"
    assert known.how_to_plan == "`wikipayam campaign plan FILE --name eid` plans one"
    assert (str(known), known.another, "p4ss" in repr(known)) == ("eid", "--name OTHER", False)


async def test_what_is_not_there_needs_no_discarding(tmp_path: Path) -> None:
    """A campaign that is used, or that has sent something, stays."""
    path = tmp_path / "c"
    await discard_unsent(FileLocation(path))
    assert await facts_of(FileLocation(path)) is None
    journal = SQLiteJournal(path)
    await journal.lock()
    await discard_unsent(FileLocation(path))
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
