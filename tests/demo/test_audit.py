from collections.abc import Callable

import pytest

from wikipayam_async import SendResult, SendStatus
from wikipayam_async.demo.audit import Audit, AuditInput, compare
from wikipayam_async.emulator import LedgerEntry


def test_books_that_agree_give_no_disagreement(books: Callable[..., AuditInput]) -> None:
    """Everything accepted is in the ledger, and what is unknown may or may not be."""
    audit = compare(books())
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
    books: Callable[..., AuditInput], entry: Callable[..., LedgerEntry]
) -> None:
    """A track id that stands in the ledger twice is doubled, whatever its ids."""
    audit = compare(books(ledger=[entry(0), entry(1), entry(2), entry(1, id="id9", cost=0)]))
    assert audit.doubled == ("T-1",)
    assert audit.disagreements == ["1 accepted more than once: T-1"]


def test_a_message_of_unknown_fate_that_was_accepted_twice_is_a_disagreement(
    books: Callable[..., AuditInput], entry: Callable[..., LedgerEntry]
) -> None:
    """Not to know is no excuse for sending again."""
    audit = compare(books(ledger=[entry(0), entry(1), entry(2), entry(2, id="id9", cost=0)]))
    assert audit.disagreements == ["1 accepted more than once: T-2"]


def test_a_lost_message_is_a_disagreement(books: Callable[..., AuditInput], entry: Callable[..., LedgerEntry]) -> None:
    """What is reported accepted has to be in the ledger."""
    audit = compare(books(ledger=[entry(0), entry(2)], balance_after=7_600))
    assert audit.lost == ("T-1",)
    assert audit.confirmed == 1
    assert audit.disagreements == ["1 reported accepted, but not in the ledger: T-1"]


def test_an_id_of_another_message_is_a_disagreement(
    books: Callable[..., AuditInput], entry: Callable[..., LedgerEntry]
) -> None:
    """An id under which the gateway keeps another message leads to a stranger's delivery."""
    audit = compare(books(ledger=[entry(0, id="id1"), entry(1, id="id0"), entry(2)]))
    assert audit.disagreements == ["2 reported accepted, but not in the ledger: T-0, T-1"]


@pytest.mark.parametrize("number", [4, 7])
def test_an_unreported_message_is_a_disagreement(
    books: Callable[..., AuditInput], entry: Callable[..., LedgerEntry], number: int
) -> None:
    """Neither a message reported as rejected nor one never put in may be in the ledger."""
    audit = compare(books(ledger=[entry(0), entry(1), entry(2), entry(number, cost=0)]))
    assert audit.disagreements == [
        f"1 in the ledger, but reported neither accepted nor unknown: T-{number}",
    ]


def test_a_message_without_a_track_id_is_unreported(
    books: Callable[..., AuditInput], entry: Callable[..., LedgerEntry]
) -> None:
    """What nobody can name, nobody has reported."""
    audit = compare(books(ledger=[entry(0), entry(1), entry(2), entry(9, track_id=None, cost=0)]))
    assert audit.unreported == ("None",)


def test_a_message_without_an_outcome_is_a_disagreement(books: Callable[..., AuditInput]) -> None:
    """Every message that was put in has a result."""
    audit = compare(books(inputs=7))
    assert audit.disagreements == ["2 without exactly one outcome: number 5, number 6"]


def test_a_message_with_two_outcomes_is_a_disagreement(
    books: Callable[..., AuditInput], result: Callable[..., SendResult]
) -> None:
    """No message has more than one result, and no result makes up for another's."""
    results = [*books().results[:4], result(3, SendStatus.UNKNOWN)]
    audit = compare(books(results=results))
    assert audit.disagreements == ["2 without exactly one outcome: number 3, number 4"]


def test_a_result_of_a_message_that_was_never_put_in_is_a_disagreement(
    books: Callable[..., AuditInput], result: Callable[..., SendResult]
) -> None:
    """A result belongs to a place in the input."""
    audit = compare(books(results=[*books().results, result(11, SendStatus.REJECTED)]))
    assert audit.disagreements == ["1 without exactly one outcome: number 11"]


@pytest.mark.parametrize("change", [{"receiver": "09120000002"}, {"message": "سلا"}])
def test_an_altered_message_is_a_disagreement(
    books: Callable[..., AuditInput], entry: Callable[..., LedgerEntry], change: dict[str, str]
) -> None:
    """The right text has to have gone to the right receiver."""
    audit = compare(books(ledger=[entry(0), entry(1, **change), entry(2)]))
    assert audit.disagreements == ["1 with another receiver or text in the ledger: T-1"]


@pytest.mark.parametrize("spelling", ["+98 912 000 0001", "۰۹۱۲۰۰۰۰۰۰۱", "٩١٢-٠٠٠-٠٠٠١", "0098912\u200c0000001"])
def test_another_spelling_of_the_receiver_is_no_alteration(
    books: Callable[..., AuditInput], result: Callable[..., SendResult], spelling: str
) -> None:
    """A number is the same in any digits, with any prefix and any separators."""
    results = [result(0, receiver=spelling), *books().results[1:]]
    assert compare(books(results=results)).disagreements == []


def test_a_balance_that_fell_by_another_sum_is_a_disagreement(books: Callable[..., AuditInput]) -> None:
    """The balance falls by what the ledger's messages cost."""
    audit = compare(books(balance_after=6_000))
    assert audit.disagreements == ["the balance fell by 4,000 IRR, the ledger's messages cost 3,600 IRR"]


def test_a_long_list_is_cut(books: Callable[..., AuditInput]) -> None:
    """A disagreement counts all messages and names a few."""
    audit = compare(books(inputs=1005))
    assert audit.disagreements == [
        "1,000 without exactly one outcome: number 5, number 6, number 7, number 8, number 9, ...",
    ]
