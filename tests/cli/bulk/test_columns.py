from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pytest

from wikipayam_async.cli.bulk.columns import ColumnMapping, TextOptions, map_columns
from wikipayam_async.cli.bulk.tables import HiddenCells, Table, TableRow
from wikipayam_async.errors import ConfigurationError, InvalidInputError
from wikipayam_async.messages import SmsMessage
from wikipayam_async.templates import Template
from wikipayam_async.templates.values import BrokenValue, ShownValue


def table(*columns: str, is_fixed: bool = True, detected_format: str = "") -> Table:
    """Make a table without rows."""
    return Table(columns, is_fixed, detected_format, iter(()))


TABLE = table("r")


def options(**given: Any) -> TextOptions:
    """Make column options with a sender."""
    return TextOptions(**{"sender": "10002000", **given})


def message(mapping: ColumnMapping, values: Mapping[str, object]) -> SmsMessage:
    """Return the message of a row."""
    return mapping.message_of(TableRow(2, values))


@pytest.mark.parametrize(
    "name", ["receiver", "Mobile", "PHONE", "number", "to", "گیرنده", "موبايل", "شماره", "شماره‌موبایل", "تلفن"]
)
def test_the_usual_names_of_columns_are_known(name: str) -> None:
    """Case, half-spaces and Arabic letters do not matter."""
    assert map_columns(options(), table("id", name, "متن")) == ColumnMapping(
        receiver=name, text_column="متن", sender="10002000"
    )


@pytest.mark.parametrize(
    ("columns", "text"),
    [
        (("a", "text"), "--receiver: expected one of the columns a, text; got no usual name"),
        (
            ("to", "phone", "text"),
            "--receiver: expected one of the columns to, phone, text; got 2 usual names",
        ),
        (("to", "a"), "--text-column: expected one of the columns to, a; got no usual name"),
        ((), "--text-column: the file has no rows; got no usual name"),
    ],
)
def test_a_missing_or_ambiguous_column_is_refused(columns: tuple[str, ...], text: str) -> None:
    """If no column or more than one has a usual name, the error lists the columns."""
    with pytest.raises(InvalidInputError) as caught:
        map_columns(options(), table(*columns))
    assert str(caught.value) == text


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"receiver": "b"}, "--receiver: expected one of the columns to, text; got 'b'"),
        ({"text_column": "b"}, "--text-column: expected one of the columns to, text; got 'b'"),
        ({"sender_column": "b"}, "--sender-column: expected one of the columns to, text; got 'b'"),
        ({"track_id_column": "b"}, "--track-id-column: expected one of the columns to, text; got 'b'"),
        ({"template": "{b}"}, "--template: expected one of the columns to, text; got 'b'"),
        ({"template": "a", "text": "b"}, "text: expected one source of the texts; got --template and --text"),
        ({"text": " "}, "--text: expected a text that is not empty; got only spaces"),
        ({"text": ""}, "--text: expected a text that is not empty; got a string of 0 characters"),
    ],
)
def test_options_that_do_not_fit_the_table_are_refused(given: dict[str, str], text: str) -> None:
    """A missing column, also in a template, is a usage error and not an error of each row."""
    with pytest.raises(InvalidInputError) as caught:
        map_columns(options(**given), table("to", "text"))
    assert str(caught.value) == text


def test_a_sender_is_required() -> None:
    """Without a sender the command fails before anything is sent."""
    with pytest.raises(ConfigurationError) as caught:
        map_columns(TextOptions(), table("to", "text"))
    assert str(caught.value) == "no sender: pass --sender or --sender-column, or set SMS_SENDER"


def test_rows_of_json_lines_may_have_other_columns() -> None:
    """A column that the first object lacks may be in later ones."""
    mapping = map_columns(options(receiver="r", text_column="t"), table("x", is_fixed=False))
    assert message(mapping, {"r": 9123456789, "t": "hi"}) == SmsMessage("09123456789", "hi")


def test_a_row_becomes_a_message() -> None:
    """Text, sender and track id come from their columns; the receiver is normalized."""
    mapping = ColumnMapping(receiver="r", text_column="t", sender_column="s", track_id_column="i")
    row = {"r": 9123456789.0, "t": " hi ", "s": 10002000.0, "i": " T1 "}
    assert message(mapping, row) == SmsMessage("09123456789", " hi ", sender="10002000", track_id="T1")
    assert message(ColumnMapping(receiver="r", text="{r}"), row) == SmsMessage("09123456789", "{r}")
    assert message(ColumnMapping(receiver="r", template=Template("a {s}")), row) == SmsMessage(
        "09123456789", "a 10002000"
    )


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"r": "0212345678"}, "r: expected an Iranian mobile number such as 09123456789"),
        ({"r": None}, "r: expected a value"),
        ({"r": True}, "r: expected a string, a whole number or a Decimal; got True"),
        ({"t": math.nan}, "t: expected a value"),
        ({"t": "\ud800"}, "t: expected valid Unicode"),
        ({"s": "1\n2"}, "s: expected a string of 1 to 64 characters"),
        ({"i": "\x00"}, "i: expected a string of 1 to 255 characters"),
    ],
)
def test_a_bad_value_names_its_column_and_not_itself(changed: dict[str, Any], text: str) -> None:
    """The reason of a bad row does not quote the value, and gives no advice for programmers."""
    mapping = ColumnMapping(receiver="r", text_column="t", sender_column="s", track_id_column="i")
    with pytest.raises(InvalidInputError) as caught:
        message(mapping, {"r": "09123456789", "t": "hi", "s": "1", "i": "T"} | changed)
    assert str(caught.value).startswith(text)
    assert "normalize" not in str(caught.value)
    assert "212345" not in str(caught.value)


