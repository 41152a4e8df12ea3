from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any
from zipfile import ZipFile

import openpyxl
import pytest
import xlsxwriter  # type: ignore[import-untyped] # ships no type information

from tests.cli.bulk.files.reading import PACKAGE, RELATIONS, SPREADSHEET, read

NO_VALUE = "!a formula without a value: open the file in the spreadsheet program, and save it again"


def workbook(
    rows: str,
    *,
    name: str = "f.xlsx",
    before: str = "",
    styles: str = "",
    strings: str = "",
    properties: str = "",
    replaced: Mapping[str, str] | None = None,
) -> None:
    """Write a workbook of one sheet by hand, for what no library writes."""
    parts = {
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="a" '
        f'Type="{RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{SPREADSHEET}" xmlns:r="{RELATIONS}">{properties}<sheets>'
        '<sheet name="s" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships">'
        f'<Relationship Id="r1" Type="{RELATIONS}/worksheet" Target="/xl/worksheets/one.xml"/>'
        f'<Relationship Id="r2" Type="{RELATIONS}/styles" Target="styles.xml"/>'
        f'<Relationship Id="r3" Type="{RELATIONS}/sharedStrings" Target="sharedStrings.xml"/></Relationships>',
        "xl/worksheets/one.xml": f'<worksheet xmlns="{SPREADSHEET}">{before}<sheetData>{rows}</sheetData></worksheet>',
    }
    if styles:
        parts["xl/styles.xml"] = f'<styleSheet xmlns="{SPREADSHEET}">{styles}</styleSheet>'
    if strings:
        parts["xl/sharedStrings.xml"] = f'<sst xmlns="{SPREADSHEET}">{strings}</sst>'
    with ZipFile(name, "w") as file:
        for path, content in (parts | dict(replaced or {})).items():
            file.writestr(path, content)


def test_a_template_gets_what_the_sheet_shows() -> None:
    """Numbers, dates, times and booleans have the text of their number format, from another writer's file, too."""
    book = xlsxwriter.Workbook("f.xlsx")
    sheet: Any = book.add_worksheet()
    moment = dt.datetime(2026, 1, 2, 14, 5)  # noqa: DTZ001 - a sheet has no time zones
    cells = [
        ("mobile", 9123456789, None, "9123456789"),
        ("code", 7, "00000", "00007"),
        ("amount", 1250000, "#,##0", "1,250,000"),
        ("rials", 1250000, '#,##0 "ریال"', "1,250,000 ریال"),
        ("percent", 0.125, "0.0%", "12.5%"),
        ("fraction", 2.5, None, "2.5"),
        ("day", moment, "yyyy/mm/dd", "2026/01/02"),
        ("jalali", moment, "[$-fa-IR,16]yyyy/mm/dd", "1404/10/12"),
        ("time", dt.time(8, 30), "h:mm AM/PM", "8:30 AM"),
        ("both", moment, "dd/mm/yyyy hh:mm", "02/01/2026 14:05"),
        ("is member", True, None, "TRUE"),
        ("text", "0007", "@", "0007"),
        ("nothing", 5, ";;;", ""),
    ]
    for column, (name, value, code, _) in enumerate(cells):
        sheet.write(0, column, name)
        style = None if code is None else book.add_format({"num_format": code})
        sheet.write(1, column, value, style)
    book.close()
    assert read("f.xlsx").rows == {2: {name: shown for name, _, _, shown in cells}}
    copy = openpyxl.load_workbook("f.xlsx")
    copy.save("g.xlsx")
    assert read("g.xlsx") == read("f.xlsx")


def test_hidden_rows_and_columns_are_left_out_and_counted() -> None:
    """Hidden, filtered and flat rows are not read unless they are asked for; neither are hidden columns."""
    book = xlsxwriter.Workbook("f.xlsx")
    sheet: Any = book.add_worksheet()
    for number, row in enumerate([("mobile", "name", "secret"), ("1", "a", "x"), ("2", "b", "y"), ("3", "c", "z")]):
        sheet.write_row(number, 0, row)
    sheet.autofilter("A1:C4")
    sheet.set_row(1, None, None, {"hidden": True})
    sheet.set_row(2, 0)
    sheet.set_column("A:B", 20)
    sheet.set_column("C:C", 10, None, {"hidden": True})
    book.close()
    found = read("f.xlsx")
    assert (found.columns, found.rows) == (("mobile", "name"), {4: {"mobile": "3", "name": "c"}})
    assert (found.hidden_rows, found.hidden_columns) == (2, ("secret",))
    found = read("f.xlsx", include_hidden=True)
    assert (found.columns, [*found.rows]) == (("mobile", "name", "secret"), [2, 3, 4])
    assert (found.hidden_rows, found.hidden_columns) == (0, ())
    workbook('<row r="1" ht="0"><c t="inlineStr"><is><t>a</t></is></c></row><row ht="0"><c><v>1</v></c></row>')
    assert read("f.xlsx").hidden_rows == 1


