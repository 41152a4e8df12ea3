from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from wikipayam_async.cli.bulk.errors import InputFileError
from wikipayam_async.cli.bulk.tables import FileOptions, open_table
from wikipayam_async.errors import InvalidInputError
from wikipayam_async.templates.values import ShownValue


def read(name: str, **how: Any) -> tuple[tuple[str, ...], str, list[tuple[int, dict[str, object] | str]]]:
    """Return the columns of a file, its detected format, and its rows, bad ones as their fault."""
    with open_table(Path(name), FileOptions(**how)) as table:
        rows = [(row.number, str(row.fault) if row.fault else dict(row.values)) for row in table.rows]
        return tuple(table.columns), table.detected_format, rows


def csv(text: str, written: str = "utf-8", **how: Any) -> Any:
    """Read a text as CSV."""
    Path("f.csv").write_bytes(text.encode(written))
    return read("f.csv", **how)


def refusal(text: bytes, name: str = "f.csv", **how: Any) -> str:
    """Return why a file is refused."""
    Path(name).write_bytes(text)
    with pytest.raises((InputFileError, InvalidInputError)) as caught:
        read(name, **how)
    return str(caught.value)


@pytest.mark.parametrize(("sign", "shown"), [(",", "','"), (";", "';'"), ("\t", r"'\t'")])
def test_the_delimiter_is_detected_from_the_first_line(sign: str, shown: str) -> None:
    """Comma, semicolon and tab are detected from the first line that is not empty."""
    assert csv(f"\n mobile {sign}name\n0912{sign}a,b;c\td\n".replace(f"a{sign}", "a"))[:2] == (
        ("mobile", "name"),
        f"delimiter {shown}",
    )


def test_a_delimiter_can_be_given() -> None:
    """The option overrides the detection, and tab may be written as a word."""
    assert csv("a,b|c\n1|2\n", delimiter="|") == (("a,b", "c"), "delimiter '|'", [(2, {"a,b": "1", "c": "2"})])
    assert csv("a\tb;c\n1\t2\n", delimiter="tab")[0] == ("a", "b;c")


@pytest.mark.parametrize("delimiter", ["", "||", '"', "\n"])
def test_a_delimiter_is_one_character(delimiter: str) -> None:
    """Anything else is refused."""
    assert refusal(b"a,b\n", delimiter=delimiter).startswith("--delimiter: expected one character, or the word tab")


def test_rows_have_the_numbers_that_a_spreadsheet_shows() -> None:
    """The header counts, empty lines count and are skipped, and a line end inside a cell starts no new row."""
    assert csv('\ufeffm,t\n\n1,"a\nb"\n,  \n2,c\n') == (
        ("m", "t"),
        "delimiter ','",
        [(3, {"m": "1", "t": "a\nb"}), (5, {"m": "2", "t": "c"})],
    )


def test_cells_are_unchanged_and_rows_may_be_short() -> None:
    """Spaces stay in the cells; a short row lacks the last columns."""
    assert csv("m,t,u\n1, a \n")[2] == [(2, {"m": "1", "t": " a "})]


def test_a_row_with_more_cells_than_columns_is_bad() -> None:
    """Its text may contain an unquoted delimiter, so it is not sent."""
    assert csv("m,t\n1,a,b\n2,c\n")[2] == [
        (2, "row: expected at most 2 cells, like the first row; got 3 cells"),
        (3, {"m": "2", "t": "c"}),
    ]


def test_without_a_header_the_columns_are_numbered() -> None:
    """The first row is data, and decides the number of columns."""
    assert csv("1;a\n2;b\n", no_header=True) == (
        ("1", "2"),
        "delimiter ';'",
        [(1, {"1": "1", "2": "a"}), (2, {"1": "2", "2": "b"})],
    )


def test_an_empty_file_has_no_rows() -> None:
    """It has neither columns nor rows."""
    assert csv("") == ((), "delimiter ','", [])
    assert csv("\n \n") == ((), "delimiter ','", [])


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b'a,b\n1,"x\n2,y\n', "f.csv: row 2 is not valid CSV: unexpected end of data"),
        (b'a,b\n1,2\n1,"x"y\n', "f.csv: row 3 is not valid CSV: ',' expected after '\"'"),
        (b"a" * 1_000_002, "f.csv: line 1 has more than 1,000,000 characters"),
    ],
)
def test_a_malformed_table_is_refused(content: bytes, text: str) -> None:
    """A file that is ambiguous or broken is not sent at all."""
    assert refusal(content) == text


def test_other_encodings_have_to_be_given() -> None:
    """Bytes that are not valid UTF-8 are refused with a hint at --encoding, and read with it."""
    text = "جوال,اسم\n0912,علي\n"
    assert refusal(text.encode("cp1256")) == (
        "f.csv: bytes near line 1 are not valid UTF-8; "
        "pass the encoding of the file, as in --encoding cp1256 (older Persian Windows) or --encoding utf-16"
    )
    assert csv(text, "cp1256", encoding="cp1256")[2] == [(2, {"جوال": "0912", "اسم": "علي"})]
    assert csv(text, "utf-16", encoding="utf-16")[2] == [(2, {"جوال": "0912", "اسم": "علي"})]
    assert refusal(b"abc", encoding="utf-16").startswith("f.csv: bytes near line 1 are not valid utf-16; ")
    assert refusal(b"abc", encoding="x-none") == "--encoding: unknown encoding x-none"


