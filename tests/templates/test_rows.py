from __future__ import annotations

import csv
import enum
import io
from decimal import Decimal
from typing import Any

import pytest

from wikipayam_async.errors import InvalidInputError
from wikipayam_async.templates.rows import each_row, value_of


class City(enum.StrEnum):
    """A string enum."""

    SHIRAZ = "شیراز"


class Old(str, enum.Enum):  # noqa: UP042 - what `StrEnum` took the place of; its `str` is the member's name
    """A string enum whose `str` is its name."""

    YAZD = "یزد"


class Level(enum.IntEnum):
    """An integer enum."""

    GOLD = 3


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("علی", "علی"),
        (" علی ", " علی "),
        ("{name} {0.__class__} %s", "{name} {0.__class__} %s"),
        (City.SHIRAZ, "شیراز"),
        (Old.YAZD, "یزد"),
        (0, "0"),
        (-12, "-12"),
        (10**30 - 1, "9" * 30),
        (Level.GOLD, "3"),
        (12.0, "12"),
        (-0.0, "0"),
        (9123456789.0, "9123456789"),
        (2.0**53 - 1, "9007199254740991"),
        (Decimal("12.50"), "12.50"),
        (Decimal("1E+3"), "1000"),
        (Decimal("0.000001"), "0.000001"),
    ],
)
def test_how_a_value_is_written(value: object, written: str) -> None:
    """Strings are unchanged, numbers are plain digits, and whole floats have no decimal point."""
    found = value_of({"name": value}, "name")
    assert (found, type(found)) == (written, str)


@pytest.mark.parametrize(
    ("value", "got"),
    [
        (True, "True"),
        (0.5, "a number (float)"),
        (2.0**53, "a number (float)"),
        (float("inf"), "a number (float)"),
        (10**30, "a number (int)"),
        (-(10**30), "a number (int)"),
        (Decimal("Infinity"), "an object of type Decimal"),
        (Decimal("NaN"), "an object of type Decimal"),
        (Decimal("1E+30"), "an object of type Decimal"),
        (Decimal("1E-1000000"), "an object of type Decimal"),
        (b"x", "an object of type bytes"),
        (["x"], "an object of type list"),
        (object, "an object of type type"),
    ],
)
def test_a_value_of_another_type(value: object, got: str) -> None:
    """Values with more than one common format are refused."""
    with pytest.raises(InvalidInputError) as caught:
        value_of({"name": value}, "name", {"name": "x"})
    assert str(caught.value) == f"name: expected a string, a whole number or a Decimal; got {got}"


@pytest.mark.parametrize("value", [None, "", " ", "\t\xa0", float("nan")])
def test_an_empty_value(value: object) -> None:
    """An empty value is an error unless the field has a default, which may be empty."""
    with pytest.raises(InvalidInputError) as caught:
        value_of({"name": value}, "name", {"code": "x"})
    assert str(caught.value) == "name: expected a value, or a default for the field; got an empty value"
    assert [value_of({"name": value}, "name", {"name": default}) for default in ("مشتری", "")] == ["مشتری", ""]


def test_a_missing_field() -> None:
    """A missing field is an error despite a default. The error does not name the other fields, which may be data."""
    with pytest.raises(InvalidInputError) as caught:
        value_of({"09123456789": 1, "secret": 2}, "name", {"name": "x"})
    assert str(caught.value) == "name: expected the row to have this field; got a row of 2 other fields"


def name_of(row: Any) -> str:
    """Return the name in a row."""
    return value_of(row, "name")


def test_rows_are_taken_one_at_a_time() -> None:
    """Rows are read lazily, so that they may be infinite."""
    taken: list[int] = []

    def rows() -> Any:
        for number in range(10):
            taken.append(number)
            yield {"name": str(number)}

    made = each_row(rows(), name_of, None)
    assert (taken, next(made), next(made), taken) == ([0, 1], (0, "0"), (1, "1"), [0, 1])


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ({"name": ""}, "rows[1].name: expected a value, or a default for the field; got an empty value"),
        ({}, "rows[1].name: expected the row to have this field; got a row of 0 other fields"),
        ("x", "rows[1]: expected a mapping of fields to values; got a string of 1 characters with letters"),
        (None, "rows[1]: expected a mapping of fields to values; got None"),
    ],
)
def test_a_bad_row(row: Any, complaint: str) -> None:
    """The error of an invalid row has its index and is raised, or passed to `on_error`."""
    rows: Any = [{"name": "a"}, row, {"name": "c"}]
    made = each_row(rows, name_of, None)
    assert next(made) == (0, "a")
    with pytest.raises(InvalidInputError) as caught:
        next(made)
    assert (str(caught.value), caught.value.__context__) == (complaint, None)
    told: list[str] = []
    assert list(each_row(rows, name_of, lambda error: told.append(str(error)))) == [(0, "a"), (2, "c")]
    assert told == [complaint]


