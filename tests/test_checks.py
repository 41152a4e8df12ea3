import math
from collections.abc import Iterator
from typing import Any

import pytest
from attrs import frozen

from wikipayam_async import Delivery, DeliveryStatus, ReceivedMessage, SendResult, SendStatus, SentMessage, SmsMessage
from wikipayam_async.checks import (
    check_id,
    check_ids,
    check_number,
    check_positive,
    check_seconds,
    check_timeout,
    is_async,
    is_id,
    is_unicode,
    without_frames,
)
from wikipayam_async.errors import ConfigurationError, InvalidInputError
from wikipayam_async.redact.masks import shape_of

ID_RULE = "expected 1 to 64 letters, digits, '-' or '_'"
OBJECT_RULE = "expected an object with an id; of a bulk send pass report.accepted_ids"
ITERABLE_RULE = "expected an id, an object with an id, or an iterable of them"


@frozen
class Named:
    """An object with an id of any kind."""

    id: Any


@pytest.mark.parametrize("value", ["69e5eeab439260d336015405", "a", "A-_9", "x" * 64])
def test_a_valid_id_is_returned(value: str) -> None:
    """Letters, digits, hyphens and underscores are valid, up to 64."""
    assert (check_id(value), is_id(value)) == (value, True)


@pytest.mark.parametrize(
    "value", ["", "x" * 65, "a/b", "..", "a.b", "a b", "a\n", "a%2f", "é", "۱", "?", None, 5, b"a", True, ["a"]]
)
def test_an_invalid_id_is_refused(value: Any) -> None:
    """Any other value raises an error that does not show it."""
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
        (SentMessage("a"), ["a"]),
        ([SentMessage("b"), "a", SentMessage("a"), SentMessage("b")], ["b", "a"]),
        ((SentMessage(one) for one in "xy"), ["x", "y"]),
    ],
)
def test_ids_are_returned_without_duplicates(values: Any, ids: list[str]) -> None:
    """Ids, objects with an id, and iterables of both become a list in the given order."""
    assert check_ids(values) == ids


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ("a/b", f"ids: {ID_RULE}; got a string of 3 characters with letters, symbols"),
        (["a", "b", ""], f"ids[2]: {ID_RULE}; got a string of 0 characters"),
        (b"ab", f"ids[0]: {ID_RULE}; got a number (int)"),
        ([["a"]], f"ids[0]: {ID_RULE}; got an object of type list"),
        (None, f"ids: {ITERABLE_RULE}; got None"),
        (17, f"ids: {ITERABLE_RULE}; got a number (int)"),
        (Named(None), f"ids: {OBJECT_RULE}; got an object of type Named without an id"),
        (Named(""), f"ids: {OBJECT_RULE}; got an object of type Named without an id"),
        (Named("a/b"), f"ids: {ID_RULE}; got a string of 3 characters with letters, symbols"),
        (Named(5), f"ids: {ID_RULE}; got a number (int)"),
        (["a", Named("b"), Named(None)], f"ids[2]: {OBJECT_RULE}; got an object of type Named without an id"),
        ([Named("b"), None], f"ids[1]: {ID_RULE}; got None"),
        (["a", [Named("b")]], f"ids[1]: {ID_RULE}; got an object of type list"),
    ],
)
def test_invalid_ids_are_refused(values: Any, text: str) -> None:
    """The error names the index of the invalid id."""
    with pytest.raises(InvalidInputError) as caught:
        check_ids(values)
    assert str(caught.value) == text


SMS = SmsMessage("09123456789", "hi")
UNSENT = SendResult(3, SMS, SendStatus.UNKNOWN)
NO_ID = "expected an object with an id; of a bulk send pass report.accepted_ids"


@pytest.mark.parametrize(
    ("values", "ids"),
    [
        (SentMessage("a"), ["a"]),
        (ReceivedMessage("b"), ["b"]),
        (SendResult(0, SMS, SendStatus.ACCEPTED, "c"), ["c"]),
        ([Delivery("d", DeliveryStatus.SENT), "e", SentMessage("d")], ["d", "e"]),
        ((SentMessage(one) for one in "xyx"), ["x", "y"]),
    ],
)
def test_ids_of_objects(values: Any, ids: list[str]) -> None:
    """Objects with an id stand for it, alone, in an iterable and among ids."""
    assert check_ids(values) == ids


@pytest.mark.parametrize(
    ("values", "text"),
    [
        (UNSENT, f"ids: {NO_ID}; got an object of type SendResult without an id"),
        (["a", UNSENT], f"ids[1]: {NO_ID}; got an object of type SendResult without an id"),
        ([ReceivedMessage()], f"ids[0]: {NO_ID}; got an object of type ReceivedMessage without an id"),
        ([SentMessage("a/b")], f"ids[0]: {ID_RULE}; got a string of 3 characters with letters, symbols"),
        ([SMS], f"ids[0]: {ID_RULE}; got an object of type SmsMessage"),
    ],
)
def test_objects_without_an_id_are_refused(values: Any, text: str) -> None:
    """The error names the place, and what to pass instead of a result without an id."""
    with pytest.raises(InvalidInputError) as caught:
        check_ids(values)
    assert str(caught.value) == text


@pytest.mark.parametrize("value", [0.001, 1, 3600.0])
def test_a_timeout_above_zero_is_returned(value: float) -> None:
    """A time-out is any finite number of seconds above 0."""
    assert check_timeout(value) == value


