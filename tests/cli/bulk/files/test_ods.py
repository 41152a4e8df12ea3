from __future__ import annotations

from pathlib import Path
from typing import Any
from zipfile import ZipFile

from odf.opendocument import OpenDocumentSpreadsheet  # type: ignore[import-untyped] # ships no type information
from odf.style import Style, TableProperties  # type: ignore[import-untyped] # as above
from odf.table import Table, TableCell, TableColumn, TableRow  # type: ignore[import-untyped] # as above
from odf.text import P  # type: ignore[import-untyped] # as above

from tests.cli.bulk.files.reading import read, refusal
from wikipayam_async.cli.bulk.tables import FileOptions, open_table
from wikipayam_async.templates import Template

NAMESPACES = " ".join(
    f'xmlns:{prefix}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
    for prefix, name in (("office", "office"), ("table", "table"), ("text", "text"), ("style", "style"))
)


def write(rows: str, columns: str = "") -> None:
    """Write a workbook by hand, for what no library writes."""
    with ZipFile("f.ods", "w") as file:
        file.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        file.writestr(
            "content.xml",
            f"<office:document-content {NAMESPACES}><office:body><office:spreadsheet>"
            f'<table:table table:name="s">{columns}{rows}</table:table>'
            "</office:spreadsheet></office:body></office:document-content>",
        )


def row(*cells: str, **attributes: str) -> str:
    """Return a row of texts or cells."""
    inside = "".join(
        cell
        if cell.startswith("<")
        else f'<table:table-cell office:value-type="string"><text:p>{cell}</text:p></table:table-cell>'
        for cell in cells
    )
    written = "".join(f' table:{name.replace("_", "-")}="{value}"' for name, value in attributes.items())
    return f"<table:table-row{written}>{inside}</table:table-row>"


def test_a_workbook_of_another_writer_is_read() -> None:
    """Cells have what the sheet shows; hidden rows, columns and sheets are left out."""
    document: Any = OpenDocumentSpreadsheet()
    invisible = Style(name="ta1", family="table")
    invisible.addElement(TableProperties(display="false"))
    document.automaticstyles.addElement(invisible)
    plain = Style(name="ta2", family="table")
    document.automaticstyles.addElement(plain)
    document.spreadsheet.addElement(Table(name="lists", stylename=invisible))
    table = Table(name="people", stylename=plain)
    table.addElement(TableColumn(numbercolumnsrepeated=2))
    table.addElement(TableColumn(visibility="collapse"))
    for number, texts in enumerate(
        (("mobile", "code", "secret"), ("9120000001", "00007", "x"), ("9120000002", "8", "y"))
    ):
        line = TableRow(visibility="filter") if number == 2 else TableRow()
        for text in texts:
            numeric = {"valuetype": "float", "value": text} if text.isdecimal() else {"valuetype": "string"}
            cell = TableCell(**numeric)
            cell.addElement(P(text=text))
            line.addElement(cell)
        table.addElement(line)
    document.spreadsheet.addElement(table)
    document.save("f.ods")
    found = read("f.ods")
    assert (found.format, found.hidden_rows, found.hidden_columns) == ("sheet 'people'", 1, ("secret",))
    assert found.rows == {2: {"mobile": "9120000001", "code": "00007"}}
    assert read("f.ods", include_hidden=True).hidden_rows == 0
    assert read("f.ods", sheet="lists").rows == {}


def test_repeated_and_covered_cells_have_their_places() -> None:
    """Empty cells and rows count, however many; a comment is no text of its cell."""
    comment = "<office:annotation><text:p>?</text:p></office:annotation>"
    write(
        '<table:table-row table:number-rows-repeated="3"><table:table-cell table:number-columns-repeated="16384"/></table:table-row>'
        + row(
            "a",
            '<table:covered-table-cell office:value-type="string"><text:p>?</text:p></table:covered-table-cell>',
            "c",
            "d",
        )
        + row(
            f'<table:table-cell office:value-type="string">{comment}<text:p>x<text:s text:c="2"/>y<text:tab/>z<text:line-break/>w'
            "<text:span>v</text:span><office:annotation>?</office:annotation>.</text:p><text:p>u</text:p></table:table-cell>",
            '<table:table-cell table:number-columns-repeated="2" office:value-type="string"><text:p>t</text:p></table:table-cell>',
            '<table:table-cell table:number-columns-repeated="16381"/>',
            number_rows_repeated="2",
        )
        + '<table:table-row table:number-rows-repeated="1048567"><table:table-cell/><office:other/></table:table-row>'
    )
    text = "x  y\tz\nwv.\nu"
    expected = {"a": text, "column 2": "t", "c": "t", "d": ""}
    assert read("f.ods").rows == {5: expected, 6: expected}


def test_values_behind_the_texts_are_kept() -> None:
    """Formats of a template get the number or the day; errors and formulas without a value are broken."""
    write(
        row("a", "b", "c", "d", "e", "f")
        + row(
            '<table:table-cell office:value-type="date" office:date-value="2026-01-02"><text:p>2. Jan 26</text:p></table:table-cell>',
            '<table:table-cell office:value-type="date" office:date-value="2026-01-02T10:00:00"><text:p>x</text:p></table:table-cell>',
            '<table:table-cell office:value-type="currency" office:value="1250000"><text:p>1.25 M</text:p></table:table-cell>',
            '<table:table-cell office:value-type="date" office:date-value="?"><text:p>y</text:p></table:table-cell>',
            '<table:table-cell table:formula="of:=1/0" office:value-type="string"><text:p>#DIV/0!</text:p></table:table-cell>',
            '<table:table-cell table:formula="of:=1"/>',
        )
    )
    found = read("f.ods").rows[2]
    assert [*found.values()] == [
        "2. Jan 26", "x", "1.25 M", "y", "!the error #DIV/0!",
        "!a formula without a value: open the file in the spreadsheet program, and save it again",
    ]  # fmt: skip
    with open_table(Path("f.ods"), FileOptions()) as table:
        values = next(table.rows).values
    assert Template("{a|jalali} {b|jalali} {c|thousands}").render(values) == "1404/10/12 1404/10/12 1,250,000"


def test_a_password_is_told() -> None:
    """The manifest says that the content is encrypted."""
    with ZipFile("f.ods", "w") as file:
        file.writestr("encrypted-package", b"\x00\x01")
        file.writestr("META-INF/manifest.xml", "<manifest:encryption-data/>")
    assert refusal("f.ods") == "f.ods: has a password: remove it in the spreadsheet program, and save the file again"
