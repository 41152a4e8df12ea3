import copy
import gc
import pickle
import weakref
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wikipayam_async.bulk.results import BulkError, BulkReport, BulkUnknownOutcomeError, SendResult, accepted
from wikipayam_async.errors import APIConnectionError, ResponseError, UnknownOutcomeError, WikipayamError
from wikipayam_async.messages import SmsMessage
from wikipayam_async.messages.payload import Batch
from wikipayam_async.messages.payload_columns import batch_of, prepare_messages
from wikipayam_async.messages.track_ids import TrackIds
from wikipayam_async.outcomes import SendStatus

MESSAGE = SmsMessage("09123456789", "a secret")
ACCEPTED, REJECTED, UNKNOWN, NOT_ATTEMPTED = SendStatus


evolve: Any = attrs.evolve  # for mypy, a struct has no attrs fields


def result(index: int, status: SendStatus, error: WikipayamError | None = None) -> SendResult:
    """Make the result of one message."""
    return SendResult(index, MESSAGE, status, f"id{index}" if status is ACCEPTED else None, error, f"T{index}")


MIXED = BulkReport(
    [result(0, ACCEPTED), result(1, REJECTED), result(2, UNKNOWN), result(3, NOT_ATTEMPTED), result(4, ACCEPTED)]
)


def test_a_report_groups_results_by_outcome() -> None:
    """Every result is in exactly one of the four lists, in the order of the input."""
    assert [
        [one.index for one in part] for part in (MIXED.accepted, MIXED.rejected, MIXED.unknown, MIXED.not_attempted)
    ] == [
        [0, 4],
        [1],
        [2],
        [3],
    ]


def test_a_report_counts_every_outcome() -> None:
    """An outcome that did not occur has the count 0."""
    assert MIXED.counts == {ACCEPTED: 2, REJECTED: 1, UNKNOWN: 1, NOT_ATTEMPTED: 1}
    assert BulkReport([]).counts == {ACCEPTED: 0, REJECTED: 0, UNKNOWN: 0, NOT_ATTEMPTED: 0}


def test_a_summary_is_one_line() -> None:
    """It names every outcome and separates thousands."""
    assert MIXED.summary() == "5 messages: 2 accepted, 1 rejected, 1 unknown, 1 not attempted"
    assert BulkReport([result(0, ACCEPTED)] * 1200).summary() == (
        "1,200 messages: 1,200 accepted, 0 rejected, 0 unknown, 0 not attempted"
    )


def test_a_report_is_iterable_and_sized() -> None:
    """It has one item per message, in the order of the input."""
    assert (len(MIXED), [one.index for one in MIXED], list(MIXED)) == (5, [0, 1, 2, 3, 4], list(MIXED.results))
    assert (len(BulkReport([])), list(BulkReport([]))) == (0, [])


def test_the_repr_of_a_report_is_short() -> None:
    """It shows the counts, and no message, however many there are."""
    assert repr(MIXED) == "BulkReport(5 messages: 2 accepted, 1 rejected, 1 unknown, 1 not attempted)"
    many = BulkReport([result(0, ACCEPTED)] * 1200)
    assert str(many) == "BulkReport(1,200 messages: 1,200 accepted, 0 rejected, 0 unknown, 0 not attempted)"


def test_the_ids_of_the_accepted_messages() -> None:
    """They are in the order of the input; a result without an id is left out."""
    assert MIXED.accepted_ids == ["id0", "id4"]
    assert BulkReport([SendResult(0, MESSAGE, ACCEPTED), result(1, REJECTED)]).accepted_ids == []


@pytest.mark.parametrize(
    ("status", "ok"), [(ACCEPTED, True), (REJECTED, False), (UNKNOWN, False), (NOT_ATTEMPTED, False)]
)
def test_only_an_accepted_message_is_ok(status: SendStatus, ok: bool) -> None:
    """`ok` is true of accepted messages alone, however the result was made."""
    assert result(0, status).ok is ok
    assert [one.ok for one in made_quickly("id0", None)] == [True, True]


@pytest.mark.parametrize("results", [[], [result(0, ACCEPTED)]])
def test_a_report_without_failures_raises_nothing(results: list[SendResult]) -> None:
    """A report is a success if all messages were accepted or there were none."""
    BulkReport(results).raise_for_failures()


