from __future__ import annotations

import traceback
from collections.abc import AsyncIterator, Iterator
from functools import partial
from typing import Any

import pytest

from tests.bulk.doubles import ScriptedGateway, error_422
from wikipayam_async import AuthenticationError, PayloadTooLargeError, SendStatus, SmsMessage
from wikipayam_async.bulk.column_source import ColumnSource
from wikipayam_async.bulk.columns import ResultColumns
from wikipayam_async.bulk.options import BulkOptions
from wikipayam_async.bulk.runner import collect, make_run
from wikipayam_async.bulk.screening import Dedupe, OptOut, Screen
from wikipayam_async.messages.columns import MessageColumn, OneTextReader
from wikipayam_async.messages.payload_columns import PayloadColumn, prepare_messages
from wikipayam_async.messages.track_ids import TrackIds
from wikipayam_async.optout import OptOutList

pytestmark = pytest.mark.anyio

NUMBERS = [f"0912000000{number}" for number in range(10)]


def source_of(receivers: Any, batch_size: int = 4, screen: Screen | None = None) -> ColumnSource:
    """Make a source of one text."""
    prepare = partial(prepare_messages, sender="1", track_ids=TrackIds(), normalize=True)
    return ColumnSource(OneTextReader(receivers, "x"), prepare, batch_size, screen)


async def chunks(source: ColumnSource) -> list[tuple[list[int], list[int]]]:
    """Pull to the end; return the indexes to send and those of the results, and check that no object was made."""
    found = []
    while (pull := await source.pull()) is not None:
        indexes: list[int] = []
        if pull.chunk is not None:
            assert isinstance(pull.chunk.batch.messages, MessageColumn)
            assert isinstance(pull.chunk.batch.payloads, PayloadColumn)
            indexes = list(pull.chunk.indexes)
        assert isinstance(pull.results, ResultColumns)
        found.append((indexes, [result.index for result in pull.results]))
    return found


async def test_chunks_are_columns() -> None:
    """Numbers become chunks without a message object; what is left over is the last chunk."""
    assert await chunks(source_of(NUMBERS)) == [([0, 1, 2, 3], []), ([4, 5, 6, 7], []), ([8, 9], [])]


async def test_invalid_numbers_do_not_end_the_columns() -> None:
    """A chunk is filled up with the numbers after an invalid one, and is a column still."""
    numbers = [*NUMBERS[:2], "bad", "+98 912 000 0002", *NUMBERS[3:6], "۰۹۱۲۰۰۰۰۰۰۶", "021"]
    assert await chunks(source_of(numbers)) == [([0, 1, 3, 4], [2]), ([5, 6, 7], [8])]


@pytest.mark.parametrize(
    ("dedupe", "opt_out", "held"),
    [
        ("receiver", None, {4}),
        ("receiver_and_text", None, {4}),
        (None, OptOutList([NUMBERS[1]]), {1}),
        ("receiver", [NUMBERS[1]], {1, 4}),
        (None, lambda number: number == NUMBERS[2], {2}),
    ],
)
@pytest.mark.parametrize("batch_size", [2, 3, 5])
async def test_numbers_that_are_held_back(
    dedupe: Dedupe | None, opt_out: OptOut | None, held: set[int], batch_size: int
) -> None:
    """Duplicates and opt-outs are found within a column and across columns; the others stay columns."""
    numbers = [*NUMBERS[:4], NUMBERS[0], *NUMBERS[5:]]
    found = await chunks(source_of(numbers, batch_size, Screen(dedupe=dedupe, opt_out=opt_out)))
    assert {index for _, results in found for index in results} == held
    assert [index for indexes, _ in found for index in indexes] == [at for at in range(10) if at not in held]


async def test_a_number_of_another_column_is_a_duplicate() -> None:
    """Each column is compared with those before, whether their numbers were plain or not."""
    numbers = [*NUMBERS[:2], *NUMBERS[1:3], "+98" + NUMBERS[0][1:], NUMBERS[3]]
    found = await chunks(source_of(numbers, 2, Screen(dedupe="receiver")))
    assert [index for _, results in found for index in results] == [2, 4]


async def slowly(numbers: Iterator[str]) -> AsyncIterator[str]:
    """Yield numbers asynchronously."""
    for number in numbers:
        yield number


def broken(count: int) -> Iterator[str]:
    """Yield numbers, then raise."""
    yield from NUMBERS[:count]
    raise RuntimeError("the file is damaged")


@pytest.mark.parametrize("asynchronous", [False, True])
async def test_a_source_that_raises(asynchronous: bool) -> None:
    """The numbers before are sent; the frames of the package show none of them in the traceback."""
    numbers = broken(6)
    gateway: Any = ScriptedGateway()
    run = make_run(
        OneTextReader(slowly(numbers) if asynchronous else numbers, "a secret text"),
        gateway,
        BulkOptions(batch_size=4, concurrency=1),
        sender="1",
        longest_wait=60,
    )
    with pytest.raises(Exception, match="raised RuntimeError after 6 messages: 6 accepted") as caught:
        await collect(run, None, None)
    assert [len(request) for request in gateway.requests] == [4, 2]
    shown = "".join(
        line
        for error in (caught.value, caught.value.__cause__)
        if error is not None
        for frame in traceback.TracebackException.from_exception(error, capture_locals=True).stack
        if "wikipayam_async" in frame.filename
        for line in (frame.locals or {}).values()
    )
    assert [number for number in NUMBERS[:6] if number in shown] == []
    assert "secret" not in shown


async def test_after_a_413_and_a_422_columns_stay_columns() -> None:
    """A refused request is cut, and goes on without the messages that the gateway names; the report is of columns."""
    too_large = PayloadTooLargeError("no", status_code=413, message="no")
    gateway: Any = ScriptedGateway(too_large, error_422("1.receiver"))
    options = BulkOptions(batch_size=8, concurrency=1)
    run = make_run(OneTextReader(NUMBERS, "x"), gateway, options, sender="1", longest_wait=60)
    report = await collect(run, len(NUMBERS), None)
    assert [len(request) for request in gateway.requests] == [8, 4, 3, 4, 2]
    assert isinstance(report.results, ResultColumns)
    assert [result.index for result in report.rejected] == [1]
    assert [result.message for result in report] == [SmsMessage(number, "x") for number in NUMBERS]
    assert len(report.accepted_ids) == 9


async def test_what_the_answer_leaves_out_is_unknown() -> None:
    """Every message has its own outcome."""
    gateway: Any = ScriptedGateway([2], ())
    run = make_run(
        OneTextReader(NUMBERS, "x"), gateway, BulkOptions(batch_size=5, concurrency=1), sender="1", longest_wait=60
    )
    report = await collect(run, len(NUMBERS), None)
    assert [result.index for result in report.unknown] == [2]
    assert len(report.accepted_ids) == 9


async def test_a_run_that_is_stopped() -> None:
    """What is left is not attempted, and has its message."""
    gateway: Any = ScriptedGateway(AuthenticationError("no", status_code=401, message="no"))
    run = make_run(
        OneTextReader(NUMBERS, "x"), gateway, BulkOptions(batch_size=5, concurrency=1), sender="1", longest_wait=60
    )
    report = await collect(run, len(NUMBERS), None)
    assert [result.status for result in report] == [SendStatus.REJECTED] * 5 + [SendStatus.NOT_ATTEMPTED] * 5
    assert [result.message for result in report.not_attempted] == [SmsMessage(number, "x") for number in NUMBERS[5:]]
