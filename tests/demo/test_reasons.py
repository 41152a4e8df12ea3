from collections.abc import Callable

import pytest

from wikipayam_async import (
    APIConnectionError,
    AuthenticationError,
    InvalidInputError,
    SendResult,
    SendStatus,
    ServerError,
    UnknownOutcomeError,
    UnprocessableError,
    WikipayamError,
)
from wikipayam_async.demo.reasons import examples_of, group, runs_of
from wikipayam_async.numbers import normalize_receiver


def refused_number() -> InvalidInputError:
    """Return the error for a landline."""
    with pytest.raises(InvalidInputError) as caught:
        normalize_receiver("02100123456")
    return caught.value


def unknown(cause: Exception | None) -> UnknownOutcomeError:
    """Make the error of an unknown outcome."""
    error = UnknownOutcomeError("sms.send: nobody knows")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (refused_number(), "not sent: expected an Iranian mobile number"),
        (UnprocessableError("x", status_code=422, errors={"0.receiver": ["Blocked."]}), "answered 422: Blocked."),
        (AuthenticationError("x", status_code=401, message="Unauthenticated."), "answered 401: Unauthenticated."),
        (unknown(ServerError("x", status_code=502)), "answered 502"),
        (unknown(APIConnectionError("sms.send: the connection was reset")), "the connection was reset"),
        (unknown(None), "no known cause"),
        (None, "no reason given"),
    ],
)
def test_a_reason_is_short(result: Callable[..., SendResult], error: WikipayamError | None, why: str) -> None:
    """It names the error, without advice, operation or number."""
    assert list(group([result(0, SendStatus.REJECTED, error=error)])) == [why]


def test_the_largest_group_comes_first(result: Callable[..., SendResult]) -> None:
    """Groups are ordered by size, and keep the input order inside."""
    one, two = ServerError("x", status_code=500), ServerError("x", status_code=502)
    results = [result(index, SendStatus.UNKNOWN, error=unknown(one if index == 1 else two)) for index in range(3)]
    groups = group(results)
    assert {why: [one.index for one in some] for why, some in groups.items()} == {
        "answered 502": [0, 2],
        "answered 500": [1],
    }
    assert next(iter(groups)) == "answered 502"


def test_examples_are_masked_and_differ_in_length(result: Callable[..., SendResult]) -> None:
    """There is one per length, the longest and the shortest first, and no full number."""
    numbers = ["091200012345", "02100123456", "02100123457", "0912000123", "091200012", "09120", "  "]
    results = [result(index, SendStatus.REJECTED, receiver=number) for index, number in enumerate(numbers)]
    assert examples_of(results) == ["0912******45", "0210*****57", "***", "(empty)"]


def test_a_single_example_is_given_once(result: Callable[..., SendResult]) -> None:
    """A group of one has one example."""
    assert examples_of([result(0, receiver="02100123456")]) == ["0210*****56"]


def test_consecutive_messages_are_ranges(result: Callable[..., SendResult]) -> None:
    """Consecutive messages are named by the first and the last."""
    assert runs_of([result(index) for index in (3, 4, 5, 8, 10, 11)]) == ["T-3..5", "T-8", "T-10..11"]
    assert runs_of([]) == []
