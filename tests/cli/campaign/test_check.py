from __future__ import annotations

import io
from decimal import Decimal

import pytest

from wikipayam_async.campaigns import PlanBlock, StoredOutcome
from wikipayam_async.cli.campaign.check import PlanTally, confirmed, described_check, show_check
from wikipayam_async.cli.campaign.options import ConfirmationOptions
from wikipayam_async.cli.output import Output
from wikipayam_async.cost import Tariff
from wikipayam_async.errors import InvalidInputError
from wikipayam_async.messages.footer import Footer
from wikipayam_async.outcomes import SendStatus


def block(*texts: str | None, first: int = 0) -> PlanBlock:
    """Return a block of a plan with these texts; None is a bad row, and an empty text a duplicate."""
    held = [
        StoredOutcome(
            first + at, None, SendStatus.REJECTED, None, *(("invalid", "bad") if text is None else ("duplicate", ""))
        )
        for at, text in enumerate(texts)
        if not text
    ]
    rows = [
        (first + at, 0 if text else None, "09120000001", text or "", None, None, first + at + 2, None)
        for at, text in enumerate(texts)
    ]
    return PlanBlock(b"", rows, [], held)


def test_a_plan_is_added_up_as_it_is_stored() -> None:
    """Only what is to be sent has parts and a cost; bad rows and duplicates are counted apart, bad rows with their numbers."""
    tally = PlanTally(Tariff(persian=10, latin=7), "10002000")
    tally.add([block("hi", "hi", None, ""), block("سلام" * 20, first=4)])
    check = tally.check()
    assert described_check(check) == {
        "rows": 5, "messages": 3, "bad": 1, "bad_rows": [{"row": 4, "reason": "bad"}], "held_back": {"duplicate": 1},
        "repeated": 0, "hidden": 0, "remarks": {}, "parts": 4, "cost": 34, "currency": "IRR",
    }  # fmt: skip
    assert check.shortest is not None
    assert check.longest is not None
    assert (check.shortest.row, check.longest.row) == (2, 6)
    assert "سلام" not in repr(check)


def test_texts_worth_a_second_look_are_counted() -> None:
    """Links, card numbers, Arabic letters and a footer that takes one more part are told before the question."""
    footer = Footer("لغو۱۱")
    tally = PlanTally(None, None, footer)
    texts = ["shop.ir", "shop.ir", "6037991234567893", "كتاب خوبي", footer.below("س" * 70), "سلام"]
    tally.add([block(*texts)])
    err = io.StringIO()
    show_check(Output(stdout=io.StringIO(), stderr=err), tally.check(), "")
    assert err.getvalue().splitlines()[1:5] == [
        "1 message with more parts because of the footer",
        "2 messages with a link, which gateways may hold back",
        "1 message with a card or account number, which gateways may hold back",
        "1 message with the Arabic ي or ك in place of the Persian letters",
    ]
    assert described_check(tally.check())["remarks"] == {
        "link": 2, "card_number": 1, "arabic_letters": 1, "footer_adds_part": 1,
    }  # fmt: skip


def test_only_the_first_ten_bad_rows_are_shown() -> None:
    """The others are counted."""
    tally = PlanTally(None, None)
    tally.add([block(*[None] * 12)])
    err = io.StringIO()
    show_check(Output(stdout=io.StringIO(), stderr=err), tally.check(), "sheet 'a'")
    assert err.getvalue().splitlines() == [
        "12 rows (sheet 'a')",
        *(f"row {row}: bad" for row in range(2, 12)),
        "12 bad rows without a message; the first are above",
        "0 messages to send, 0 parts; cost: unknown without --price-persian or --tariff",
    ]


@pytest.mark.parametrize(
    ("options", "instead"),
    [
        (ConfirmationOptions(yes=True), None),
        (ConfirmationOptions(yes_up_to=Decimal(10)), None),
        (ConfirmationOptions(yes_up_to=Decimal("9.9")), "--yes or --yes-up-to RIALS"),
        (ConfirmationOptions(), "--yes or --yes-up-to RIALS"),
    ],
)
def test_a_cost_up_to_the_limit_needs_no_question(options: ConfirmationOptions, instead: str | None) -> None:
    """Without a terminal the error names the options that answer it."""
    tally = PlanTally(Tariff(persian=10), None)
    tally.add([block("hi")])
    if instead is None:
        assert confirmed(tally.check(), options, Output())
        return
    with pytest.raises(InvalidInputError, match=f"expected a terminal, or {instead}; got no terminal"):
        confirmed(tally.check(), options, Output())
