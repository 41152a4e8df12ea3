import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from wikipayam_async import BulkReport
from wikipayam_async.demo.audit import compare
from wikipayam_async.demo.picture import URL, draw
from wikipayam_async.demo.report import Findings
from wikipayam_async.demo.run import RequestCounter, RunReport
from wikipayam_async.demo.words import words_of

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def findings(audited: Callable[..., dict[str, Any]]) -> Findings:
    """The data of a run that agrees with the ledger."""
    ours = audited()
    run = RunReport(
        bulk=BulkReport(ours["results"]),
        deliveries={"DELIVERED": 2},
        pending=0,
        balance_before=ours["balance_before"],
        balance_after=ours["balance_after"],
        seconds=0.5,
        requests=RequestCounter(),
    )
    return Findings(run=run, faults={"502 after accepting": 7}, audit=compare(**ours))


@pytest.fixture
def drawn(findings: Findings, tmp_path: Path) -> str:
    """The picture of that run."""
    path = tmp_path / "demo.svg"
    draw(path, f"5 messages to {URL}\n\nسلام، خوبی.\n<b>[b] & ۱۲", findings)
    draw(tmp_path / "again.svg", f"5 messages to {URL}\n\nسلام، خوبی.\n<b>[b] & ۱۲", findings)
    assert (tmp_path / "again.svg").read_bytes() == path.read_bytes()
    return path.read_text("utf-8")


def texts(drawn: str) -> dict[str, ET.Element]:
    """Return the text elements of a picture."""
    elements = ET.fromstring(drawn).iter(f"{SVG}text")  # noqa: S314 - our own
    return {(element.text or "").replace("\xa0", " ").rstrip(): element for element in elements}


def test_the_picture_shows_the_output(drawn: str) -> None:
    """It is well-formed, has a title, shows the introduction and the conclusion, and is reproducible."""
    shown = texts(drawn)
    conclusion = "The ledger agrees with the report: nothing doubled, nothing lost, nothing unreported."
    expected = ["wikipayam demo", f"5 messages to {URL}", "<b>[b] & ۱۲", conclusion]
    assert [one for one in expected if one in shown] == expected


def test_the_picture_loads_nothing(drawn: str) -> None:
    """Its only URLs are the SVG namespace and the address it shows."""
    assert set(re.findall(r"https?://[^\s\"'<&]+", drawn)) == {"http://www.w3.org/2000/svg", URL}
    assert re.findall(r"@font-face|@import|<script|<image|href|url\((?!#)", drawn) == []


def test_persian_flows_from_right_to_left(drawn: str) -> None:
    """A line that begins with Persian is right-to-left and has no fixed width, which would break its joins."""
    shown = texts(drawn)
    line, mixed, plain = shown["سلام، خوبی."], shown["<b>[b] & ۱۲"], shown[f"5 messages to {URL}"]
    assert (line.get("direction"), line.get("text-anchor"), line.get("textLength")) == ("rtl", "end", None)
    assert (mixed.get("direction"), mixed.get("textLength")) == (None, None)
    assert (plain.get("direction"), plain.get("textLength") is None) == (None, False)


def test_each_persian_cell_is_at_its_column(findings: Findings, tmp_path: Path) -> None:
    """Persian letters have another width: the cells of a line are drawn apart, numbers with their width."""
    path = tmp_path / "demo.svg"
    draw(path, "5", findings, words_of("fa"))
    svg = path.read_text("utf-8")
    shown = texts(svg)
    heading, word, number = shown["نتیجه"], shown["پذیرفته‌شده"], shown["           \u200e2"]
    assert heading.get("x") == word.get("x")
    assert (word.get("direction"), word.get("textLength"), number.get("direction")) == ("rtl", None, None)
    assert number.get("textLength") is not None
    assert "\u200f2 تا 4\u200f" in shown
    assert "خروجی نمایش" in svg
    assert "#160;#" not in svg
