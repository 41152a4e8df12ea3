import pickle

import pytest

from wikipayam_async.bulk.results import BulkReport, SendResult
from wikipayam_async.core.events import SendStatus
from wikipayam_async.errors import APIConnectionError, BulkError, ResponseError, UnknownOutcomeError, WikipayamError
from wikipayam_async.messages import SmsMessage

MESSAGE = SmsMessage("09123456789", "a secret")
ACCEPTED, REJECTED, UNKNOWN, NOT_ATTEMPTED = SendStatus


def result(index: int, status: SendStatus, error: WikipayamError | None = None) -> SendResult:
    """Make the result of one message."""
    return SendResult(index, MESSAGE, status, f"id{index}" if status is ACCEPTED else None, error, f"T{index}")


MIXED = BulkReport(
    [result(0, ACCEPTED), result(1, REJECTED), result(2, UNKNOWN), result(3, NOT_ATTEMPTED), result(4, ACCEPTED)]
)


def test_a_report_is_divided_by_fate() -> None:
    """Every result is in exactly one of the four lists, in the order of the input."""
    assert [
        [one.index for one in part] for part in (MIXED.accepted, MIXED.rejected, MIXED.unknown, MIXED.not_attempted)
    ] == [
        [0, 4],
        [1],
        [2],
        [3],
    ]


def test_a_report_counts_every_fate() -> None:
    """Fates that did not occur are counted as none."""
    assert MIXED.counts == {ACCEPTED: 2, REJECTED: 1, UNKNOWN: 1, NOT_ATTEMPTED: 1}
    assert BulkReport([]).counts == {ACCEPTED: 0, REJECTED: 0, UNKNOWN: 0, NOT_ATTEMPTED: 0}


def test_a_summary_is_one_line() -> None:
    """It names every fate, with thousands set apart."""
    assert MIXED.summary() == "5 messages: 2 accepted, 1 rejected, 1 unknown, 1 not attempted"
    assert BulkReport([result(0, ACCEPTED)] * 1200).summary() == (
        "1,200 messages: 1,200 accepted, 0 rejected, 0 unknown, 0 not attempted"
    )


@pytest.mark.parametrize("results", [[], [result(0, ACCEPTED)]])
def test_a_report_without_failures_raises_nothing(results: list[SendResult]) -> None:
    """All accepted, or nothing to send at all, is a success."""
    BulkReport(results).raise_for_failures()


def test_the_unknown_go_before_all_other_failures() -> None:
    """The error carries the messages and track ids whose fate is open, what was accepted, and the cause."""
    cause = ResponseError("no answer")
    report = BulkReport([result(0, REJECTED), result(1, ACCEPTED), result(2, UNKNOWN, cause), result(3, UNKNOWN)])
    with pytest.raises(UnknownOutcomeError) as caught:
        report.raise_for_failures()
    assert str(caught.value) == (
        "4 messages: 1 accepted, 1 rejected, 2 unknown, 0 not attempted. Do not resend the unknown ones blindly: "
        "look up their track ids in the panel first"
    )
    assert (caught.value.messages, caught.value.track_ids) == ((MESSAGE, MESSAGE), ("T2", "T3"))
    assert ([one.id for one in report.accepted], caught.value.accepted) == (["id1"], tuple(report.accepted))
    assert caught.value.__cause__ is cause


def test_other_failures_come_with_the_whole_report() -> None:
    """The text tells the first reason there is, which is also the cause."""
    cause = APIConnectionError("refused")
    report = BulkReport([result(0, ACCEPTED), result(1, NOT_ATTEMPTED), result(2, REJECTED, cause)])
    with pytest.raises(BulkError) as caught:
        report.raise_for_failures()
    assert str(caught.value) == (
        "3 messages: 1 accepted, 1 rejected, 0 unknown, 1 not attempted; the first failure: refused"
    )
    assert (caught.value.report is report, caught.value.__cause__ is cause) == (True, True)


def test_a_failure_without_a_reason_is_not_given_one() -> None:
    """Messages that were not attempted may have no error; the counts speak for them."""
    with pytest.raises(BulkError) as caught:
        BulkReport([result(0, NOT_ATTEMPTED)]).raise_for_failures()
    assert str(caught.value) == "1 messages: 0 accepted, 0 rejected, 0 unknown, 1 not attempted"
    assert caught.value.__cause__ is None


def test_the_error_of_a_report_is_pickled_without_messages() -> None:
    """What crosses to another process is the summary."""
    with pytest.raises(BulkError) as caught:
        BulkReport([result(0, NOT_ATTEMPTED)]).raise_for_failures()
    pickled = pickle.dumps(caught.value)
    assert (b"secret" in pickled, b"09123456789" in pickled) == (False, False)


def test_a_result_shows_no_secret_and_compares_without_its_error() -> None:
    """Its repr masks the message, and two results alike but for the error are equal."""
    assert repr(result(3, REJECTED)) == (
        "SendResult(index=3, message=SmsMessage(receiver=0912*****89, message=<8 characters>, sender=None, "
        "track_id=None, note=None), status=<SendStatus.REJECTED: 'rejected'>, id=None, error=None, track_id='T3')"
    )
    assert result(3, REJECTED, ResponseError("a")) == result(3, REJECTED)