def test_unknown_outcomes_take_precedence_over_other_failures() -> None:
    """The error holds the messages and track ids with an unknown outcome, the accepted ones, and the cause."""
    cause = ResponseError("no answer")
    report = BulkReport([result(0, REJECTED), result(1, ACCEPTED), result(2, UNKNOWN, cause), result(3, UNKNOWN)])
    with pytest.raises(BulkError) as raised:
        report.raise_for_failures()
    caught = raised.value
    assert type(caught) is BulkUnknownOutcomeError
    assert isinstance(caught, UnknownOutcomeError)
    assert (caught.report is report, caught.send_status, caught.phase, caught.attempts) == (True, UNKNOWN, None, ())
    assert str(caught) == (
        "4 messages: 1 accepted, 1 rejected, 2 unknown, 0 not attempted. Do not resend the unknown ones blindly: "
        "look in the panel first, by receiver, text and time, or by track id if it shows one"
    )
    assert (caught.messages, caught.track_ids) == ((MESSAGE, MESSAGE), ("T2", "T3"))
    assert ([one.id for one in report.accepted], caught.accepted) == (["id1"], tuple(report.accepted))
    assert caught.__cause__ is cause


def test_other_failures_hold_the_whole_report() -> None:
    """The text names the first error, which is also the cause."""
    cause = APIConnectionError("refused")
    report = BulkReport([result(0, ACCEPTED), result(1, NOT_ATTEMPTED), result(2, REJECTED, cause)])
    with pytest.raises(BulkError) as caught:
        report.raise_for_failures()
    assert str(caught.value) == (
        "3 messages: 1 accepted, 1 rejected, 0 unknown, 1 not attempted; the first failure: refused"
    )
    assert (caught.value.report is report, caught.value.__cause__ is cause) == (True, True)


def test_a_failure_without_an_error() -> None:
    """Messages that were not attempted may have no error; the text then holds the counts alone."""
    with pytest.raises(BulkError) as caught:
        BulkReport([result(0, NOT_ATTEMPTED)]).raise_for_failures()
    assert str(caught.value) == "1 messages: 0 accepted, 0 rejected, 0 unknown, 1 not attempted"
    assert caught.value.__cause__ is None


def test_unknown_outcomes_are_pickled_without_their_messages() -> None:
    """The pickle holds the text and the track ids."""
    with pytest.raises(BulkUnknownOutcomeError) as caught:
        BulkReport([result(0, ACCEPTED), result(1, UNKNOWN)]).raise_for_failures()
    pickled = pickle.dumps(caught.value)
    again = pickle.loads(pickled)  # noqa: S301 - our own
    assert (type(again), str(again), again.track_ids) == (BulkUnknownOutcomeError, str(caught.value), ("T1",))
    assert (again.report, again.messages, again.accepted) == (None, (), ())
    assert (b"secret" in pickled, b"09123456789" in pickled) == (False, False)


def test_the_error_of_a_report_is_pickled_without_its_messages() -> None:
    """The pickle holds the summary alone."""
    with pytest.raises(BulkError) as caught:
        BulkReport([result(0, NOT_ATTEMPTED)]).raise_for_failures()
    pickled = pickle.dumps(caught.value)
    assert (b"secret" in pickled, b"09123456789" in pickled) == (False, False)


def test_a_result_masks_its_message_and_compares_without_its_error() -> None:
    """The repr masks the message, and results that differ in the error alone are equal."""
    assert repr(result(3, REJECTED)) == (
        "SendResult(index=3, message=SmsMessage(receiver=0912*****89, message=<8 characters>, sender=None, "
        "track_id=None, note=None), status=<SendStatus.REJECTED: 'rejected'>, id=None, error=None, track_id='T3')"
    )
    assert result(3, REJECTED, ResponseError("a")) == result(3, REJECTED)


def made_normally(index: int, id_: str | None) -> SendResult:
    """Make the result of an accepted message with the constructor."""
    track_id = f"T{index}"
    return SendResult(index, SmsMessage("09123456789", "a secret", track_id=track_id), ACCEPTED, id_, None, track_id)


def checked_batch(*messages: SmsMessage) -> Batch[SmsMessage]:
    """Check messages, and return their batch."""
    payloads, _ = prepare_messages(messages, sender="1000", track_ids=TrackIds(), normalize=True)
    return batch_of(messages, payloads)


def made_quickly(*ids: str | None) -> list[SendResult]:
    """Make the results of accepted messages with `accepted`."""
    count = len(ids)
    batch = checked_batch(*[SmsMessage("09123456789", "a secret", track_id=f"T{index}") for index in range(count)])
    return accepted(range(count), batch, ids)


def test_results_made_quickly_are_like_all_others() -> None:
    """They have the same class, fields, hash and repr, and are equal."""
    made, expected = (
        made_quickly("id0", None, "id2"),
        [made_normally(0, "id0"), made_normally(1, None), made_normally(2, "id2")],
    )
    assert made == expected
    assert [one.__class__ for one in made] == [SendResult] * 3
    assert [isinstance(one, SendResult) for one in made] == [True] * 3
    assert [hash(one) for one in made] == [hash(one) for one in expected]
    assert [repr(one) for one in made] == [repr(one) for one in expected]
    assert [attrs.astuple(one, recurse=False) for one in made] == [
        attrs.astuple(one, recurse=False) for one in expected
    ]
    assert len({*made, *expected}) == 3
    assert made[0] != made[1]


