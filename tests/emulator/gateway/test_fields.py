from datetime import date

import pytest

from wikipayam_async.emulator.exchange import Json
from wikipayam_async.emulator.gateway.fields import Errors, Fields


def errors_of(fields: Fields) -> Errors:
    """Return a copy of the errors."""
    return dict(fields.errors)


@pytest.mark.parametrize(
    ("value", "errors"),
    [
        ("x", {}),
        ("", {"0.a": ["The 0.a field is required."]}),
        (None, {"0.a": ["The 0.a field is required."]}),
        (7, {"0.a": ["The 0.a field must be a string."]}),
    ],
)
def test_a_required_text(value: Json, errors: Errors) -> None:
    """A required text must be a non-empty string."""
    fields = Fields({"a": value}, "0.")
    fields.text("a")
    assert errors_of(fields) == errors


@pytest.mark.parametrize(("value", "errors"), [("x", {}), (None, {}), (7, {"a": ["The a field must be a string."]})])
def test_an_optional_text(value: Json, errors: Errors) -> None:
    """An optional text must be a string or null."""
    fields = Fields({"a": value})
    fields.optional_text("a")
    assert errors_of(fields) == errors


@pytest.mark.parametrize(
    ("value", "number", "errors"),
    [
        (None, None, {}),
        (5, 5, {}),
        ("-5", -5, {}),
        (True, None, {"a": ["The a field must be an integer."]}),
        ("5.0", None, {"a": ["The a field must be an integer."]}),
        ("9223372036854775807", 2**63 - 1, {}),
        ("9223372036854775808", None, {"a": ["The a field must be an integer."]}),
        (2**63, None, {"a": ["The a field must be an integer."]}),
        ("9" * 30, None, {"a": ["The a field must be an integer."]}),
        (1.0, 1, {}),
        (-2.0, -2, {}),
        (1.5, None, {"a": ["The a field must be an integer."]}),
        (1e15, None, {"a": ["The a field must be an integer."]}),
    ],
)
def test_an_integer(value: Json, number: int | None, errors: Errors) -> None:
    """An integer has 64 bits and may be a string of digits or 1.0, as in PHP, which writes 1e15 with an exponent."""
    fields = Fields({"a": value})
    assert fields.integer("a") == number
    assert errors_of(fields) == errors


@pytest.mark.parametrize(
    ("value", "day", "errors"),
    [
        (None, None, {}),
        ("", None, {}),
        ("2024-02-29", date(2024, 2, 29), {}),
        ("2023-02-29", None, {"a": ["The a field must be a valid date."]}),
        ("20240101", None, {"a": ["The a field must be a valid date."]}),
        (7, None, {"a": ["The a field must be a valid date."]}),
    ],
)
def test_a_day(value: Json, day: date | None, errors: Errors) -> None:
    """A day has the format YYYY-MM-DD and must exist."""
    fields = Fields({"a": value})
    assert fields.day("a") == day
    assert errors_of(fields) == errors


@pytest.mark.parametrize(
    ("value", "ids", "errors"),
    [
        (["x", "y"], ["x", "y"], {}),
        (None, [], {"id": ["The id field is required."]}),
        ([], [], {"id": ["The id field is required."]}),
        ("x", [], {"id": ["The id field must be an array."]}),
        (["x", 1], ["x"], {"id.1": ["The id.1 field must be a string."]}),
    ],
)
def test_a_list_of_ids(value: Json, ids: list[str], errors: Errors) -> None:
    """Ids are an array of at least one string."""
    fields = Fields({"id": value})
    assert fields.ids("id") == ids
    assert errors_of(fields) == errors


def test_an_invalid_choice_and_an_invalid_number() -> None:
    """An invalid value and a missing one have different errors."""
    fields = Fields({"line": "x", "to": "12"})
    fields.one_of("line", ["y"])
    fields.mobile("to")
    fields.one_of("other", ["y"])
    fields.mobile("third")
    assert fields.errors == {
        "line": ["The selected line is invalid."],
        "to": ["The to field is invalid."],
        "other": ["The other field is required."],
        "third": ["The third field is required."],
    }
