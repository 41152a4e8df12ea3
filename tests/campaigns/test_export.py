"""Exports: readable by their owner alone, guarded against formulas, whole or not there."""

from __future__ import annotations

import csv
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from wikipayam_async import InvalidInputError, SendStatus
from wikipayam_async.campaigns import CampaignResult
from wikipayam_async.campaigns.export import export_results, format_of

pytestmark = pytest.mark.anyio

RESULT = CampaignResult(
    0,
    "+989120000001",
    SendStatus.UNKNOWN,
    None,
    "no answer",
    "t-1",
    None,
    "timeout",
    "=1+1\nسلام",
    "+981000",
    2,
    {"@name": "+cmd", "id": "7"},
)


async def many(count: int = 1) -> AsyncIterator[CampaignResult]:
    """Yield the same result some times."""
    for _ in range(count):
        yield RESULT


async def test_csv_is_for_spreadsheets(tmp_path: Path) -> None:
    """A byte order mark; formulas are escaped, numbers in international form are not; own columns come first."""
    path = tmp_path / "out.csv"
    assert await export_results(path, "csv", many(2), ["@name", "id", "absent"]) == 2
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    with path.open(encoding="utf-8-sig", newline="") as file:
        head, first, second = csv.reader(file)
    assert head == [
        *("'@name", "id (input)", "absent"),
        *("index", "row", "receiver", "message", "sender", "status", "id", "track_id", "delivery", "reason", "error"),
    ]
    assert (
        first
        == second
        == [
            *("'+cmd", "7", ""),
            *("0", "2", "+989120000001", "'=1+1\nسلام", "+981000", "unknown", "", "t-1", "", "timeout", "no answer"),
        ]
    )


async def test_json_lines_are_for_programs(tmp_path: Path) -> None:
    """One object a line, with what the caller passed under `columns`."""
    path = tmp_path / "out.jsonl"
    assert await export_results(path, "jsonl", many(1001), []) == 1001
    lines = path.read_text("utf-8").splitlines()
    assert len(lines) == 1001
    assert json.loads(lines[-1]) == {
        "index": 0,
        "row": 2,
        "receiver": "+989120000001",
        "message": "=1+1\nسلام",
        "sender": "+981000",
        "status": "unknown",
        "id": None,
        "track_id": "t-1",
        "delivery": None,
        "reason": "timeout",
        "error": "no answer",
        "columns": {"@name": "+cmd", "id": "7"},
    }


async def test_an_unfinished_export_leaves_nothing(tmp_path: Path) -> None:
    """If the results end with an error, the old file stays as it was."""

    async def broken() -> AsyncIterator[CampaignResult]:
        yield RESULT
        raise RuntimeError("broken")

    path = tmp_path / "out.csv"
    path.write_text("old")
    with pytest.raises(RuntimeError):
        await export_results(path, "csv", broken(), [])
    assert {file.name: file.read_text() for file in tmp_path.iterdir()} == {"out.csv": "old"}


async def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """The error says why."""
    with pytest.raises(InvalidInputError, match="expected a file that can be written: No such file or directory"):
        await export_results(tmp_path / "missing" / "out.csv", "csv", many(), [])


@pytest.mark.parametrize(
    ("name", "wanted", "found"),
    [
        ("a.csv", None, "csv"),
        ("a.CSV", None, "csv"),
        ("a.jsonl", None, "jsonl"),
        ("a.ndjson", None, "jsonl"),
        ("a.txt", "csv", "csv"),
        ("a.csv", "jsonl", "jsonl"),
    ],
)
def test_the_name_decides_unless_a_format_is_given(name: str, wanted: str | None, found: str) -> None:
    """A format that is given outweighs the name."""
    assert format_of(Path(name), wanted) == found


@pytest.mark.parametrize(
    ("name", "wanted"), [("a.xlsx", None), ("a", None), ("a.csv", "xlsx"), ("a.csv", "ndjson"), ("a.csv", 7)]
)
def test_another_format_is_refused(name: str, wanted: str | None) -> None:
    """The error names the formats."""
    with pytest.raises(InvalidInputError, match="format: expected 'csv' or 'jsonl', or a file name that ends in"):
        format_of(Path(name), wanted)
