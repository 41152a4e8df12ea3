from __future__ import annotations

import pytest

from wikipayam_async.cli.spreadsheet import harmless


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        ("=1+1", "'=1+1"),
        ("+98", "'+98"),
        ("-x", "'-x"),
        ("@x", "'@x"),
        ("\tx", "'\tx"),
        ("\rx", "'\rx"),
        ("a=b", "a=b"),
        ("", ""),
    ],
)
def test_what_a_spreadsheet_would_run_gets_an_apostrophe(cell: str, shown: str) -> None:
    """Only the beginning of a cell makes it a formula; everything else stays to the letter."""
    assert harmless(cell) == shown