@pytest.mark.parametrize(
    ("rows", "got"),
    [
        ({"name": "x"}, "an object of type dict"),
        ("name", "a string of 4 characters with letters"),
        (b"name", "an object of type bytes"),
        (5, "a number (int)"),
        (None, "None"),
    ],
)
def test_rows_of_a_wrong_type(rows: Any, got: str) -> None:
    """A single row, or a string, is refused at once."""
    with pytest.raises(InvalidInputError) as caught:
        each_row(rows, name_of, None)
    assert str(caught.value) == f"rows: expected an iterable of mappings; got {got}"


def test_an_error_of_another_kind_is_not_touched() -> None:
    """An error that does not concern the row is raised unchanged."""
    with pytest.raises(ZeroDivisionError):
        list(each_row([{}], lambda row: 1 // len(row), None))


def test_a_bad_row_is_not_in_the_locals_of_its_error() -> None:
    """The frames of the traceback do not hold the row."""
    with pytest.raises(InvalidInputError) as caught:
        list(each_row([{"name": "", "code": "SECRET"}], name_of, None))
    shown: list[str] = []
    trace = caught.tb.tb_next  # from here on it is the package's own
    while trace is not None:
        shown += map(repr, trace.tb_frame.f_locals.values())
        trace = trace.tb_next
    assert shown
    assert [one for one in shown if "SECRET" in one] == []


def read_csv(text: str, **options: Any) -> csv.DictReader[str]:
    """Return a reader of a CSV file."""
    return csv.DictReader(io.StringIO(text), **options)


MORE = "expected no more cells than headers; got a row with more cells"
FEWER = (
    "expected as many cells as headers (DictReader(..., restval='') takes the missing ones as empty); "
    "got a row with fewer cells"
)
NAMES = "expected strings as the names of fields; got another name"


@pytest.mark.parametrize(
    ("file", "options", "texts", "complaints"),
    [
        ("mobile,name,order\n1,علی,7\n2,8\n3,سارا,9\n", {}, ["علی", "سارا"], [("rows[1]", FEWER)]),
        ("mobile,name\n1\n2,سارا\n", {}, ["سارا"], [("rows[0]", FEWER)]),
        ("mobile,name\n1,علی,x\n2,سارا\n", {}, ["سارا"], [("rows[0]", MORE)]),
        ("mobile,name\n1,علی,x\n2,سارا\n", {"restkey": "rest"}, ["سارا"], [("rows[0]", MORE)]),
        ("mobile,name,rest\n1,علی,x\n", {"restkey": "rest"}, ["علی"], []),
        ("mobile,name,order\n1,علی\n", {"restval": ""}, ["علی"], []),
        ("mobile,name,order\n1,علی,\n", {}, ["علی"], []),
        ("mobile,name,,\n1,علی,,\n", {}, ["علی"], []),
        ("1,علی\n2\n", {"fieldnames": ["mobile", "name"]}, ["علی"], [("rows[1]", FEWER)]),
        ("1,علی\n", {"fieldnames": [1, "name"]}, [], [("rows[0]", NAMES)]),
    ],
)
def test_a_csv_row_has_a_cell_for_each_header(
    file: str, options: dict[str, Any], texts: list[str], complaints: list[tuple[str, str]]
) -> None:
    """A CSV row with more or fewer cells is refused, even if the wanted cells are there: they may have moved."""
    told: list[InvalidInputError] = []
    assert [text for _, text in each_row(read_csv(file, **options), name_of, told.append)] == texts
    assert [str(one) for one in told] == [f"{field}: {complaint}" for field, complaint in complaints]


@pytest.mark.parametrize("header", ["mobile,name,name", "name,mobile,name"])
def test_a_header_that_occurs_twice_is_refused(header: str) -> None:
    """A CSV file with a repeated header gives no message at all, even if invalid rows are skipped."""
    made = each_row(read_csv(f"{header}\n1,علی,سارا\n"), name_of, lambda error: None)
    with pytest.raises(InvalidInputError) as caught:
        next(made)
    assert str(caught.value) == "rows: expected each header once; got a header that occurs twice"
    frames = [repr(entry.frame.f_locals) for entry in caught.traceback if "rows.py" in str(entry.path)]
    assert frames
    assert [shown for shown in frames if "سارا" in shown] == []


def test_an_empty_value_of_another_source_is_no_missing_cell() -> None:
    """In rows that are not read from CSV, None is an empty value, as in a database."""
    rows = [{"name": "علی", "order": None}]
    assert list(each_row(rows, name_of, None)) == [(0, "علی")]


@pytest.mark.parametrize("name", [0, 1.5, ("name",), b"name", True])
def test_a_field_is_named_by_a_string(name: object) -> None:
    """A row with a key that is no string is refused."""
    rows: Any = [{"name": "علی", name: "x"}]
    with pytest.raises(InvalidInputError) as caught:
        list(each_row(rows, name_of, None))
    assert str(caught.value) == "rows[0]: expected strings as the names of fields; got another name"


class Column(enum.StrEnum):
    """Names of columns, as a caller may define them."""

    NAME = "name"


def test_a_field_may_be_named_by_an_enum() -> None:
    """A subclass of `str` is a name."""
    assert list(each_row([{Column.NAME: "علی"}], name_of, None)) == [(0, "علی")]
