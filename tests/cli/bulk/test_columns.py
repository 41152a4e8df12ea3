from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from wikipayam_async.cli.bulk.columns import ColumnMapping, ColumnOptions, fingerprint, map_columns
from wikipayam_async.cli.bulk.tables import Reading, Table, TableRow
from wikipayam_async.errors import ConfigurationError, InvalidInputError
from wikipayam_async.messages import SmsMessage
from wikipayam_async.templates import Template


def table(*columns: str, is_fixed: bool = True, detected_format: str = "") -> Table:
    """Make a table without rows."""
    return Table(columns, is_fixed, detected_format, iter(()))


TABLE = table("r")


def options(**given: str) -> ColumnOptions:
    """Make columns with a line to send from."""
    return ColumnOptions(**{"sender": "10002000"} | given)


def message(plan: ColumnMapping, values: Mapping[str, object]) -> SmsMessage:
    """Return the message of a row."""
    return plan.message_of(TableRow(2, values))


@pytest.mark.parametrize(
    "name", ["receiver", "Mobile", "PHONE", "number", "to", "گیرنده", "موبايل", "شماره", "شماره‌موبایل", "تلفن"]
)
def test_the_usual_names_of_columns_are_known(name: str) -> None:
    """Capitals, half-spaces and the Arabic letters make no difference."""
    assert map_columns(options(), table("id", name, "متن")) == ColumnMapping(
        receiver=name, text_column="متن", sender="10002000"
    )


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        (("a", "text"), "--receiver: say which column it is; there are: a, text; got no usual name"),
        (
            ("to", "phone", "text"),
            "--receiver: say which column it is; there are: to, phone, text; got 2 that may be meant",
        ),
        (("to", "a"), "--text-column: say which column it is; there are: to, a; got no usual name"),
        ((), "--text-column: the file has no rows; got no usual name"),
    ],
)
def test_a_column_that_is_not_clear_is_asked_for(columns: tuple[str, ...], words: str) -> None:
    """Where no column or more than one may be meant, the columns are listed."""
    with pytest.raises(InvalidInputError) as caught:
        map_columns(options(), table(*columns))
    assert str(caught.value) == words


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"receiver": "b"}, "--receiver: expected a column: to, text; got 'b'"),
        ({"text_column": "b"}, "--text-column: expected a column: to, text; got 'b'"),
        ({"sender_column": "b"}, "--sender-column: expected a column: to, text; got 'b'"),
        ({"track_id_column": "b"}, "--track-id-column: expected a column: to, text; got 'b'"),
        ({"template": "{b}"}, "--template: expected a column: to, text; got 'b'"),
        ({"template": "a", "text": "b"}, "text: expected one source of the texts; got --template and --text"),
        ({"text": " "}, "--text: expected a text that is not empty; got only spaces"),
        ({"text": ""}, "--text: expected a text that is not empty; got a string of 0 characters"),
    ],
)
def test_what_does_not_fit_the_table_is_refused(given: dict[str, str], words: str) -> None:
    """A column that is not there, in a template too, is a mistake in the command, and not one of each row."""
    with pytest.raises(InvalidInputError) as caught:
        map_columns(options(**given), table("to", "text"))
    assert str(caught.value) == words


def test_a_line_is_needed() -> None:
    """Without any line nothing can be sent, and that is said before."""
    with pytest.raises(ConfigurationError) as caught:
        map_columns(ColumnOptions(), table("to", "text"))
    assert str(caught.value) == "no line to send from: say --sender or --sender-column, or set SMS_SENDER"


def test_rows_of_json_lines_may_have_other_columns() -> None:
    """A column that the first object lacks may be in the others."""
    plan = map_columns(options(receiver="r", text_column="t"), table("x", is_fixed=False))
    assert message(plan, {"r": 9123456789, "t": "hi"}) == SmsMessage("09123456789", "hi")


def test_a_row_becomes_a_message() -> None:
    """Text, line and reference come from their columns; the receiver is brought to its one form."""
    plan = ColumnMapping(receiver="r", text_column="t", sender_column="s", track_id_column="i")
    row = {"r": 9123456789.0, "t": " hi ", "s": 10002000.0, "i": " T1 "}
    assert message(plan, row) == SmsMessage("09123456789", " hi ", sender="10002000", track_id="T1")
    assert message(ColumnMapping(receiver="r", text="{r}"), row) == SmsMessage("09123456789", "{r}")
    assert message(ColumnMapping(receiver="r", template=Template("a {s}")), row) == SmsMessage(
        "09123456789", "a 10002000"
    )


@pytest.mark.parametrize(
    ("changed", "words"),
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
def test_a_bad_value_names_its_column_and_not_itself(changed: dict[str, Any], words: str) -> None:
    """The reason of a bad row shows nothing of the value, and no advice for programmers."""
    plan = ColumnMapping(receiver="r", text_column="t", sender_column="s", track_id_column="i")
    with pytest.raises(InvalidInputError) as caught:
        message(plan, {"r": "09123456789", "t": "hi", "s": "1", "i": "T"} | changed)
    assert str(caught.value).startswith(words)
    assert "normalize" not in str(caught.value)
    assert "212345" not in str(caught.value)


def test_a_row_that_cannot_be_read_gives_no_message() -> None:
    """Its fault is the reason."""
    fault = InvalidInputError("row", rule="a", got="b")
    with pytest.raises(InvalidInputError) as caught:
        ColumnMapping(receiver="r", text="hi").message_of(TableRow(2, fault=fault))
    assert caught.value is fault


def test_everything_that_decides_what_is_sent_is_in_the_fingerprint() -> None:
    """Whatever changes, the digest of its aspect changes, and only that one."""
    reading, plan = Reading(path=Path("f.csv")), ColumnMapping(receiver="r", text="hi", sender="1")
    known = fingerprint(plan, reading, TABLE, "digest", None)

    def changed(
        plan: ColumnMapping = plan,
        reading: Reading = reading,
        table_: Table = TABLE,
        content: str = "digest",
        dedupe: str | None = None,
    ) -> list[str]:
        found = fingerprint(plan, reading, table_, content, dedupe)
        return [name for name in known if found[name] != known[name]]

    assert changed() == []
    assert changed(content="other") == ["the content of the file"]
    assert changed(reading=Reading(path=Path("f.csv"), encoding="cp1256")) == ["how the file is read"]
    assert changed(reading=Reading(path=Path("f.csv"), has_header=False)) == ["how the file is read"]
    assert changed(table_=table("r", detected_format="sheet 'b'")) == ["how the file is read"]
    assert changed(ColumnMapping(receiver="r", text="ho", sender="1")) == ["the text"]
    assert changed(ColumnMapping(receiver="r", template=Template("hi"), sender="1")) == ["the text"]
    assert changed(ColumnMapping(receiver="r", text="hi", sender="2")) == ["the line"]
    assert changed(ColumnMapping(receiver="r", text="hi", sender="1", track_id_column="r")) == ["which column is what"]
    assert changed(dedupe="receiver") == ["--dedupe"]
    assert {len(digest) for name, digest in known.items() if name != "the content of the file"} == {64}
