import re
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from wikipayam_async import BulkReport
from wikipayam_async.demo.audit import AuditInput, compare
from wikipayam_async.demo.picture import URL, draw
from wikipayam_async.demo.report import Findings
from wikipayam_async.demo.run import RunReport, RequestCounter

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def drawn(books: Callable[..., AuditInput], tmp_path: Path) -> str:
    """A picture of books that agree."""
    ours = books()
    campaign = RunReport(
        report=BulkReport(ours.results),
        deliveries={"DELIVERED": 2},
        pending=0,
        balance_before=ours.balance_before,
        balance_after=ours.balance_after,
        seconds=0.5,
        tally=RequestCounter(),
    )
    findings = Findings(campaign=campaign, troubles={"502 after accepting": 7}, audit=compare(ours))
    path = tmp_path / "demo.svg"
    draw(path, f"5 messages to {URL}\n\nسلام، خوبی.\n<b>[b] & ۱۲", findings)
    draw(tmp_path / "again.svg", f"5 messages to {URL}\n\nسلام، خوبی.\n<b>[b] & ۱۲", findings)
    assert (tmp_path / "again.svg").read_bytes() == path.read_bytes()
    return path.read_text("utf-8")


def texts(drawn: str) -> dict[str, ET.Element]:
    """Every text of a picture."""
    elements = ET.fromstring(drawn).iter(f"{SVG}text")  # noqa: S314 - our own
    return {(element.text or "").replace("\xa0", " ").rstrip(): element for element in elements}


def test_the_picture_shows_what_is_printed(drawn: str) -> None:
    """It is well-formed, has a title, and shows the introduction and the verdict; drawn again it is the same."""
    shown = texts(drawn)
    verdict = "The ledger agrees with the report: nothing doubled, nothing lost, nothing unreported."
    expected = ["wikipayam demo", f"5 messages to {URL}", "<b>[b] & ۱۲", verdict]
    assert [one for one in expected if one in shown] == expected


def test_the_picture_loads_nothing(drawn: str) -> None:
    """There is no address in it but the name of its format and the one that it shows."""
    assert set(re.findall(r"https?://[^\s\"'<&]+", drawn)) == {"http://www.w3.org/2000/svg", URL}
    assert re.findall(r"@font-face|@import|<script|<image|href|url\((?!#)", drawn) == []


def test_persian_flows_from_right_to_left(drawn: str) -> None:
    """A line that begins with Persian runs leftwards and is not stretched, or its letters would come apart."""
    shown = texts(drawn)
    line, mixed, plain = shown["سلام، خوبی."], shown["<b>[b] & ۱۲"], shown[f"5 messages to {URL}"]
    assert (line.get("direction"), line.get("text-anchor"), line.get("textLength")) == ("rtl", "end", None)
    assert (mixed.get("direction"), mixed.get("textLength")) == (None, None)
    assert (plain.get("direction"), plain.get("textLength") is None) == (None, False)
