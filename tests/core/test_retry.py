import itertools
import math
import random
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wikipayam_async.core.fault import ExchangeFault, ExchangeFaultKind
from wikipayam_async.core.operation import Replay
from wikipayam_async.core.retry import (
    RetryBudget,
    RetryDecision,
    RetryPolicy,
    judge_fault,
    judge_status,
    longest_delay,
    may_retry,
    parse_retry_after,
    retry_delay,
)

R, F, U = RetryDecision.RETRY, RetryDecision.FAIL, RetryDecision.UNKNOWN

# (replay, handed_over) -> the decision for each kind of fault, in the order of ExchangeFaultKind:
# connect, certificate, timeout, disconnected, unreadable, too_large
FAULTS = {
    (Replay.READ, False): [R, F, R, R, F, F],
    (Replay.READ, True): [R, F, R, R, F, F],
    (Replay.IDEMPOTENT, False): [R, F, R, R, F, F],
    (Replay.IDEMPOTENT, True): [R, F, R, R, F, F],
    (Replay.SEND, False): [R, F, R, R, R, R],
    (Replay.SEND, True): [U, F, U, U, U, U],
}
FAULT_TABLE = [
    (replay, handed_over, kind, decision)
    for (replay, handed_over), decisions in FAULTS.items()
    for kind, decision in zip(ExchangeFaultKind, decisions, strict=True)
]


@pytest.mark.parametrize(("replay", "handed_over", "kind", "decision"), FAULT_TABLE)
def test_the_decision_after_a_fault(
    replay: Replay, handed_over: bool, kind: ExchangeFaultKind, decision: RetryDecision
) -> None:
    """A send that may have arrived is unknown, otherwise retried; a read retries transient faults."""
    assert judge_fault(replay, ExchangeFault(kind, "detail", handed_over=handed_over)) is decision


def test_the_table_of_faults_is_complete() -> None:
    """Every replay class, handed over or not, is combined with every kind of fault."""
    assert [case[:3] for case in FAULT_TABLE] == list(itertools.product(Replay, [False, True], ExchangeFaultKind))


READ_RETRIES = {429, 502, 503, 504}
SEND_RETRIES = {429}
SEND_REFUSED = set(range(400, 500)) - {408, 409, 429}


@pytest.mark.parametrize(
    "status", [100, 101, 199, 200, 201, 204, 299, *range(300, 310), *range(390, 512), 599, 600, 999]
)
def test_the_decision_after_a_status(status: int) -> None:
    """2xx is success, 429 is retried, and only a 4xx other than 408 and 409 rejects a send."""
    expected: list[RetryDecision | None]
    if status in {200, 201, 204, 299}:
        expected = [None, None, None]
    else:
        read = R if status in READ_RETRIES else F
        send = R if status in SEND_RETRIES else F if status in SEND_REFUSED else U
        expected = [read, read, send]
    assert [judge_status(replay, status) for replay in Replay] == expected


@pytest.mark.parametrize(
    ("status", "read", "send"),
    [
        (200, None, None),
        (302, F, U),
        (400, F, F),
        (401, F, F),
        (402, F, F),
        (403, F, F),
        (404, F, F),
        (408, F, U),
        (409, F, U),
        (413, F, F),
        (422, F, F),
        (429, R, R),
        (500, F, U),
        (502, R, U),
        (503, R, U),
        (504, R, U),
    ],
)
def test_the_decision_after_common_statuses(
    status: int, read: RetryDecision | None, send: RetryDecision | None
) -> None:
    """The same decisions as a table of the statuses that gateways use."""
    assert [judge_status(replay, status) for replay in Replay] == [read, read, send]


NOW = datetime(2024, 5, 1, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("", None),
        (" ", None),
        ("0", 0.0),
        ("7", 7.0),
        (" 7 ", 7.0),
        ("007", 7.0),
        ("2.5", 2.5),
        ("9999", 9999.0),
        ("9" * 18, 999999999999999999.0),
        ("9" * 5000, 999999999999999999.0),
        ("1." + "0" * 5000, 1.0),
        ("12345678901234567.5", 12345678901234567.0),
        ("-5", None),
        ("+5", None),
        ("5,", None),
        ("5s", None),
        (".5", None),
        ("5.", None),
        ("1e3", None),
        ("0x10", None),
        ("inf", None),
        ("nan", None),
        ("۵", None),
        ("soon", None),
        ("5, 6", None),
        ("Wed, 01 May 2024 12:00:30 GMT", 30.0),
        ("Wed, 01 May 2024 12:00:30", 30.0),
        ("Wed, 01 May 2024 12:00:30 -0000", 30.0),
        ("01 May 2024 15:30:30 +0330", 30.0),
        ("Wed, 01 May 2024 11:59:00 GMT", 0.0),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 251687735999.0),
        ("Wed, 32 May 2024 12:00:30 GMT", None),
        ("Wed, 01 May 2024 25:00:30 GMT", None),
        ("Wed, 01 May 2024", None),
    ],
)
def test_retry_after_is_parsed(header: str | None, seconds: float | None) -> None:
    """Seconds and dates are read, a past date is 0, and anything else is None."""
    assert parse_retry_after(header, NOW) == seconds


def test_a_retry_after_date_counts_from_now() -> None:
    """Without a given time, a date is compared with the clock."""
    found = parse_retry_after("Fri, 31 Dec 9999 23:59:59 GMT")
    assert found is not None
    assert 200_000_000_000 < found < 260_000_000_000


