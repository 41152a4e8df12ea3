"""The tables."""

from __future__ import annotations

import attrs
import pytest

from tests.peers.job import RECEIVER, Facts, Record, Results
from tests.peers.peers import PEERS, VARIANTS
from tests.peers.tables import caller_gets, levels, pieces, posted, summary_table, waited

EMPTY = Results("2026-01-01", {"Python": "3.13"}, {}, [])
DISCONNECTED = Record("telnyx", "disconnected", posts=3, error="telnyx.APIConnectionError", seconds=2.7)


def cells(table: str, name: str) -> list[str]:
    """Return the row of a peer."""
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]
    return next(row[1:] for row in rows if row[0] == name)


@pytest.mark.parametrize(("posts", "text"), [(0, "–"), (1, "once"), (10, "10 times")])
def test_posts_are_counted_in_words(posts: int, text: str) -> None:
    """No posts mean that the event did not happen."""
    assert posted(attrs.evolve(DISCONNECTED, posts=posts)) == text


@pytest.mark.parametrize(
    ("record", "text"),
    [
        (None, "–"),
        (Record("x", "e", note="still waiting"), "still waiting"),
        (Record("x", "e", error="x_sms.errors.SmsError"), "`SmsError`"),
        (Record("x", "e", error="x_http.errors.ServerError"), "`ServerError`"),
        (Record("x", "e", error="builtins.KeyError"), "`KeyError`"),
        (Record("x", "e", error="requests.exceptions.ReadTimeout"), "`requests.ReadTimeout`"),
        (Record("x", "e", returned="Response 503"), "returns a `Response` with status 503"),
        (Record("x", "e", returned="null"), "returns `None`"),
        (Record("x", "e", returned='{"message": "Unauthenticated."}'), "returns the body"),
        (Record("x", "e", returned='{"isSuccess": false}'), "returns the body"),
        (Record("x", "e", returned='"<!doctype html>"'), "returns the page as text"),
        (Record("x", "e", returned="7"), "returns a result"),
    ],
)
def test_an_error_shows_its_origin(record: Record | None, text: str) -> None:
    """Errors of the peer and of Python are shown by name, others with their library."""
    assert caller_gets(record, "x_sms") == text


def test_times_are_rounded() -> None:
    """A peer that was still waiting at the limit is shown as such."""
    assert waited(None) == "–"
    assert waited(Record("x", "e", seconds=1.04)) == "1.0 s"
    assert waited(Record("x", "e", seconds=181.6)) == "182 s"
    assert waited(Record("x", "e", seconds=320.0, note="still waiting")) == "still waiting after 320 s"


def test_the_highest_log_level_comes_first() -> None:
    """The records of all events are combined, and each logger is listed once."""
    records = [Record("x", "e", logged=("DEBUG a", "INFO b")), Record("x", "f", logged=("DEBUG a",))]
    assert levels(records) == "INFO, `b`, DEBUG, `a`"
    assert levels([Record("x", "e")]) == "no"


def test_empty_results_make_empty_tables() -> None:
    """Every cell that needs a record is a dash."""
    tables = pieces(EMPTY)
    for name in PEERS:
        assert set(cells(tables["posts"], name)) == {"–"}
        assert set(cells(tables["outcomes"], name)) == {"–"}
        assert set(cells(tables["answers"], name)) == {"–"}
        assert set(cells(tables["features"], name)) == {"–"}
        assert set(cells(tables["names"], name)) == {"–"}
    assert cells(tables["posts"], next(iter(VARIANTS))) == ["–"] * 6


def test_a_peer_has_its_row_in_the_tables() -> None:
    """The records of a peer appear in its row only."""
    facts = {"telnyx": Facts("4.1", typed=True, names=9, found={"parts": ["Segment"], "waiting": ["wait"]})}
    received = Record("telnyx", "a number in Persian digits", posts=1, received=RECEIVER)
    silent = Record("telnyx", "silence", posts=3, seconds=181.4, error="telnyx.APITimeoutError")
    tables = pieces(attrs.evolve(EMPTY, facts=facts, records=[DISCONNECTED, received, silent]))
    assert cells(tables["posts"], "telnyx") == ["3 times", "–", "–", "–", "–", "–"]
    assert cells(tables["outcomes"], "telnyx") == ["–", "`APIConnectionError`", "–", "–", "–"]
    assert cells(tables["features"], "telnyx") == ["yes", "unchanged", "no", "–", "no"]
    assert cells(tables["timeouts"], "telnyx") == ["yes", "181 s, posted 3 times", "–", "–"]
    assert cells(tables["versions"], "telnyx") == ["4.1", "`base_url`"]
    assert cells(tables["posts"], "twilio") == ["–"] * 6


def test_the_summary_has_a_row_for_each_peer() -> None:
    """Cells that were not verified are dashes."""
    rows = summary_table(
        attrs.evolve(EMPTY, records=[DISCONNECTED, Record("telnyx", "trio", posts=1, returned="{}")])
    ).splitlines()
    assert {line.count("|") for line in rows} == {11}
    assert cells("\n".join(rows), "telnyx") == ["3 times", "–", "no", "asyncio, trio", *["–"] * 5]
    assert cells("\n".join(rows), "kavenegar")[3] == "synchronous"
