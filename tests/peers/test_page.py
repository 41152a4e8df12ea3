"""Rendering of the page."""

from __future__ import annotations

import re
from pathlib import Path

from tests.peers.__main__ import main
from tests.peers.answers import ANSWERS
from tests.peers.clients import CLIENTS
from tests.peers.events import EVENTS
from tests.peers.job import Facts, Record, Results, read, write_results
from tests.peers.page import make_page
from tests.peers.peers import PEERS, VARIANTS, applies
from tests.peers.tables import summary_table

RESULTS = Results(
    "2026-01-01",
    {"Python": "3.13"},
    {"kavenegar": Facts("1.1.2", typed=False, names=21, found={"parts": []})},
    [Record("kavenegar", "500", posts=1, error="builtins.KeyError"), Record("twilio", "trio", note="the process failed: x")],
)  # fmt: skip


def test_every_placeholder_of_the_template_is_filled() -> None:
    """The date, the versions and the failed events are filled in."""
    page = make_page(RESULTS)
    assert re.findall(r"\$\w+|\$\{", page) == []
    assert "Measured on 2026-01-01: version unknown, 3.13, unknown, unknown." in page
    assert "process failed: twilio, trio." in page


def test_render_writes_the_page_from_the_json_file(tmp_path: Path) -> None:
    """`--render` runs nothing, and puts the summary table between the README's markers."""
    readme = tmp_path / "README.md"
    readme.write_text("a\n<!-- figures:peers -->\nold\n<!-- /figures:peers -->\nb\n", encoding="utf-8")
    (tmp_path / "comparison.json").write_text(write_results(RESULTS), encoding="utf-8")
    assert main(["--render", "--folder", str(tmp_path), "--readme", str(readme)]) == 0
    assert (tmp_path / "comparison.md").read_text("utf-8") == make_page(RESULTS)
    assert read(Results, (tmp_path / "comparison.json").read_text("utf-8")) == RESULTS
    table = summary_table(RESULTS)
    expected = f"a\n<!-- figures:peers -->\n{table}\n<!-- /figures:peers -->\nb\n"
    assert readme.read_text("utf-8") == expected


def test_every_peer_has_a_client_and_answers() -> None:
    """The peers, the clients and the answers have the same names."""
    assert list(CLIENTS) != []
    assert set(CLIENTS) == set(PEERS) | set(VARIANTS)
    assert set(ANSWERS) == set(PEERS)
    assert {peer.variant_of for peer in VARIANTS.values()} <= set(PEERS)


def test_events_run_only_where_they_apply() -> None:
    """Concurrent sends need an asynchronous interface, a time-out needs a setting, and variants run only retry events."""
    events = {
        name: [event.name for event in EVENTS.values() if applies(event, peer)]
        for name, peer in (PEERS | VARIANTS).items()
    }
    assert set(events["twilio"]) == set(EVENTS) - {"unknown status"}
    assert set(EVENTS) - set(events["kavenegar"]) == {"time-out", "twenty at once", "trio"}
    assert events["telnyx, max_retries=0"] == ["disconnected", "500", "502", "503", "time-out"]
