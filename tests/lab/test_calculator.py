from __future__ import annotations

import pytest

from wikipayam_async import InvalidInputError, SmsMessage
from wikipayam_async.lab.calculator import CallCost, CheaperText, Prices, calculate, cost_of
from wikipayam_async.lab.call import SdkCall


def test_the_parts_of_a_text_and_their_cost() -> None:
    """The parts join to the text; the cost is for all receivers, with tax, in rials and tomans."""
    text = "سلام " * 20
    found = calculate(text, 10, Prices(persian=1000, vat=10))
    assert ("".join(found.parts), len(found.parts), found.encoding) == (text, 2, "ucs2")
    assert (found.cost, found.money) == (22_000, ["22,000 rials", "2,200 tomans"])
    assert (found.units, found.unit_limit, found.remaining, found.forced) == (100, 67, 34, ["ا", "س", "ل", "م"])


def test_without_prices_there_is_no_cost() -> None:
    """Without a price the parts are counted all the same; one price stands for both alphabets."""
    found = calculate("hello", 1, Prices())
    assert (found.cost, found.money, found.cheaper) == (None, [], None)
    assert calculate("hello", 1, Prices(latin=500)).cost == 500
    assert calculate("سلام", 1, Prices(latin=500)).cost == 500
    assert calculate("hello", 2, Prices(persian=1000, latin=300, language="fa")).money == ["۶۰۰ ریال", "۶۰ تومان"]


def test_a_cheaper_spelling_is_offered() -> None:
    """A text with a character that only costs gets a spelling without it."""
    found = calculate("a" * 100 + "”", 1, Prices(persian=1000))
    assert found.cheaper == CheaperText(text="a" * 100 + '"', rules=["quotes"], parts=1, encoding="gsm7", saved=1000)


@pytest.mark.parametrize(
    ("prices", "cost"),
    [
        (Prices(persian="984.5"), 985),
        (Prices(persian="۸۹٫۵ تومان"), 895),
        (Prices(persian="1,790", vat="۱۰"), 1969),
        (Prices(latin="89.5t", persian=2000), 2000),
    ],
)
def test_prices_are_read_as_people_write_them(prices: Prices, cost: int) -> None:
    """With a fraction, separated thousands, Persian digits, and in tomans."""
    assert calculate("سلام", 1, prices).cost == cost


@pytest.mark.parametrize("prices", [Prices(persian="cheap"), Prices(persian="-1"), Prices(vat="9.5"), Prices(vat="x")])
def test_a_price_that_cannot_be_read_is_refused(prices: Prices) -> None:
    """Rather than to reckon with another."""
    with pytest.raises(InvalidInputError):
        calculate("سلام", 1, prices)


@pytest.mark.parametrize(
    ("call", "cost"),
    [
        (
            SdkCall("sms.send", ("0912", "a" * 161)),
            CallCost(messages=1, parts=2, cost=2000, money=["2,000 rials", "200 tomans"]),
        ),
        (
            SdkCall("sms.send_many", ([SmsMessage("0912", "a"), SmsMessage("0913", note="b")],)),
            CallCost(messages=2, parts=2, cost=2000, money=["2,000 rials", "200 tomans"]),
        ),
        (SdkCall("otp.send", ("0912", "1234")), CallCost(messages=1, parts=None, cost=None, money=())),
    ],
)
def test_a_send_has_a_cost(call: SdkCall, cost: CallCost) -> None:
    """The parts of all messages count; the cost of a code is not known, since the gateway makes its text."""
    assert cost_of(call, Prices(persian=1000)) == cost


def test_a_send_without_prices_has_parts_alone() -> None:
    """Without prices the number of parts is known."""
    assert cost_of(SdkCall("holoo.send", ("0912", "a")), Prices()) == CallCost(messages=1, parts=1, cost=None, money=[])