@given(
    st.text()
    | st.lists(
        st.sampled_from(
            ["Fri,", "31", "Dec", "9999", "23:59:59", "99:99:99", "GMT", "+9999", "-0000", ":", "1e9", "(", ""]
        )
    ).map(" ".join)
)
def test_any_retry_after_is_seconds_or_none(header: str) -> None:
    """Any header gives None or a finite number of at least 0."""
    found = parse_retry_after(header)
    assert found is None or 0 <= found < math.inf


POLICIES = st.builds(
    RetryPolicy,
    max_attempts=st.integers(1, 20),
    initial_delay=st.floats(0, 100),
    max_delay=st.floats(0, 100),
    max_retry_after=st.floats(0, 100),
)


@given(POLICIES, st.integers(1, 5000), st.none() | st.floats(0, 1e9), st.integers())
def test_a_delay_stays_within_its_bounds(
    policy: RetryPolicy, attempt: int, retry_after: float | None, seed: int
) -> None:
    """A delay is at least `Retry-After`, otherwise random up to the doubled first delay, at most the longest."""
    pause = retry_delay(policy, attempt, retry_after, random.Random(seed).uniform)
    ceiling = min(policy.max_delay, policy.initial_delay * 2 ** min(attempt - 1, 64))
    assert (retry_after or 0.0) <= pause <= max(ceiling, retry_after or 0.0)


@pytest.mark.parametrize(
    ("attempt", "ceiling"), [(1, 0.5), (2, 1.0), (3, 2.0), (4, 4.0), (5, 8.0), (6, 8.0), (10**9, 8.0)]
)
def test_the_upper_bound_of_the_delay_doubles(attempt: int, ceiling: float) -> None:
    """The bounds are 0.5, 1, 2, 4 and 8 seconds, and the delay starts from 0."""
    asked: list[tuple[float, float]] = []

    def uniform(low: float, high: float) -> float:
        asked.append((low, high))
        return high

    assert retry_delay(RetryPolicy(), attempt, None, uniform) == ceiling
    assert asked == [(0.0, ceiling)]


@pytest.mark.parametrize(("attempt", "ceiling"), [(1, 2.0**-64), (64, 0.5), (65, 1.0), (66, 1.0), (10**9, 1.0)])
def test_the_upper_bound_stops_doubling_before_it_overflows(attempt: int, ceiling: float) -> None:
    """After 64 doublings the bound stays, even below the longest delay."""
    assert retry_delay(RetryPolicy(initial_delay=2.0**-64), attempt, None, lambda _, high: high) == ceiling


@pytest.mark.parametrize(
    ("attempt", "pause", "remaining", "allowed"),
    [
        (1, 0.0, math.inf, True),
        (2, 8.0, math.inf, True),
        (3, 0.0, math.inf, False),
        (4, 0.0, math.inf, False),
        (1, 60.0, math.inf, True),
        (1, 60.1, math.inf, False),
        (1, 5.0, 5.1, True),
        (1, 5.0, 5.0, False),
        (1, 0.0, 0.0, False),
        (1, 0.0, -1.0, False),
    ],
)
def test_whether_another_attempt_is_allowed(attempt: int, pause: float, remaining: float, allowed: bool) -> None:
    """At most three attempts, one minute of `Retry-After`, and never beyond the caller's deadline."""
    assert may_retry(RetryPolicy(), attempt, pause, remaining) is allowed


@pytest.mark.parametrize(("policy", "longest"), [({}, 60.0), ({"max_retry_after": 5}, 8.0), ({"max_delay": 90}, 90)])
def test_the_longest_delay(policy: dict[str, Any], longest: float) -> None:
    """A delay of `max_delay` is waited for even if `max_retry_after` is shorter."""
    assert longest_delay(RetryPolicy(**policy)) == longest
    assert may_retry(RetryPolicy(**policy), 1, longest, math.inf) is True


def test_a_policy_takes_keywords_only() -> None:
    """A bare number does not say what it means."""
    policy: Any = RetryPolicy
    with pytest.raises(TypeError):
        policy(5)


def test_one_attempt_turns_retries_off() -> None:
    """With `max_attempts=1` nothing follows the first attempt."""
    assert may_retry(RetryPolicy(max_attempts=1), 1, 0.0, math.inf) is False


@pytest.mark.parametrize(
    "given",
    [
        {"max_attempts": 0},
        {"max_attempts": 1.5},
        {"max_attempts": "3"},
        {"initial_delay": -1},
        {"initial_delay": math.nan},
        {"max_delay": -0.1},
        {"max_retry_after": -1},
    ],
)
def test_an_invalid_policy_is_refused(given: dict[str, Any]) -> None:
    """Attempts are at least 1 and delays not negative."""
    with pytest.raises((ValueError, TypeError)):
        RetryPolicy(**given)


def test_a_budget_allows_twenty_retries() -> None:
    """Of 100 tokens, a retry takes 5 and a success returns 1, up to 100."""
    budget = RetryBudget()
    assert [budget.take() for _ in range(21)] == [True] * 20 + [False]
    for _ in range(4):
        budget.succeed()
    assert (budget.take(), budget.tokens) == (False, 4)
    budget.succeed()
    assert (budget.take(), budget.tokens) == (True, 0)
    for _ in range(150):
        budget.succeed()
    assert budget.tokens == 100


@given(st.lists(st.booleans(), max_size=200))
def test_the_tokens_of_a_budget_stay_within_bounds(steps: list[bool]) -> None:
    """In any order of retries and successes, the tokens stay between 0 and the capacity."""
    budget = RetryBudget(capacity=10.5, price=3)
    for success in steps:
        if success:
            budget.succeed()
        else:
            budget.take()
        assert 0 <= budget.tokens <= 10.5
