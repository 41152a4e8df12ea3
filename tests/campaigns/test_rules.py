"""Spending limits, with real values."""

from __future__ import annotations

import pytest

from wikipayam_async import InvalidInputError
from wikipayam_async.campaigns import SpendingLimit
from wikipayam_async.campaigns.rules import Spending
from wikipayam_async.cost import Tariff
from wikipayam_async.numbers import Operator

TARIFF = Tariff(persian=900, latin=1800, lines={"3000": Tariff(persian=100)})


def test_a_text_costs_what_its_parts_cost() -> None:
    """The tariff of the text's encoding and line applies to each part."""
    limit = SpendingLimit(rials=1, tariff=TARIFF)
    assert limit.cost_of("سلام", None) == 900
    assert limit.cost_of("س" * 71, None) == 1800
    assert limit.cost_of("hello", "10002000") == 1800
    assert limit.cost_of("سلام", "30001") == 100


@pytest.mark.parametrize(
    ("rials", "tariff", "error"),
    [
        (-1, TARIFF, "rials: expected whole rials, 0 or more, as an int; got a number (int)"),
        (True, TARIFF, "rials: expected whole rials, 0 or more, as an int; got True"),
        (1.5, TARIFF, "rials: expected whole rials, 0 or more, as an int; got a number (float)"),
        (1, 900, "tariff: expected a Tariff such as Tariff(persian=895, latin=1790); got a number (int)"),
    ],
)
def test_an_invalid_limit_is_refused(rials: int, tariff: Tariff, error: str) -> None:
    """Amounts are whole rials, and a tariff says what a part costs."""
    with pytest.raises(InvalidInputError) as caught:
        SpendingLimit(rials=rials, tariff=tariff)
    assert str(caught.value) == error


def test_what_is_in_flight_counts_as_spent() -> None:
    """Messages are affordable up to the limit; what turns out not to be accepted is given back."""
    spending = Spending(SpendingLimit(rials=5000, tariff=TARIFF), spent=900)
    assert spending.fitting([900] * 10) == 4
    spending.reserve(3600)
    assert (spending.left, spending.fitting([900]), spending.fitting([])) == (500, 0, 0)
    spending.settle(3600, 1800)
    assert (spending.spent, spending.in_flight, spending.left) == (2700, 0, 2300)
    assert spending.fitting([900, 900, 900]) == 2
    spending.settle(0, 10_000)
    assert (spending.left, spending.fitting([0])) == (0, 1)


def test_everything_in_flight_adds_up() -> None:
    """Requests that are sent at the same time are all reserved; nothing is spent before the first one."""
    spending = Spending(SpendingLimit(rials=5000, tariff=TARIFF))
    assert (spending.spent, spending.in_flight, spending.left) == (0, 0, 5000)
    spending.reserve(900)
    spending.reserve(1800)
    assert (spending.in_flight, spending.left) == (2700, 2300)
    spending.settle(900, 900)
    assert (spending.spent, spending.in_flight, spending.left) == (900, 1800, 2300)
    spending.settle(1800, 1800)
    assert (spending.spent, spending.in_flight, spending.left) == (2700, 0, 2300)


def test_a_limit_of_nothing() -> None:
    """It lets no message through that costs anything."""
    spending = Spending(SpendingLimit(rials=0, tariff=TARIFF))
    assert (spending.left, spending.fitting([900]), spending.fitting([0, 900])) == (0, 0, 1)
    assert Spending(SpendingLimit(rials=900, tariff=TARIFF)).fitting([900, 900]) == 1


def test_the_same_text_is_priced_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A campaign with one text counts its parts once for each line and each operator that has prices."""
    tariff = Tariff(persian=900, operators={"MCI": Tariff(persian=100)})
    asked: list[tuple[str | None, Operator | None]] = []
    spending = Spending(SpendingLimit(rials=5000, tariff=tariff))
    cost_of = SpendingLimit.cost_of

    def counted(limit: SpendingLimit, text: str, line: str | None, operator: Operator | None) -> int:
        asked.append((line, operator))
        return cost_of(limit, text, line, operator)

    monkeypatch.setattr(SpendingLimit, "cost_of", counted)
    messages = [(None, None), (None, "09301234567"), (None, "09121234567"), ("3000", None), (None, "09121234567")]
    assert [spending.cost_of("سلام", *one) for one in messages] == [900, 900, 100, 900, 100]
    assert asked == [(None, None), (None, Operator.IRANCELL), (None, Operator.MCI), ("3000", None)]
    assert spending.cost_of("س" * 71, None) == 1800
