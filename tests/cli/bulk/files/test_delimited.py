from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.bulk.files.reading import read, refusal


def csv(text: str) -> None:
    """Write a CSV file."""
    Path("f.csv").write_text(text, encoding="utf-8", newline="")


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        ('mobile;name\n0912;"a, b, c"\n0935;"d, e, f"\n', "';'"),
        ('"mobile";"name, family"\n0912;"a"\n', "';'"),
        ("mobile\tname\n0912\ta, b; c\n", r"'\t'"),
        ("mobile|name\n0912|a, b\n", "'|'"),
        ('mobile,name\n0912,"a;b;c;d"\n', "','"),
        ('mobile;text\n0912;"one\ntwo, three', "';'"),
        ("گزارش فروش\nموبایل;نام\n0912;a, b\n", "';'"),
        ("mobile\n0912\n", "','"),
        ("mobile;name,family\n0912;a,b\n", "';'"),
    ],
)
def test_the_delimiter_is_guessed_with_the_quotes_understood(text: str, delimiter: str) -> None:
    """Delimiters in quoted cells, and those in texts of the rows, do not count."""
    if text.endswith("three"):
        text += '"\n' + "0912;x\n" * 100
    csv(text)
    assert read("f.csv").format.split(", header")[0] == f"delimiter {delimiter}"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("other", [",", ";", "\t", "|", "\n", '""'])
def test_what_is_in_quotes_divides_nothing(delimiter: str, other: str) -> None:
    """In the header and in the rows, however often."""
    cell = f'"{other * 5}"'
    lines = [delimiter.join(["نام", f'"a{other}b"', "موبایل"]), *[delimiter.join([cell, cell, "0912"])] * 3]
    csv("\n".join(lines))
    found = read("f.csv")
    assert (found.format, len(found.columns), [row["موبایل"] for row in found.rows.values()]) == (
        f"delimiter {delimiter!r}", 3, ["0912"] * 3,
    )  # fmt: skip


def test_a_quoted_cell_may_go_on_after_the_sample() -> None:
    """The guess uses what it has."""
    csv('mobile;text\n0912;"' + "a,\n" * 200 + '"\n')
    assert (read("f.csv").format, len(read("f.csv").rows)) == ("delimiter ';'", 1)


@pytest.mark.parametrize("line", ["sep=;", '"sep=;"', "SEP=;", "sep=;,,", "sep=;;;"])
def test_the_line_that_tells_the_delimiter_is_no_row(line: str) -> None:
    """It still counts for the numbers of the rows, as in an editor."""
    csv(f"{line}\r\nmobile;name\r\n0912;a,b\r\n")
    assert (read("f.csv").format, read("f.csv").rows) == ("delimiter ';'", {3: {"mobile": "0912", "name": "a,b"}})


def test_columns_that_nobody_uses_may_have_no_name_or_the_same() -> None:
    """Their cells are kept under other names."""
    csv("mobile,,name,name\n1,x,a,b\n2,,c,d\n")
    assert read("f.csv").columns == ("mobile", "name", "name (2)")
    assert read("f.csv").rows == {
        2: {"mobile": "1", "column 2": "x", "name": "a", "name (2)": "b"},
        3: {"mobile": "2", "name": "c", "name (2)": "d"},
    }


def test_line_ends_in_quoted_cells_are_kept() -> None:
    """So are CRLF."""
    csv('mobile,text\r\n0912,"a\r\nb"\r\n')
    assert read("f.csv").rows == {2: {"mobile": "0912", "text": "a\r\nb"}}


def test_broken_and_empty_cells_are_known() -> None:
    """A row of errors is a row; one without anything to read is none."""
    csv("mobile,name\n#REF!,#N/A\n\u200c,\n'0912,NULL\n0913,a\0b\n")
    assert read("f.csv").rows == {
        2: {"mobile": "!the error #REF!", "name": "!the error #N/A"},
        4: {"mobile": "0912", "name": ""},
        5: {"mobile": "0913", "name": "!a text with NUL characters"},
    }


def test_broken_quotes_are_refused_with_their_row() -> None:
    """Whatever delimiter was guessed."""
    csv('a,b\n1,2\n1,"x"y\n')
    assert refusal("f.csv") == "f.csv: row 3 is not valid CSV: ',' expected after '\"'"