def test_a_result_made_quickly_is_matched_by_its_class() -> None:
    """Patterns and `isinstance` accept it."""
    (one,) = made_quickly("id0")
    match one:
        case SendResult(index, message, status, id_):
            assert (index, message.track_id, status, id_) == (0, "T0", ACCEPTED, "id0")
        case _:
            pytest.fail("no SendResult")
    assert isinstance(one, SendResult)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_results_made_quickly_are_pickled(protocol: int) -> None:
    """Their pickles are the same bytes as those of other results, and are restored to equal results."""
    (one,) = made_quickly("id0")
    again = pickle.loads(pickle.dumps(one, protocol))  # noqa: S301 - our own
    assert (again, type(again)) == (made_normally(0, "id0"), SendResult)
    assert pickle.dumps(one, protocol) == pickle.dumps(made_normally(0, "id0"), protocol)


def test_results_made_quickly_are_copied_and_changed_by_copying() -> None:
    """Every way of copying makes an equal result."""
    (one,) = made_quickly("id0")
    copies = [copy.copy(one), copy.deepcopy(one), evolve(one)]
    assert copies == [made_normally(0, "id0")] * 3
    changed = evolve(one, status=UNKNOWN, id=None, error=ResponseError("no"))
    assert (changed.status, changed.id, str(changed.error), changed.track_id) == (UNKNOWN, None, "no", "T0")
    assert (one.status, one.id) == (ACCEPTED, "id0")


@pytest.mark.parametrize("name", ["index", "message", "status", "id", "error", "track_id", "note", "__class__"])
def test_results_made_quickly_cannot_be_changed(name: str) -> None:
    """No field can be written, deleted or added, and the class cannot be changed."""
    (one,) = made_quickly("id0")
    with pytest.raises(AttributeError):
        setattr(one, name, None)
    with pytest.raises(AttributeError):
        delattr(one, name)
    assert one == made_normally(0, "id0")
    assert not hasattr(one, "__dict__")


def test_there_is_one_id_for_each_message() -> None:
    """Columns of different lengths raise: a result would be lost."""
    with pytest.raises(ValueError, match=r"^1 ids for 2 messages$"):
        accepted(range(2), checked_batch(MESSAGE, MESSAGE), ["id0"])


@given(st.lists(st.tuples(st.integers(0), st.text(st.characters(codec="utf-8"), min_size=1), st.none() | st.text())))
def test_any_result_made_quickly_equals_the_one_made_normally(rows: list[tuple[int, str, str | None]]) -> None:
    """Both ways make the same results from any columns."""
    indexes, texts, ids = ([row[column] for row in rows] for column in range(3))
    messages = [SmsMessage("09123456789", text) for text in texts]  # type: ignore[arg-type] # columns
    batch = checked_batch(*messages)
    assert accepted(indexes, batch, ids) == [  # type: ignore[arg-type] # columns
        SendResult(index, message, ACCEPTED, id_, None, track_id)  # type: ignore[arg-type] # columns
        for index, message, id_, track_id in zip(indexes, messages, ids, batch.track_ids, strict=True)
    ]


class Markup(str):
    """A string of a subclass."""

    __slots__ = ("origin",)


@pytest.mark.parametrize(
    ("message", "tracked"),
    [
        (MESSAGE, False),
        (SmsMessage("09123456789", "text", track_id="T0"), False),
        (SmsMessage("09123456789", Markup("text")), True),
        (SmsMessage("09123456789", "text", track_id=Markup("T0")), True),
        (SmsMessage("+989123456789", "text"), True),
    ],
)
def test_the_garbage_collector_leaves_plain_results_alone(message: SmsMessage, tracked: bool) -> None:
    """It goes through those results only whose messages may refer to something."""
    (one,) = accepted(range(1), checked_batch(message), ["id0"])
    assert gc.is_tracked(one) is tracked


def test_an_error_that_was_raised_is_freed_with_its_result() -> None:
    """Its traceback refers to the result through the frames: a cycle, which the garbage collector finds."""

    def raise_it(error: WikipayamError) -> None:
        one = evolve(made_quickly("id0")[0], status=UNKNOWN, error=error)
        raise one.error or ValueError

    error = ResponseError("no answer")
    with pytest.raises(ResponseError):
        raise_it(error)
    reference = weakref.ref(error)
    del error
    gc.collect()
    assert reference() is None


def test_changed_copies_of_plain_results_are_known_to_the_garbage_collector() -> None:
    """The copy may hold an error."""
    (one,) = made_quickly("id0")
    copies = [
        evolve(one, id="id1"),
        one.__replace__(id="id1"),
        copy.deepcopy(one),
        pickle.loads(pickle.dumps(one)),  # noqa: S301 - our own
    ]
    assert [(type(made), gc.is_tracked(made)) for made in copies] == [(SendResult, True)] * 4