@pytest.mark.parametrize("value", [0, -1, math.inf, math.nan, True, "5", None, 10**400])
def test_an_invalid_timeout_is_refused(value: Any) -> None:
    """Any other time-out is an invalid argument."""
    with pytest.raises(InvalidInputError) as caught:
        check_timeout(value)
    assert (caught.value.field, caught.value.rule) == ("timeout", "expected a finite number of seconds above 0")


@pytest.mark.parametrize(("value", "maximum"), [(1, None), (10**9, None), (1, 1), (5, 5)])
def test_a_number_within_bounds_is_returned(value: int, maximum: int | None) -> None:
    """Both bounds are inclusive."""
    assert check_number(value, field="n", minimum=1, maximum=maximum) == value


@pytest.mark.parametrize(
    ("value", "maximum", "text"),
    [
        (0, None, "n: expected a whole number of at least 1; got 0"),
        (6, 5, "n: expected a whole number from 1 to 5; got 6"),
        (True, None, "n: expected a whole number of at least 1; got True"),
        (2.0, None, "n: expected a whole number of at least 1; got a number (float)"),
        ("2", 5, "n: expected a whole number from 1 to 5; got a string of 1 characters with digits"),
        (None, 5, "n: expected a whole number from 1 to 5; got None"),
    ],
)
def test_a_number_out_of_bounds_is_refused(value: Any, maximum: int | None, text: str) -> None:
    """A value that is not a whole number, or is out of bounds, raises an error."""
    with pytest.raises(InvalidInputError) as caught:
        check_number(value, field="n", minimum=1, maximum=maximum)
    assert str(caught.value) == text


@pytest.mark.parametrize("value", [1, 0.001, 3600, 1.7e308])
def test_a_positive_number_is_accepted(value: float) -> None:
    """Any finite number above 0 is valid."""
    check_positive("timeout", value)


@pytest.mark.parametrize(
    "value", [0, -1, 0.0, float("inf"), float("nan"), float("-inf"), 10**400, True, "1", None, [], 1j]
)
def test_a_number_that_is_not_positive_is_refused(value: Any) -> None:
    """Zero, negative, infinite, too large and non-numeric values raise an error."""
    with pytest.raises(ConfigurationError) as caught:
        check_positive("timeout", value)
    assert str(caught.value).startswith("timeout: expected a finite number above 0; got ")


@pytest.mark.parametrize("value", [-0.001, math.inf, math.nan, 10**400, True, "1", None])
def test_invalid_seconds_are_refused(value: Any) -> None:
    """Negative, infinite and non-numeric values raise an error that names the argument."""
    with pytest.raises(InvalidInputError, match="timeout: expected a finite number of seconds, 0 or more"):
        check_seconds("timeout", value)


@pytest.mark.parametrize("value", [0, 0.5, 3600])
def test_finite_seconds_are_accepted(value: float) -> None:
    """Any finite number of seconds from 0 is valid."""
    check_seconds("timeout", value)


@pytest.mark.parametrize("value", [0.001, 5, 1.7e308])
def test_the_time_out_of_a_call_is_returned(value: float) -> None:
    """Any finite number of seconds above 0 is valid."""
    assert check_timeout(value) == value


@pytest.mark.parametrize("value", [0, 0.0, -1, math.inf, math.nan, 10**400, True, "1", None])
def test_an_invalid_time_out_of_a_call_is_refused(value: Any) -> None:
    """The error names the argument and does not show the value."""
    with pytest.raises(InvalidInputError) as caught:
        check_timeout(value)
    assert (caught.value.field, caught.value.rule) == ("timeout", "expected a finite number of seconds above 0")


def test_a_failed_check_shows_nothing_of_its_frames() -> None:
    """The error has no cause, no context, and no frame that holds the value."""

    @without_frames
    def check(value: str) -> None:
        try:
            int(value)
        except ValueError:
            raise InvalidInputError("text", rule="expected a number", got=shape_of(value)) from None

    with pytest.raises(InvalidInputError) as caught:
        check("secret")
    *_, frame = caught.traceback
    assert (caught.value.__cause__, caught.value.__context__, frame.name) == (None, None, "checked")
    assert "secret" not in repr(frame.frame.f_locals)


def test_an_error_of_an_iterable_keeps_its_frames() -> None:
    """Those of the package lose their locals; those of the caller, who looks for the fault there, do not."""

    def ids() -> Iterator[str]:
        mine = "secret"
        yield mine
        raise LookupError(mine)

    given = ids()
    with pytest.raises(LookupError) as caught:
        without_frames(check_ids)(given)
    holding = [frame.name for frame in caught.traceback if given in frame.frame.f_locals.values()]
    assert holding == ["test_an_error_of_an_iterable_keeps_its_frames"]
    *_, last = caught.traceback
    assert (last.name, last.frame.f_locals) == ("ids", {"mine": "secret"})


def test_a_check_that_passes_returns_its_value() -> None:
    """And keeps its name and docstring."""
    check = without_frames(check_id)
    assert (check("a", field="id"), check.__name__, check.__doc__) == ("a", "check_id", check_id.__doc__)


def test_a_hook_is_async_if_its_call_returns_a_coroutine() -> None:
    """A function, a method, or an object that is called."""

    class Called:
        async def __call__(self) -> None:
            """Do nothing."""

    async def function() -> None:
        """Do nothing."""

    assert [is_async(hook) for hook in (function, Called(), print, 5)] == [True, True, False, False]


def test_a_lone_surrogate_is_no_unicode() -> None:
    """A pair of them is not possible in a string of Python, whose characters are whole."""
    assert [is_unicode(text) for text in ("", "سلام \U0001f600\0", "a\ud800b", "\ud83d\ude00")] == [
        True,
        True,
        False,
        False,
    ]