def test_a_row_of_errors_is_a_row() -> None:
    """Cells with errors, and formulas without a value, are broken cells and not empty ones."""
    book = xlsxwriter.Workbook("f.xlsx")
    sheet: Any = book.add_worksheet()
    sheet.write_row(0, 0, ["mobile", "name"])
    sheet.write_formula(1, 0, "=NA()", None, "#N/A")
    sheet.write_formula(1, 1, "=1/0", None, "#DIV/0!")
    sheet.write_formula(2, 0, '="0912"&"3456789"', None, "09123456789")
    book.close()
    assert read("f.xlsx").rows == {
        2: {"mobile": "!the error #N/A", "name": "!the error #DIV/0!"},
        3: {"mobile": "09123456789", "name": ""},
    }
    workbook(
        '<row><c t="inlineStr"><is><t>a</t></is></c><c t="inlineStr"><is><t>b</t></is></c></row>'
        '<row><c t="str"><f>""</f><v></v></c><c><v>1</v></c></row>'
    )
    assert read("f.xlsx").values == [["", "1"]]
    other = openpyxl.Workbook()
    other.active.append(["mobile", "name"])  # type: ignore[union-attr] # a new workbook has a sheet
    other.active.append(['="0912"&"3456789"', "=A1"])  # type: ignore[union-attr] # as above
    other.save("g.xlsx")
    assert read("g.xlsx").rows == {2: {"mobile": NO_VALUE, "name": NO_VALUE}}


def test_texts_of_every_kind_are_read() -> None:
    """Shared, rich, inline and formula texts, with the escapes of control characters and without the phonetic runs."""
    workbook(
        '<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c><c r="D1" t="inlineStr"><is><t>d</t></is></c></row>'
        '<row r="2"><c r="A2" t="str"><f>x</f><v>a_x000D_b</v></c><c r="B2" t="inlineStr"><is><r><t>c</t></r><r><t>d</t></r></is></c>'
        '<c r="D2" t="b"><extLst/><v>0</v></c><c r="XFD2"/></row>',
        strings="<si><t>na_x0041_me</t></si><si><r><rPr/><t>b</t></r><r><t xml:space='preserve'> c</t></r><rPh><t>?</t></rPh></si>",
    )
    assert read("f.xlsx").rows == {2: {"naAme": "a\rb", "b c": "cd", "d": "FALSE"}}


def test_cells_without_references_follow_each_other() -> None:
    """Some programs leave out the numbers of rows and cells, or write them out of order."""
    workbook(
        '<row><c t="inlineStr"><is><t>a</t></is></c><c t="inlineStr"><is><t>b</t></is></c></row>'
        '<row><c><v>1</v></c><c t="s"><v></v></c></row><row r="5"><c r="B5"><v>2</v></c><c r="A5"><v>3.0</v></c></row>'
    )
    assert read("f.xlsx").rows == {2: {"a": "1", "b": ""}, 5: {"a": "3", "b": "2"}}


@pytest.mark.parametrize(("properties", "day"), [("", "2026-01-02"), ('<workbookPr date1904="1"/>', "2030-01-03")])
def test_days_are_counted_from_1900_or_1904(properties: str, day: str) -> None:
    """The workbook says which; the short date of the system has the year first."""
    workbook(
        '<row><c t="inlineStr"><is><t>a</t></is></c></row><row><c s="1"><v>46024</v></c></row><row><c s="9"><v>5</v></c></row>',
        styles='<cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs>',
        properties=properties,
    )
    assert read("f.xlsx").values == [[day], ["5"]]


def test_a_sheet_without_a_file_is_no_sheet() -> None:
    """Chart sheets and missing parts are left out."""
    workbook(
        '<row><c t="inlineStr"><is><t>a</t></is></c></row>',
        before='<cols><col min="1" max="99999999" width="0"/></cols>',
        replaced={
            "xl/workbook.xml": f'<workbook xmlns="{SPREADSHEET}" xmlns:r="{RELATIONS}"><sheets><sheet name="c" r:id="c"/>'
            '<sheet name="lost" r:id="l"/><sheet name="s" r:id="r1"/></sheets></workbook>',
        },
    )
    found = read("f.xlsx")
    assert (found.format, found.other_sheets, found.hidden_columns) == ("sheet 's'", (), ("a",))


def test_a_date_may_be_written_as_one() -> None:
    """Other programs write it so; it is shown in the format of its cell."""
    workbook(
        '<row><c t="inlineStr"><is><t>a</t></is></c><c t="inlineStr"><is><t>b</t></is></c></row>'
        '<row><c t="d"><v>2026-01-02T14:05:00</v></c><c t="d" s="1"><v>2026-01-02T14:05:00Z</v></c></row>',
        styles='<cellXfs><xf numFmtId="0"/><xf numFmtId="20"/></cellXfs>',
    )
    assert read("f.xlsx").values == [["2026-01-02", "14:05"]]
