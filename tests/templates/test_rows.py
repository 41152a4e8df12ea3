import enum
from decimal import Decimal
from typing import Any

import pytest

from wikipayam_async.errors import InvalidInputError
from wikipayam_async.templates.rows import each_row, value_of


class City(enum.StrEnum):
    """A string that is more than a string."""

    SHIRAZ = "شیراز"


class Old(str, enum.Enum):  # noqa: UP042 - what `StrEnum` took the place of; its `str` is the member's name
    """A string whose `str` is something else."""

    YAZD = "یزد"


class Level(enum.IntEnum):
    """A number that is more than a number."""

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
    """Strings to the letter, numbers in plain digits, whole floats without a point."""
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
def test_a_value_that_is_not_written(value: object, got: str) -> None:
    """What has more than one way to be written is for the caller to write."""
    with pytest.raises(InvalidInputError) as caught:
        value_of({"name": value}, "name", {"name": "x"})
    assert str(caught.value) == f"name: expected a string, a whole number or a Decimal; got {got}"


@pytest.mark.parametrize("value", [None, "", " ", "\t\xa0", float("nan")])
def test_an_empty_value(value: object) -> None:
    """It is an error unless the field has a default, be it empty itself."""
    with pytest.raises(InvalidInputError) as caught:
        value_of({"name": value}, "name", {"code": "x"})
    assert str(caught.value) == "name: expected a value, or a default for the field; got an empty value"
    assert [value_of({"name": value}, "name", {"name": default}) for default in ("مشتری", "")] == ["مشتری", ""]


def test_a_field_that_is_not_there() -> None:
    """A default is no help: it is a misspelt header. The fields that are there are not named, for they may be data."""
    with pytest.raises(InvalidInputError) as caught:
        value_of({"09123456789": 1, "secret": 2}, "name", {"name": "x"})
    assert str(caught.value) == "name: expected the row to have this field; got a row of 2 other fields"


def name_of(row: Any) -> str:
    """Make something of a row."""
    return value_of(row, "name")


def test_rows_are_taken_one_at_a_time() -> None:
    """Nothing is read ahead, so that endless rows are fine."""
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
    """It is named by its place and raised; or handed over and left out."""
    rows: Any = [{"name": "a"}, row, {"name": "c"}]
    made = each_row(rows, name_of, None)
    assert next(made) == (0, "a")
    with pytest.raises(InvalidInputError) as caught:
        next(made)
    assert (str(caught.value), caught.value.__context__) == (complaint, None)
    told: list[str] = []
    assert list(each_row(rows, name_of, lambda error: told.append(str(error)))) == [(0, "a"), (2, "c")]
    assert told == [complaint]


@pytest.mark.parametrize("rows", [{"name": "x"}, "name", b"name", 5, None])
def test_what_are_no_rows(rows: Any) -> None:
    """A single row, or a text, is refused at once."""
    with pytest.raises(InvalidInputError, match="rows: expected an iterable of mappings; got "):
        each_row(rows, name_of, None)


def test_an_error_of_another_kind_is_not_touched() -> None:
    """What is no complaint about the row goes through as it is."""
    with pytest.raises(ZeroDivisionError):
        list(each_row([{}], lambda row: 1 // len(row), None))


def test_a_bad_row_is_not_in_the_locals_of_its_error() -> None:
    """A traceback that shows locals shows nothing of the row."""
    with pytest.raises(InvalidInputError) as caught:
        list(each_row([{"name": "", "code": "SECRET"}], name_of, None))
    shown: list[str] = []
    trace = caught.tb.tb_next  # from here on it is the package's own
    while trace is not None:
        shown += map(repr, trace.tb_frame.f_locals.values())
        trace = trace.tb_next
    assert shown
    assert [one for one in shown if "SECRET" in one] == []
