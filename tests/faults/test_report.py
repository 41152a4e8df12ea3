"""The report writes measured figures into the page, and the page shows what the tests assert."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.faults.matrix.expected import rows
from tests.faults.report import MATRIX, PAGE, check, main, tables, update

FIGURES = {"sends": 3000, "double_sends": 0, "seconds": 0.5, "clean": True, "way": "cancel"}
TABLE = """\
| figure | value |
| --- | --- |
| sends | 3,000 |
| double sends | 0 |
| seconds | 0.5 |
| clean | yes |
| way | cancel |"""


def write(folder: Path, name: str, figures: object) -> None:
    """Write figures as the tests record them."""
    (folder / f"{name}.json").write_text(json.dumps(figures), encoding="utf-8")


def matrix_of(folder: Path) -> str:
    """Return the table of the matrix that the tests assert."""
    measured = [{"fault": row.fault, "group": row.group, **row.cells} for row in rows().values()]
    write(folder, "matrix.asyncio", measured)
    write(folder, "matrix.trio", measured)
    return tables(folder)[MATRIX]


def test_an_object_of_figures_becomes_a_table_of_two_columns(tmp_path: Path) -> None:
    """Numbers get thousands separators, booleans become yes or no, and underscores become spaces."""
    write(tmp_path, "soak", FIGURES)
    assert tables(tmp_path) == {"soak": TABLE}


def test_rows_of_figures_become_a_table_of_as_many_columns(tmp_path: Path) -> None:
    """A value that a row does not have is shown as a dash."""
    write(tmp_path, "ways", [{"a": 1}, {"a": 2, "b": None}])
    assert tables(tmp_path) == {"ways": "| a | b |\n| --- | --- |\n| 1 | – |\n| 2 | – |"}


@pytest.mark.parametrize(
    ("cells", "shown"),
    [
        (("ok 1/0 succeeded",) * 2, "success 1 / 0"),
        (("A 0/0 failed or B 0/0 unknown",) * 2, "`A` 0 / 0 or `B` 0 / 0"),
        (("A 1/0 failed", "B 1/0 failed"), "asyncio: `A` 1 / 0; trio: `B` 1 / 0"),
    ],
)
def test_the_matrix_of_both_event_loops_is_one_table(tmp_path: Path, cells: tuple[str, str], shown: str) -> None:
    """Cells that differ between the event loops are shown for both."""
    for backend, cell in zip(("asyncio", "trio"), cells, strict=True):
        write(tmp_path, f"matrix.{backend}", [{"fault": "f", "group": "g", "read": cell, "bulk": "X 1/3 a+a+u"}])
    *_, group, row = tables(tmp_path)[MATRIX].splitlines()
    assert group == "| **g** | | | | |"
    assert row == f"| f | {shown} | – | – | 2 a, 1 u 1 / 3 |"


def test_tables_go_between_their_markers() -> None:
    """A table replaces the one between its markers; a new table is appended; the rest of the page stays."""
    page = "# Page\n\n<!-- figures:a -->\nold\n<!-- /figures:a -->\n\nEnd.\n"
    assert update(page, {"a": "new", "b": "more"}) == (
        "# Page\n\n<!-- figures:a -->\nnew\n<!-- /figures:a -->\n\nEnd.\n\n"
        "## b\n\n<!-- figures:b -->\nmore\n<!-- /figures:b -->\n"
    )


@pytest.mark.parametrize(
    ("table", "stale"),
    [
        ("| sends | 3,000 |", []),
        ("| sends | 12 |", []),
        ("| sends | 0.25 |", []),
        ("| sends | 0 |", ["a"]),
        ("| retries | 3,000 |", ["a"]),
    ],
)
def test_a_check_compares_words_and_zeros(table: str, stale: list[str]) -> None:
    """A check ignores measured numbers and compares words and zeros."""
    page = update("", {"a": "| sends | 3,000 |"})
    assert check(page, {"a": table}) == stale


def test_the_command_rewrites_the_page_and_checks_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--check` fails for an outdated page without changing it; without the option the page is updated."""
    page = tmp_path / "page.md"
    page.write_text("# Page\n", encoding="utf-8")
    write(tmp_path, "soak", FIGURES)
    arguments = [str(tmp_path), "--page", str(page)]
    assert (main([*arguments, "--check"]), page.read_text("utf-8")) == (1, "# Page\n")
    assert capsys.readouterr().err == "page.md differs from the figures in: soak\n"
    assert (main(arguments), main([*arguments, "--check"])) == (0, 0)
    assert TABLE in page.read_text("utf-8")


@pytest.mark.skipif("WIKIPAYAM_FIGURES" in os.environ, reason="the page is being rewritten")
@pytest.mark.skipif(not PAGE.exists(), reason="the documentation is not here")
def test_the_page_shows_the_matrix_that_the_tests_assert(tmp_path: Path) -> None:
    """The table in the documentation is the one that the tests assert."""
    assert check(PAGE.read_text("utf-8"), {MATRIX: matrix_of(tmp_path)}) == []
