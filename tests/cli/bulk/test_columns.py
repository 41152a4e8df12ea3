from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pytest

from wikipayam_async.cli.bulk.columns import ColumnMapping, TextOptions, map_columns
from wikipayam_async.cli.bulk.tables import Table, TableRow
from wikipayam_async.errors import ConfigurationError, InvalidInputError
from wikipayam_async.messages import SmsMessage
from wikipayam_async.templates import Template


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
