from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from tests.cli.bulk.results_files import (
    HEADER,
    PATH,
    info,
    outcomes,
    write,
)
from wikipayam_async.cli.bulk.errors import ResultsFileError
from wikipayam_async.cli.bulk.outcomes import RowOutcome
from wikipayam_async.cli.bulk.record import Record
from wikipayam_async.cli.bulk.results_file import ResultsFile


@pytest.mark.parametrize(
    "torn", [b'{"line":"row","row":3,"status":"acc', b"\0\0\0", b'{"line":"claimed","run":"w1","rows":[[3,']
)
def test_a_partial_last_line_is_ignored_and_removed(torn: bytes) -> None:
    """A record that was being written when the process was killed does not count, and is removed before the next one."""
    write(HEADER, {"line": "claimed", "run": "w1", "rows": [[2, 2]]}, torn)
    assert outcomes(2, 3) == [RowOutcome.UNKNOWN, RowOutcome.NONE]
    assert PATH.read_bytes().endswith(torn)
    with ResultsFile.existing(PATH) as results:
        results.begin(info("w2"))
    assert torn not in PATH.read_bytes()
    assert outcomes(2, 3) == [RowOutcome.UNKNOWN, RowOutcome.NONE]


def test_a_complete_last_line_without_a_line_end_counts() -> None:
    """An editor may have removed the last line end: the record still counts."""
    write(HEADER, b'{"line":"claimed","run":"w1","rows":[[2,2]]}')
    with ResultsFile.existing(PATH) as results:
        results.begin(info("w2"))
        assert results.outcomes[2] is RowOutcome.UNKNOWN
    assert outcomes(2) == [RowOutcome.UNKNOWN]
    assert len(PATH.read_bytes().splitlines()) == 3


@pytest.mark.parametrize(
    "lines",
    [
        (HEADER, "{", {"line": "row", "row": 2, "status": "accepted"}),
        (HEADER, {"line": "row", "row": 2, "status": "lost"}),
        (HEADER, {"line": "row", "row": 0, "status": "accepted"}),
        (HEADER, {"line": "claimed", "run": "w1", "rows": [[3, 2]]}),
        (HEADER, {"line": "claimed", "run": "w1", "rows": [[1, 10**12]]}),
        (HEADER, {"line": "other"}),
        (HEADER, HEADER),
        (HEADER, "[" * 100_000),
        (HEADER, b"\n"),
    ],
)
def test_any_other_unreadable_line_is_an_error(lines: Sequence[Any]) -> None:
    """It is then unknown what was sent."""
    write(*lines)
    with pytest.raises(ResultsFileError) as caught:
        ResultsFile.existing(PATH)
    assert str(caught.value) == (
        "r.jsonl: line 2 cannot be read, so it is unknown which rows were sent; nothing is sent now"
    )
    with pytest.raises(ResultsFileError):  # and the lock is free again
        ResultsFile.existing(PATH)


@pytest.mark.parametrize("lines", [(), (b"{",), ({"line": "row", "row": 2, "status": "accepted"},), ("a,b",)])
def test_a_file_without_a_header_is_refused(lines: Sequence[Any]) -> None:
    """Another file is not used as a results file, and not written to."""
    write(*lines)
    before = PATH.read_bytes()
    with pytest.raises(ResultsFileError) as caught:
        ResultsFile.existing(PATH)
    assert str(caught.value) == (
        "r.jsonl: is not a results file; if a run was interrupted while creating it, that run sent nothing"
    )
    assert PATH.read_bytes() == before


def test_another_format_is_refused() -> None:
    """The records of another version may have another meaning."""
    write(HEADER | {"format": 2, "version": "9"})
    with pytest.raises(ResultsFileError) as caught:
        ResultsFile.existing(PATH)
    assert str(caught.value) == "r.jsonl: was written by version 9; use that version"


def test_the_tags_of_the_records_are_fixed() -> None:
    """The tags are part of the file format."""
    assert [one.__struct_config__.tag for one in Record.__args__] == ["header", "run", "claimed", "row"]
