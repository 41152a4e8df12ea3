from collections.abc import Callable
from typing import Any

import pytest

from wikipayam_async import SendResult, SendStatus
from wikipayam_async.demo.audit import Audit, compare
from wikipayam_async.emulator import LedgerEntry


def test_a_report_that_agrees_has_no_disagreement(audited: Callable[..., dict[str, Any]]) -> None:
    """All accepted messages are in the ledger; unknown ones may be."""
    audit = compare(**audited())
    assert audit == Audit(
        inputs=5,
        in_ledger=3,
        confirmed=2,
        without_one_outcome=(),
        doubled=(),
        lost=(),
        unreported=(),
        altered=(),
        unknown_taken=("T-2",),
        unknown_not_taken=("T-3",),
        paid=3_600,
        charged=3_600,
    )
    assert audit.disagreements == []


def test_a_message_that_was_accepted_twice_is_a_disagreement(
    audited: Callable[..., dict[str, Any]], entry: Callable[..., LedgerEntry]
) -> None:
    """A track id that is in the ledger twice is doubled, even with different ids."""
    audit = compare(**audited(ledger=[entry(0), entry(1), entry(2), entry(1, id="id9", cost=0)]))
    assert audit.doubled == ("T-1",)
    assert audit.disagreements == ["1 accepted more than once: T-1"]


def test_an_unknown_message_that_was_accepted_twice_is_a_disagreement(
    audited: Callable[..., dict[str, Any]], entry: Callable[..., LedgerEntry]
) -> None:
    """An unknown message must not be sent again either."""
    audit = compare(**audited(ledger=[entry(0), entry(1), entry(2), entry(2, id="id9", cost=0)]))
    assert audit.disagreements == ["1 accepted more than once: T-2"]


def test_a_lost_message_is_a_disagreement(
    audited: Callable[..., dict[str, Any]], entry: Callable[..., LedgerEntry]
) -> None:
    """A message reported as accepted has to be in the ledger."""
    audit = compare(**audited(ledger=[entry(0), entry(2)], balance_after=7_600))
    assert audit.lost == ("T-1",)
    assert audit.confirmed == 1
    assert audit.disagreements == ["1 reported accepted, but not in the ledger: T-1"]


def test_an_id_of_another_message_is_a_disagreement(
    audited: Callable[..., dict[str, Any]], entry: Callable[..., LedgerEntry]
) -> None:
    """With the id of another message, its delivery status would be that message's."""
    audit = compare(**audited(ledger=[entry(0, id="id1"), entry(1, id="id0"), entry(2)]))
    assert audit.disagreements == ["2 reported accepted, but not in the ledger: T-0, T-1"]


@pytest.mark.parametrize("number", [4, 7])
def test_an_unreported_message_is_a_disagreement(
    audited: Callable[..., dict[str, Any]], entry: Callable[..., LedgerEntry], number: int
) -> None:
    """Neither a rejected message nor one that was never an input may be in the ledger."""
    audit = compare(**audited(ledger=[entry(0), entry(1), entry(2), entry(number, cost=0)]))
    assert audit.disagreements == [
        f"1 in the ledger, but reported neither accepted nor unknown: T-{number}",
    ]


def test_a_message_without_a_track_id_is_unreported(
    audited: Callable[..., dict[str, Any]], entry: Callable[..., LedgerEntry]
) -> None:
    """A ledger entry without a track id matches no result."""
    audit = compare(**audited(ledger=[entry(0), entry(1), entry(2), entry(9, track_id=None, cost=0)]))
    assert audit.unreported == ("None",)


def test_a_message_without_an_outcome_is_a_disagreement(audited: Callable[..., dict[str, Any]]) -> None:
    """Every input has a result."""
    audit = compare(**audited(inputs=7))
    assert audit.disagreements == ["2 without exactly one outcome: number 5, number 6"]


def test_a_message_with_two_outcomes_is_a_disagreement(
    audited: Callable[..., dict[str, Any]], result: Callable[..., SendResult]
) -> None:
    """Every message has exactly one result; a second one does not replace a missing one."""
    results = [*audited()["results"][:4], result(3, SendStatus.UNKNOWN)]
    audit = compare(**audited(results=results))
    assert audit.disagreements == ["2 without exactly one outcome: number 3, number 4"]


def test_a_result_without_an_input_is_a_disagreement(
    audited: Callable[..., dict[str, Any]], result: Callable[..., SendResult]
) -> None:
    """Every result has an index in the input."""
    audit = compare(**audited(results=[*audited()["results"], result(11, SendStatus.REJECTED)]))
    assert audit.disagreements == ["1 without exactly one outcome: number 11"]


@pytest.mark.parametrize("change", [{"receiver": "09120000002"}, {"message": "سلا"}])
def test_an_altered_message_is_a_disagreement(
    audited: Callable[..., dict[str, Any]], entry: Callable[..., LedgerEntry], change: dict[str, str]
) -> None:
    """Receiver and text in the ledger must be those of the message."""
    audit = compare(**audited(ledger=[entry(0), entry(1, **change), entry(2)]))
    assert audit.disagreements == ["1 with another receiver or text in the ledger: T-1"]


@pytest.mark.parametrize("spelling", ["+98 912 000 0001", "۰۹۱۲۰۰۰۰۰۰۱", "٩١٢-٠٠٠-٠٠٠١", "0098912\u200c0000001"])
def test_another_form_of_the_receiver_is_no_alteration(
    audited: Callable[..., dict[str, Any]], result: Callable[..., SendResult], spelling: str
) -> None:
    """Digits of other scripts, prefixes and separators do not change a number."""
    results = [result(0, receiver=spelling), *audited()["results"][1:]]
    assert compare(**audited(results=results)).disagreements == []


def test_a_balance_that_fell_by_another_sum_is_a_disagreement(audited: Callable[..., dict[str, Any]]) -> None:
    """The balance falls by the cost of the messages in the ledger."""
    audit = compare(**audited(balance_after=6_000))
    assert audit.disagreements == ["the balance fell by 4,000 IRR, the ledger's messages cost 3,600 IRR"]


def test_a_long_list_is_cut(audited: Callable[..., dict[str, Any]]) -> None:
    """A disagreement counts all messages and lists the first five."""
    audit = compare(**audited(inputs=1005))
    assert audit.disagreements == [
        "1,000 without exactly one outcome: number 5, number 6, number 7, number 8, number 9, ...",
    ]