def test_a_file_of_another_kind_is_refused() -> None:
    """The suffix decides the format."""
    assert refusal(b"", "f.pdf") == (
        "f.pdf: expected a file that ends in one of .csv, .tsv, .txt, .xlsx, .xlsm, .xls, .ods, .jsonl, .ndjson"
    )


def test_json_lines_are_objects() -> None:
    """Each line is a row numbered by its line; a line that is no object is a bad row whose fault does not quote it."""
    lines = ["", "[1]", '{"m": "0912", "n": 5}', " ", "{", '{"m": 1.5}', "[" * 100_000]
    Path("f.jsonl").write_text("\n".join(lines), encoding="utf-8")
    fault = "line: expected a JSON object; got something else"
    assert read("f.jsonl") == (
        ("m", "n"),
        "",
        [(2, fault), (3, {"m": "0912", "n": 5}), (5, fault), (6, {"m": ShownValue("1.5", 1.5)}), (7, fault)],
    )
    Path("f.jsonl").write_bytes(b"")
    assert read("f.jsonl") == ((), "", [])


SPREADSHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
PEOPLE = """
<row r="2"><c r="B2" t="inlineStr"><is><t>mobile</t></is></c><c r="C2" t="inlineStr"><is><t>name</t></is></c></row>
<row r="4"><c r="B4"><v>9123456789</v></c><c r="C4" t="inlineStr"><is><t>علی</t></is></c></row>
<row r="5"><c r="B5" s="1"><v>46024</v></c></row>
"""
SHEETS = {
    "hidden": '<row r="1"><c r="A1" t="inlineStr"><is><t>x</t></is></c></row>',
    "people": PEOPLE,
    "empty": "",
}


def workbook(name: str = "f.xlsx", sheets: Mapping[str, str] = SHEETS) -> None:
    """Write a workbook whose first sheet is hidden, and whose table does not start in the first cell."""
    names = list(sheets)
    state = {"hidden": 'state="hidden"'}
    listed = "".join(
        f'<sheet name="{one}" sheetId="{place}" r:id="r{place}" {state.get(one, "")}/>'
        for place, one in enumerate(names)
    )
    links = "".join(
        f'<Relationship Id="r{place}" Type="{RELATIONS}/worksheet" Target="worksheets/{one}.xml"/>'
        for place, one in enumerate(names)
    )
    parts = {
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="a" '
        f'Type="{RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{SPREADSHEET}" xmlns:r="{RELATIONS}"><sheets>{listed}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships">{links}'
        f'<Relationship Id="s" Type="{RELATIONS}/styles" Target="styles.xml"/></Relationships>',
        "xl/styles.xml": f'<styleSheet xmlns="{SPREADSHEET}"><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs>'
        "</styleSheet>",
    }
    for one, rows in sheets.items():
        parts[f"xl/worksheets/{one}.xml"] = (
            f'<worksheet xmlns="{SPREADSHEET}"><sheetData>{rows}</sheetData></worksheet>'
        )
    with ZipFile(name, "w") as file:
        for path, content in parts.items():
            file.writestr(path, content)


def test_a_workbook_is_read_from_its_first_visible_sheet() -> None:
    """Cells have what the sheet shows, and rows the numbers that it shows."""
    workbook()
    assert read("f.xlsx") == (
        ("mobile", "name"),
        "sheet 'people'",
        [
            (4, {"mobile": "9123456789", "name": "علی"}),
            (5, {"mobile": ShownValue("2026-01-02", dt.date(2026, 1, 2)), "name": ""}),
        ],
    )
    assert read("f.xlsx", no_header=True)[0] == ("2", "3")
    assert read("f.xlsx", sheet="hidden")[:2] == (("x",), "sheet 'hidden'")
    assert read("f.xlsx", sheet="empty") == ((), "sheet 'empty'", [])


def test_a_workbook_that_cannot_be_read_is_refused() -> None:
    """A missing sheet, or bytes that are no workbook, are an error."""
    workbook()
    with pytest.raises(InputFileError) as caught:
        read("f.xlsx", sheet="other")
    assert str(caught.value) == "--sheet: no sheet has this name; the sheets are hidden, people, empty"
    assert refusal(json.dumps({}).encode(), "g.xlsx") == (
        "g.xlsx: is a text, not a workbook: give it a name that ends in .csv"
    )
    workbook(sheets={})
    with pytest.raises(InputFileError) as caught:
        read("f.xlsx")
    assert str(caught.value) == "f.xlsx: has no sheet with cells"


def test_empty_cells_at_the_end_do_not_count() -> None:
    """Spreadsheets leave them there: in the first row they are no columns, in other rows no cells."""
    assert csv("a,b,, \n1,2,,\n3,,,\n4,5,,6\n") == (
        ("a", "b"),
        "delimiter ','",
        [
            (2, {"a": "1", "b": "2"}),
            (3, {"a": "3", "b": ""}),
            (4, "row: expected at most 2 cells, like the first row; got 4 cells"),
        ],
    )


def test_a_file_that_cannot_be_opened_is_an_error() -> None:
    """The error says why, in the words of the system."""
    with pytest.raises(InputFileError, match=r"missing.csv: cannot be read \(No such file or directory\)"):
        read("missing.csv")
