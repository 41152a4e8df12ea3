from __future__ import annotations

import pytest

from tests.cli.conftest import PASSWORD, Run


def test_the_tables_are_made_once(database: str, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The URL may be an option, too; a second time changes nothing."""
    monkeypatch.delenv("WIKIPAYAM_DATABASE_URL")
    ended = run("campaign", "migrate")
    assert (ended.code, "pass it, or set WIKIPAYAM_DATABASE_URL" in ended.err) == (2, True)
    ended = run("campaign", "migrate", "--database", database)
    assert (ended.code, ended.out, PASSWORD in ended.err) == (0, "", False)
    assert ended.err.startswith("changed: journal version 1, procrastinate ")
    ended = run("campaign", "migrate", "--database", database)
    assert ended.err == "nothing to change; the tables are of version 1\n"
    ended = run("campaign", "migrate", "--database", database, "--json")
    assert (ended.json["version"], ended.json["changes"]) == (1, [])


def test_a_database_that_cannot_be_reached_is_no_usage_error(run: Run) -> None:
    """So a script may try again."""
    ended = run("campaign", "migrate", "--database", f"postgresql://tests:{PASSWORD}@127.0.0.1:1/sms")
    assert (ended.code, "nothing was changed" in ended.err, PASSWORD in ended.err) == (5, True, False)
