from __future__ import annotations

import pickle
from operator import attrgetter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wikipayam_async import BulkReport, SendResult, SendStatus, SmsMessage
from wikipayam_async.bulk.columns import AcceptedColumn, ResultColumns, statuses_of
from wikipayam_async.bulk.results import BulkError
from wikipayam_async.errors import SuppressedError, WikipayamError
from wikipayam_async.messages.columns import MessageColumn

A = "09120000001"


def column(*indexes: int) -> AcceptedColumn:
    """Make a column with these indexes."""
    messages = MessageColumn([f"r{index}" for index in indexes], ["x"] * len(indexes), is_one_text=True)
    names, ids = ([f"{prefix}{index}" for index in indexes] for prefix in ("t", "id"))
    return AcceptedColumn(indexes, messages, names, ids)


def accepted(index: int) -> SendResult:
    """Make the result of an accepted message as it stands in a column."""
    return SendResult(index, SmsMessage(f"r{index}", "x"), SendStatus.ACCEPTED, f"id{index}", None, f"t{index}")


def failed(index: int, status: SendStatus = SendStatus.REJECTED, error: WikipayamError | None = None) -> SendResult:
    """Make the result of another message."""
    return SendResult(index, SmsMessage(f"r{index}", "x"), status, None, error, None)


def test_a_column_of_results() -> None:
    """Its items are made when they are looked at."""
    results = column(3, 4, 7)
    made = [accepted(3), accepted(4), accepted(7)]
    assert list(results) == made
    assert [results[1], results[-1], *results[:2]] == [made[1], made[2], *made[:2]]
    assert repr(results) == "<AcceptedColumn of 3 results>"


def test_results_without_a_column() -> None:
    """Where no message was accepted, each result is there by its position."""
    results = ResultColumns()
    results.append(failed(0))
    results.append(failed(1))
    assert [results[0], results[-1]] == [failed(0), failed(1)]


@given(
    outcomes=st.lists(st.sampled_from(["column", "column", "alone", "failed"]), max_size=30),
    cuts=st.sets(st.integers(0, 30)),
    first=st.integers(0, 3),
    order=st.randoms(use_true_random=False),
    stray=st.booleans(),
)
def test_results_in_any_pieces_are_what_a_list_is(
    outcomes: list[str], cuts: set[int], first: int, order: Any, stray: bool
) -> None:
    """However they come, with indexes left out, or in columns that overlap: a sequence, sorted by index."""
    pieces: list[Any] = []
    current: list[int] = []
    made: list[SendResult] = []
    for at, outcome in enumerate(outcomes):
        index = first + at + (5 if stray and at > 9 else 0)
        made.append(failed(index) if outcome == "failed" else accepted(index))
        if outcome == "column":
            current.append(index)
        else:
            pieces.append(made[-1])
        if at in cuts and current:
            pieces.append(column(*current))
            current = []
    if current:
        pieces.append(column(*current))
    if stray and len(pieces) > 2:
        made += [accepted(1_000), accepted(1_002), accepted(1_001), accepted(1_003)]
        made.sort(key=attrgetter("index"))
        pieces += [column(1_000, 1_002), column(1_001, 1_003)]
    order.shuffle(pieces)
    results = ResultColumns()
    for piece in pieces:
        if isinstance(piece, SendResult):
            results.append(piece)
        else:
            results.extend(piece if order.random() < 0.5 else ResultColumns(piece))
    in_order = results.in_order()
    assert list(in_order) == made
    assert in_order == made
    assert made == in_order
    assert len(in_order) == len(made)
    assert [in_order[at] for at in range(-len(made), len(made))] == made * 2
    assert in_order[1:7:2] == made[1:7:2]
    assert sorted(statuses_of(results)) == sorted(one.status for one in made)
    ordinary, report = BulkReport(made), BulkReport(in_order)
    assert report == ordinary
    assert repr(report) == repr(ordinary)
    for name in ("accepted", "accepted_ids", "rejected", "unknown", "not_attempted", "suppressed", "counts"):
        assert getattr(report, name) == getattr(ordinary, name)


def test_others_are_not_equal() -> None:
    """Results equal neither shorter nor other ones, nor what is no list."""
    results = ResultColumns(column(0, 1))
    assert results != [accepted(0)]
    assert results != [accepted(0), failed(1)]
    assert results != (accepted(0), accepted(1))
    assert results == ResultColumns([accepted(0), accepted(1)])
    with pytest.raises(TypeError):
        hash(results)


def test_an_index_out_of_range() -> None:
    """As with a list, it is an error."""
    results = ResultColumns(column(0, 1))
    with pytest.raises(IndexError):
        results[2]


def test_results_of_no_column_are_a_list() -> None:
    """Without columns there is a list."""
    results = ResultColumns([failed(1), failed(0)])
    assert results.in_order() == [failed(0), failed(1)]
    assert isinstance(results.in_order(), list)


def test_sorting_is_of_no_effect() -> None:
    """They are in the order of their indexes already, as a run sorts them."""
    results = ResultColumns(column(0, 1))
    results.sort(key=lambda result: -result.index)
    assert list(results) == [accepted(0), accepted(1)]


def test_neither_numbers_nor_texts_are_shown() -> None:
    """The repr has the size, and what goes through the items finds masked messages."""
    results = ResultColumns(column(0))
    results.extend([failed(1)])
    assert repr(results) == "<2 results>"
    assert "r0" not in repr(results[0])


def test_a_report_of_columns_is_pickled() -> None:
    """What another process gets of it is the same report."""
    results = ResultColumns([failed(0)])
    results.extend(column(1, 2))
    report = BulkReport(results.in_order())
    assert pickle.loads(pickle.dumps(report)) == report  # noqa: S301 - our own


def test_failures_are_raised() -> None:
    """A message that was held back is no failure; another that was not accepted is."""
    suppressed = failed(0, error=SuppressedError("not sent", reason="duplicate"))
    results = ResultColumns([suppressed])
    results.extend(column(1))
    report = BulkReport(results.in_order())
    report.raise_for_failures()
    assert report.suppressed == [suppressed]
    results.append(failed(2, SendStatus.NOT_ATTEMPTED))
    with pytest.raises(BulkError):
        BulkReport(results.in_order()).raise_for_failures()
