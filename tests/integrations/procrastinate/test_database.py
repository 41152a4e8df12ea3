"""The database as one process sees it."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.support.tcp_proxy import tcp_proxy
from wikipayam_async import InvalidInputError
from wikipayam_async.campaigns import JournalError
from wikipayam_async.integrations.procrastinate.database import Database, DatabaseAwayError, check_seconds
from wikipayam_async.redact.sealed import Secret

pytestmark = pytest.mark.anyio


async def test_intents_and_outcomes_are_tried_again_while_the_database_is_away(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For as long as the patience lasts; whatever else fails at once."""
    database = Database(Secret(database_url), 30, 60.0, 1)
    calls: list[int] = []

    def work(connection: Any) -> int:
        calls.append(1)
        if len(calls) < 5:
            connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        return 7

    assert await database.run(work, "eid", patient=True) == 7
    assert len(calls) == 5
    with pytest.raises(JournalError, match=re.escape("eid: the database cannot be used: DivisionByZero (22012)")):
        await database.run(lambda connection: connection.execute("SELECT 1/0"), "eid", patient=True)
    await database.aclose()


async def test_a_database_that_stays_away_is_an_error() -> None:
    """Of its own kind, since the same may work later."""
    database = Database(Secret("postgresql://nobody@127.0.0.1:9/none"), 30, 0.2, 1)
    with pytest.raises(DatabaseAwayError, match=r"eid: the database cannot be used: nothing listens at this address$"):
        await database.run(lambda _: None, "eid", patient=True)
    with pytest.raises(DatabaseAwayError):
        await database.run(lambda _: None, "eid")
    await database.aclose()


async def test_a_change_in_doubt_is_not_tried_again_where_it_cannot_be_repeated(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However patient: the database did it, and its answer was lost."""
    monkeypatch.setattr("wikipayam_async.integrations.connections.silence_limit", lambda *_: 1.0)
    calls: list[int] = []
    with tcp_proxy(database_url) as (proxy, url):
        database = Database(Secret(url), 30, 5.0, 1)
        await database.run(lambda connection: connection.execute("CREATE TABLE counted AS SELECT 0 AS n"), "eid")

        def work(connection: Any) -> None:
            calls.append(1)
            connection.execute("UPDATE counted SET n = n + 1")
            proxy.silence(answers_only=True)

        with pytest.raises(DatabaseAwayError, match="does not answer; whether the last change was made is not known"):
            await database.run(work, "eid", repeat=False, patient=True)
        found = await database.run(lambda connection: connection.execute("SELECT n FROM counted").fetchall(), "eid")
        await database.aclose()
    assert (calls, found) == ([1], [(1,)])


async def test_a_change_that_may_have_been_made_says_so(database_url: str) -> None:
    """Where it cannot be repeated."""
    database = Database(Secret(database_url), 30, 0.2, 1)

    def work(connection: Any) -> None:
        connection.execute("CREATE TEMPORARY TABLE t (n integer UNIQUE DEFERRABLE INITIALLY DEFERRED)")
        connection.execute("INSERT INTO t VALUES (1), (1)")

    with pytest.raises(JournalError, match="; whether the last change was made is not known"):
        await database.run(work, "eid", repeat=False)
    await database.aclose()


@pytest.mark.parametrize("value", [0, -1, True, "5", float("inf"), float("nan")])
def test_seconds_are_above_0(value: Any) -> None:
    """And finite."""
    with pytest.raises(InvalidInputError, match="patience: expected a number of seconds above 0"):
        check_seconds(value, "patience")
    assert check_seconds(2, "patience") == 2
