"""What was seen becomes words, and a table says nothing that was not seen."""

from __future__ import annotations

import attrs
import pytest

from tests.peers.job import RECEIVER, Book, Facts, Record
from tests.peers.peers import PEERS, VARIANTS
from tests.peers.tables import caller_gets, levels, narrow, pieces, posted, waited

EMPTY = Book("2026-01-01", {"Python": "3.13"}, {}, [])
SEEN = Record("telnyx", "disconnected", posts=3, error="telnyx.APIConnectionError", seconds=2.7)


def cells(table: str, name: str) -> list[str]:
    """Return the row of a peer."""
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]
    return next(row[1:] for row in rows if row[0] == name)


@pytest.mark.parametrize(("posts", "told"), [(0, "–"), (1, "once"), (10, "10 times")])
def test_posts_are_counted_in_words(posts: int, told: str) -> None:
    """No post means that the event never came to pass."""
    assert posted(attrs.evolve(SEEN, posts=posts)) == told


@pytest.mark.parametrize(
    ("record", "told"),
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
def test_what_the_caller_gets_names_whose_error_it_is(record: Record | None, told: str) -> None:
    """The peer's own and Python's go by their names, those of libraries with their library."""
    assert caller_gets(record, "x_sms") == told


def test_times_are_rounded_to_what_matters() -> None:
    """Who was left alone is said to have waited."""
    assert waited(None) == "–"
    assert waited(Record("x", "e", seconds=1.04)) == "1.0 s"
    assert waited(Record("x", "e", seconds=181.6)) == "182 s"
    assert waited(Record("x", "e", seconds=320.0, note="still waiting")) == "still waiting after 320 s"


def test_the_loudest_log_comes_first() -> None:
    """Records of all events count, each logger once."""
    records = [Record("x", "e", logged=("DEBUG a", "INFO b")), Record("x", "f", logged=("DEBUG a",))]
    assert levels(records) == "INFO, `b`, DEBUG, `a`"
    assert levels([Record("x", "e")]) == "no"


def test_of_nothing_the_tables_say_nothing() -> None:
    """Every cell that would be a claim is a dash; what stands there is known without playing."""
    made = pieces(EMPTY)
    for name in PEERS:
        assert set(cells(made["posts"], name)) == {"–"}
        assert set(cells(made["outcomes"], name)) == {"–"}
        assert set(cells(made["answers"], name)) == {"–"}
        assert set(cells(made["features"], name)) == {"–"}
        assert set(cells(made["names"], name)) == {"–"}
    assert cells(made["posts"], next(iter(VARIANTS))) == ["–"] * 6


def test_a_peer_has_its_row_in_the_tables() -> None:
    """What was seen of one is said of it alone."""
    facts = {"telnyx": Facts("4.1", typed=True, names=9, found={"parts": ["Segment"], "waiting": ["wait"]})}
    received = Record("telnyx", "a number as people write it", posts=1, received=RECEIVER)
    silent = Record("telnyx", "silence", posts=3, seconds=181.4, error="telnyx.APITimeoutError")
    made = pieces(attrs.evolve(EMPTY, facts=facts, records=[SEEN, received, silent]))
    assert cells(made["posts"], "telnyx") == ["3 times", "–", "–", "–", "–", "–"]
    assert cells(made["outcomes"], "telnyx") == ["–", "`APIConnectionError`", "–", "–", "–"]
    assert cells(made["features"], "telnyx") == ["yes", "as it was given", "no", "–", "no"]
    assert cells(made["timeouts"], "telnyx") == ["yes", "181 s, posted 3 times", "–", "–"]
    assert cells(made["versions"], "telnyx") == ["4.1", "`base_url`"]
    assert cells(made["posts"], "twilio") == ["–"] * 6


def test_the_narrow_table_is_money_secrets_and_features() -> None:
    """The README has a row for each peer, with dashes where nothing was verified."""
    rows = narrow(attrs.evolve(EMPTY, records=[SEEN, Record("telnyx", "trio", posts=1, returned="{}")])).splitlines()
    assert {line.count("|") for line in rows} == {11}
    assert cells("\n".join(rows), "telnyx") == ["3 times", "–", "no", "asyncio, trio", *["–"] * 5]
    assert cells("\n".join(rows), "kavenegar")[3] == "synchronous"
