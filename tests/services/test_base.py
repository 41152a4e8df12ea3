from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wikipayam_async.checks import check_id, check_ids, check_number, is_id
from wikipayam_async.core.options import Options, Origin
from wikipayam_async.dates import check_date
from wikipayam_async.errors import InvalidInputError
from wikipayam_async.redact.sealed import Secret
from wikipayam_async.services.base import Service, chunked

ID_RULE = "expected 1 to 64 letters, digits, '-' or '_'"


@pytest.mark.parametrize("value", ["69e5eeab439260d336015405", "a", "A-_9", "x" * 64])
def test_a_good_id(value: str) -> None:
    """Letters, digits, hyphens and underscores are fit to stand in a path."""
    assert (check_id(value), is_id(value)) == (value, True)


@pytest.mark.parametrize(
    "value", ["", "x" * 65, "a/b", "..", "a.b", "a b", "a\n", "a%2f", "é", "۱", "?", None, 5, b"a", True, ["a"]]
)
def test_a_bad_id(value: Any) -> None:
    """Anything else is refused without being shown."""
    with pytest.raises(InvalidInputError) as caught:
        check_id(value)
    assert (caught.value.field, caught.value.rule, repr(value) in str(caught.value) and value not in {None, True}) == (
        "id",
        ID_RULE,
        False,
    )


@pytest.mark.parametrize(
    ("values", "ids"),
    [
        ("a", ["a"]),
        (["b", "a", "b"], ["b", "a"]),
        ([], []),
        ((one for one in "xy"), ["x", "y"]),
        ({"k": 1}, ["k"]),
    ],
)
def test_ids(values: Any, ids: list[str]) -> None:
    """One id or many, in the order given, each once."""
    assert check_ids(values) == ids


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ("a/b", f"ids: {ID_RULE}; got a string of 3 characters with letters, other signs"),
        (["a", "b", ""], f"ids[2]: {ID_RULE}; got a string of 0 characters"),
        (b"ab", f"ids[0]: {ID_RULE}; got a number (int)"),
        ([["a"]], f"ids[0]: {ID_RULE}; got an object of type list"),
        (None, "ids: expected an id or an iterable of ids; got None"),
        (17, "ids: expected an id or an iterable of ids; got a number (int)"),
    ],
)
def test_bad_ids(values: Any, complaint: str) -> None:
    """The error says which of them is bad."""
    with pytest.raises(InvalidInputError) as caught:
        check_ids(values)
    assert str(caught.value) == complaint


@pytest.mark.parametrize(("value", "most"), [(1, None), (10**9, None), (1, 1), (5, 5)])
def test_a_good_number(value: int, most: int | None) -> None:
    """Both bounds belong to what is allowed."""
    assert check_number(value, field="n", least=1, most=most) == value


@pytest.mark.parametrize(
    ("value", "most", "complaint"),
    [
        (0, None, "n: expected a whole number of at least 1; got 0"),
        (6, 5, "n: expected a whole number from 1 to 5; got 6"),
        (True, None, "n: expected a whole number of at least 1; got True"),
        (2.0, None, "n: expected a whole number of at least 1; got a number (float)"),
        ("2", 5, "n: expected a whole number from 1 to 5; got a string of 1 characters with digits"),
        (None, 5, "n: expected a whole number from 1 to 5; got None"),
    ],
)
def test_a_bad_number(value: Any, most: int | None, complaint: str) -> None:
    """What is no whole number, or out of bounds, is refused."""
    with pytest.raises(InvalidInputError) as caught:
        check_number(value, field="n", least=1, most=most)
    assert str(caught.value) == complaint


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (date(2024, 1, 31), "2024-01-31"),
        (datetime(2024, 1, 31, 23, 59, tzinfo=UTC), "2024-01-31"),
        ("2024-02-29", "2024-02-29"),
        ("1403/01/15", "2024-04-03"),
        (date(1, 1, 1), "0001-01-01"),
    ],
)
def test_a_good_date(value: date | str, written: str) -> None:
    """Days are written as the gateway writes them, whatever calendar they came in."""
    assert check_date(value, field="from_date") == written


@pytest.mark.parametrize("value", ["2023-02-29", "20240131", None])
def test_a_bad_date(value: Any) -> None:
    """A day that there is not, or another way of writing, is refused."""
    with pytest.raises(InvalidInputError) as caught:
        check_date(value, field="from_date")
    assert (caught.value.field, caught.value.rule) == (
        "from_date",
        "expected a date, or a string like 2024-01-31 or 1403/01/15",
    )


@given(st.lists(st.integers(), max_size=30), st.integers(1, 40))
def test_chunks_are_full_and_complete(values: list[int], size: int) -> None:
    """Chunks joined are the input; all but the last are full, and none is empty."""
    pieces = chunked(values, size)
    assert [value for piece in pieces for value in piece] == values
    assert [len(piece) for piece in pieces[:-1]] == [size] * max(0, len(pieces) - 1)
    assert all(pieces)


def test_a_service_keeps_its_pipeline_and_options() -> None:
    """A service works with the client's pipeline and options."""
    pipeline: Any = object()
    options = Options(token=Secret("t"), origin=Origin.parse("https://wikipayam.ir"))
    service = Service(pipeline, options)
    assert (service._pipeline is pipeline, service._options is options) == (True, True)
