"""The page is made from what was found out, and from nothing else."""

from __future__ import annotations

import re
from pathlib import Path

from tests.peers.__main__ import main
from tests.peers.answers import ANSWERS
from tests.peers.clients import CLIENTS
from tests.peers.events import EVENTS
from tests.peers.job import Book, Facts, Record, read, write_book
from tests.peers.page import between_markers, make_page
from tests.peers.peers import PEERS, VARIANTS, concerns
from tests.peers.tables import narrow

BOOK = Book(
    "2026-01-01",
    {"Python": "3.13"},
    {"kavenegar": Facts("1.1.2", typed=False, names=21, found={"parts": []})},
    [Record("kavenegar", "500", posts=1, error="builtins.KeyError"), Record("twilio", "trio", note="the process failed: x")],
)  # fmt: skip


def test_every_place_of_the_template_is_filled() -> None:
    """The events whose process failed are named."""
    page = make_page(BOOK)
    assert re.findall(r"\$\w+|\$\{", page) == []
    assert "Played on 2026-01-01 with Python 3.13." in page
    assert "process failed: twilio, trio." in page


def test_the_page_is_made_again_from_what_was_written(tmp_path: Path) -> None:
    """So that its words can be changed without playing again; the README gets its table between the markers."""
    readme = tmp_path / "README.md"
    readme.write_text("a\n<!-- figures:peers -->\nold\n<!-- /figures:peers -->\nb\n", encoding="utf-8")
    (tmp_path / "comparison.json").write_text(write_book(BOOK), encoding="utf-8")
    assert main(["--render", "--folder", str(tmp_path), "--readme", str(readme)]) == 0
    assert (tmp_path / "comparison.md").read_text("utf-8") == make_page(BOOK)
    assert read(Book, (tmp_path / "comparison.json").read_text("utf-8")) == BOOK
    table = narrow(BOOK)
    expected = f"a\n<!-- figures:peers -->\n{table}\n<!-- /figures:peers -->\nb\n"
    assert readme.read_text("utf-8") == expected


def test_a_text_without_markers_is_left_as_it_is() -> None:
    """Half a pair is no place either."""
    assert between_markers("text", "table") == "text"
    assert between_markers("<!-- figures:peers -->", "table") == "<!-- figures:peers -->"


def test_everybody_can_be_set_up_and_answered() -> None:
    """The tables, the clients and the answers know the same peers."""
    assert list(CLIENTS) != []
    assert set(CLIENTS) == set(PEERS) | set(VARIANTS)
    assert set(ANSWERS) == set(PEERS)
    assert {peer.of for peer in VARIANTS.values()} <= set(PEERS)


def test_events_are_played_where_they_mean_something() -> None:
    """Many at once need an asynchronous interface, a time-out needs a setting, and a variant only repeats or does not."""
    played = {
        name: [event.name for event in EVENTS.values() if concerns(event, peer)]
        for name, peer in (PEERS | VARIANTS).items()
    }
    assert set(played["twilio"]) == set(EVENTS) - {"unknown status"}
    assert set(EVENTS) - set(played["kavenegar"]) == {"too late", "twenty at once", "trio"}
    assert played["telnyx, max_retries=0"] == ["disconnected", "500", "502", "503", "too late"]