def test_a_row_that_cannot_be_read_gives_no_message() -> None:
    """The fault of the row is raised."""
    fault = InvalidInputError("row", rule="a", got="b")
    with pytest.raises(InvalidInputError) as caught:
        ColumnMapping(receiver="r", text="hi").message_of(TableRow(2, fault=fault))
    assert caught.value is fault


def test_columns_are_found_as_people_read_them() -> None:
    """An Arabic keyboard, half-spaces, case and line breaks make no other column; an exact name comes first."""
    found = map_columns(
        options(receiver="شماره همراه", template="{كد ملي} {NAME}", track_id_column="سفارش"),
        table("شماره‌ همراه", "کد\u00a0ملی", "name", "NAME", "سفارش"),
    )
    assert (found.receiver, found.track_id_column) == ("شماره‌ همراه", "سفارش")
    assert found.fields == {"كد ملي": "کد\u00a0ملی", "NAME": "NAME"}
    row = {"شماره‌ همراه": "09123456789", "کد\u00a0ملی": "12", "name": "x", "NAME": " y\u00a0", "سفارش": "T"}
    assert message(found, row) == SmsMessage("09123456789", "12 y", sender=None, track_id="T")


@pytest.mark.parametrize(
    ("columns", "given", "text"),
    [
        (Table(("to", "a"), True, "", iter(()), frozenset({"a"})), {"text_column": "a"}, "--text-column: expected a name that one column has; got 'a', which several have"),
        (Table(("to", "text"), True, "", iter(()), frozenset({"to"})), {}, "--receiver: expected a name that one column has; got 'to', which several have"),
        (table("to", "کد", "كد"), {"template": "{ک_د}"}, "--template: expected a name that one column has; got 'ک_د', which several have"),
        (Table(("to",), True, "", iter(()), hidden=HiddenCells(0, ("name",))), {"template": "{Name}"}, "--template: expected a column that the sheet shows, or --include-hidden; got 'Name', which is hidden"),
    ],
)  # fmt: skip
def test_a_column_that_is_used_must_be_one_that_is_shown(columns: Table, given: dict[str, str], text: str) -> None:
    """Doubled and hidden columns that nobody uses do no harm."""
    with pytest.raises(InvalidInputError) as caught:
        map_columns(options(**given), columns)
    assert str(caught.value) == text


def test_a_mobile_comes_before_a_phone() -> None:
    """A table often has both; `number` or `شماره` may number anything."""
    assert map_columns(options(text="hi"), table("شماره", "تلفن", "موبایل")).receiver == "موبایل"


@pytest.mark.parametrize(
    "cell",
    ["09123456789, 09351234567", "09123456789\n09351234567", "09123456789 و 09351234567", "۰۹۱۲۳۴۵۶۷۸۹ - ۰۹۳۵۱۲۳۴۵۶۷", "9123456789/+989351234567"],
)  # fmt: skip
def test_several_receivers_in_a_cell_are_told(cell: str) -> None:
    """Whatever separates them; the error does not show them."""
    with pytest.raises(InvalidInputError) as caught:
        message(ColumnMapping(receiver="r", text="hi"), {"r": cell})
    assert str(caught.value) == "r: expected one mobile number: give each receiver a row of its own; got 2 numbers"


@pytest.mark.parametrize(
    ("cell", "why"),
    [
        ("", "r: expected a value; got an empty value"),
        (BrokenValue("the error #N/A"), "r: expected a value; got the error #N/A"),
        ("9.12E+09", "r: expected an Iranian mobile number such as 09123456789, but it is in scientific notation, which drops digits: format the spreadsheet column as text; got a string of 8 characters with digits, letters, symbols"),
        (ShownValue("0.5", 0.5), "r: expected an Iranian mobile number such as 09123456789, but it looks like a decimal number; got a string of 3 characters with digits, symbols"),
    ],
)  # fmt: skip
def test_a_receiver_that_is_no_number(cell: object, why: str) -> None:
    """The reason is in the words of files, not of programs."""
    with pytest.raises(InvalidInputError) as caught:
        message(ColumnMapping(receiver="r", text="hi"), {"r": cell})
    assert str(caught.value) == why


@pytest.mark.parametrize(
    "cell",
    [ShownValue("9,123,456,789", 9123456789), ShownValue("9.12E+09", 9123456789.0), ShownValue("09123456789", 9123456789), "9123456789.0"],
)  # fmt: skip
def test_the_digits_of_a_receiver_count_and_not_their_format(cell: object) -> None:
    """A sheet may show a number in any format; the text gets what it shows."""
    mapping = ColumnMapping(receiver="r", template=Template("{r}"), sender_column="s")
    found = message(mapping, {"r": cell, "s": ShownValue("10,002,000", 10002000)})
    assert (found.receiver, found.sender) == ("09123456789", "10002000")
    assert found.message == (cell.text if isinstance(cell, ShownValue) else cell)


def test_a_row_without_a_cell_is_told() -> None:
    """A short row of CSV lacks its last cells."""
    with pytest.raises(InvalidInputError) as caught:
        message(ColumnMapping(receiver="r", text_column="t"), {"r": "09123456789"})
    assert str(caught.value) == "t: expected a value; got a row without this cell"
    with pytest.raises(InvalidInputError) as caught:
        message(ColumnMapping(receiver="r", template=Template("{a}"), fields={"a": "A"}), {"r": "09123456789"})
    assert str(caught.value) == "a: expected a value; got a row without this cell"
