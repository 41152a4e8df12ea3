from __future__ import annotations

import enum
import gc
import pickle
import re
import tracemalloc
import weakref
from collections.abc import Iterator
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from wikipayam_async.cost import CostEstimate, CostShare, CostTally, Tariff, estimate, estimate_text
from wikipayam_async.errors import ConfigurationError, InvalidInputError
from wikipayam_async.messages import SmsMessage
from wikipayam_async.messages.payload import prepare_sms
from wikipayam_async.messages.track_ids import TrackIds
from wikipayam_async.text import Encoding

RECEIVER = "09123456789"
GSM7, UCS2 = Encoding.GSM7, Encoding.UCS2
TARIFF = Tariff(persian=895, latin=1790, lines={"3000": Tariff(persian=500, latin=700)})


class Line(enum.StrEnum):
    """Lines, as a caller may define them."""

    MAIN = "30001234"


class Trap(str):
    """A text whose own code raises."""

    __slots__ = ()

    def __len__(self) -> int:
        raise ZeroDivisionError

    def isascii(self) -> bool:
        """Raise."""
        raise ZeroDivisionError


def sms(*texts: Any, sender: str | None = None) -> list[SmsMessage]:
    """Return a message for each text."""
    return [SmsMessage(RECEIVER, text, sender=sender) for text in texts]


def test_nothing_costs_nothing() -> None:
    """Without messages every number is 0, and both encodings are present."""
    found = estimate([], TARIFF)
    assert found == CostEstimate(0, 0, 0, "IRR", {}, {GSM7: CostShare(), UCS2: CostShare()}, {}, 0)
    assert found.first_skipped is None


def test_totals_and_splits() -> None:
    """Messages, parts and rials are totalled, and split by number of parts, by encoding and by line."""
    messages = [
        *sms("hello", "سلام", "x" * 160),  # 1 part each
        *sms("س" * 71, "x" * 161, "x" * 306),  # 2 parts each
        *sms("س" * 135),  # 3 parts
        *sms("سلام", "x" * 161, sender="30001234"),
    ]
    assert estimate(messages, TARIFF, sender="10002000") == CostEstimate(
        messages=9,
        parts=4 + 8 + 3,
        cost=(1790 + 895 + 1790) + (2 * 895 + 2 * 1790 + 2 * 1790) + 3 * 895 + (500 + 2 * 700),
        currency="IRR",
        by_parts={1: 4, 2: 4, 3: 1},
        by_encoding={
            GSM7: CostShare(5, 8, 1790 + 1790 + 2 * 1790 + 2 * 1790 + 2 * 700),
            UCS2: CostShare(4, 7, 895 + 2 * 895 + 3 * 895 + 500),
        },
        by_line={
            "10002000": CostShare(7, 12, 1790 * 6 + 895 * 6),
            "30001234": CostShare(2, 3, 500 + 2 * 700),
        },
        skipped=0,
    )


def test_by_parts_is_in_order() -> None:
    """`by_parts` is sorted, for any order of messages."""
    assert list(estimate(sms("x" * 400, "x", "x" * 200), TARIFF).by_parts.items()) == [(1, 1), (2, 1), (3, 1)]


@pytest.mark.parametrize(
    ("own", "given", "line", "cost"),
    [
        (None, None, None, 895),
        (None, "30001234", "30001234", 500),
        ("30001234", None, "30001234", 500),
        ("10002000", "30001234", "10002000", 895),
        ("", "30001234", "30001234", 500),
        (Line.MAIN, None, "30001234", 500),
        ("+98 3000 1234", None, "+9830001234", 500),
    ],
)
def test_the_line_of_a_message(own: str | None, given: str | None, line: str | None, cost: int) -> None:
    """A message's line precedes the default; without either it has the tariff's own price and its own share."""
    found = estimate(sms("سلام", sender=own), TARIFF, sender=given)
    assert found.by_line == {line: CostShare(1, 1, cost)}


def test_a_note_costs_what_a_message_costs() -> None:
    """A text in `note` costs the same as in `message`."""
    note = estimate([SmsMessage(RECEIVER, note="x" * 161)], TARIFF)
    assert note == estimate(sms("x" * 161), TARIFF)
    assert note.parts == 2


NOT_EMPTY = "expected a text that is not empty"
NO_MOBILE = "expected an Iranian mobile number such as 09123456789, but it is"
SHORT = "expected a string of 1 to {} characters without control characters"


@pytest.mark.parametrize(
    ("bad", "error"),
    [
        (SmsMessage(RECEIVER, ""), f"message: {NOT_EMPTY}; got a string of 0 characters"),
        (SmsMessage(RECEIVER), f"message: {NOT_EMPTY}; got None"),
        (SmsMessage(RECEIVER, "\ud83d"), "message: expected valid Unicode; got a lone surrogate"),
        (SmsMessage(RECEIVER, 7), f"message: {NOT_EMPTY}; got a number (int)"),  # type: ignore[arg-type]
        (SmsMessage(RECEIVER, note=""), f"note: {NOT_EMPTY}; got a string of 0 characters"),
        (SmsMessage(RECEIVER, note="س\udc00"), "note: expected valid Unicode; got a lone surrogate"),
        (SmsMessage(RECEIVER, "a", note="b"), "note: pass either message or note; got both"),
        (
            SmsMessage("02112345678", "a"),
            f"receiver: {NO_MOBILE} a landline; got a string of 11 characters with digits",
        ),
        (SmsMessage(None, "a"), f"receiver: {NO_MOBILE} not a string; got None"),  # type: ignore[arg-type]
        (
            SmsMessage(RECEIVER, "a", sender=" "),
            f"sender: {SHORT.format(64)}; got a string of 1 characters with spaces",
        ),
        (SmsMessage(RECEIVER, "a", sender=[7]), f"sender: {SHORT.format(64)}; got an object of type list"),  # type: ignore[arg-type]
        (SmsMessage(RECEIVER, "a", track_id=""), f"track_id: {SHORT.format(255)}; got a string of 0 characters"),
        (
            SmsMessage(RECEIVER, "a", track_id="x" * 256),
            f"track_id: {SHORT.format(255)}; got a string of 256 characters with letters",
        ),
        (
            SmsMessage(RECEIVER, Trap("a")),
            (
                "message: expected a message that can be read; reading it raised ZeroDivisionError; "
                "got an object of type SmsMessage"
            ),
        ),
        ({"receiver": RECEIVER, "message": "a"}, "message: expected an SmsMessage; got an object of type dict"),
        (None, "message: expected an SmsMessage; got None"),
    ],
)
def test_an_invalid_message_is_skipped(bad: Any, error: str) -> None:
    """An invalid message costs nothing and changes no share; of several errors the first is kept, with its index."""
    other = SmsMessage(RECEIVER, "a", track_id="\n")
    found = estimate([*sms("a"), bad, other, *sms("سلام", sender="30001234"), bad], TARIFF)
    valid = estimate([*sms("a"), *sms("سلام", sender="30001234")], TARIFF)
    assert found == evolve(valid, skipped=3)
    assert (valid.cost, valid.by_line) == (1790 + 500, {None: CostShare(1, 1, 1790), "30001234": CostShare(1, 1, 500)})
    assert str(found.first_skipped) == f"messages[1].{error}"


def test_a_message_whose_own_code_raises_is_skipped() -> None:
    """The error names the type of the exception that the message's own code raised."""
    found = estimate(sms(Trap("a")), TARIFF)
    assert "reading it raised ZeroDivisionError" in str(found.first_skipped)


def test_a_base_exception_is_raised() -> None:
    """A `BaseException`, such as a keyboard interrupt, is raised."""

    class Stopped(str):
        __slots__ = ()

        def isascii(self) -> bool:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        estimate(sms(Stopped("a")), TARIFF)


def test_a_source_that_raises() -> None:
    """An exception of the iterable is raised unchanged."""

    def source() -> Iterator[SmsMessage]:
        yield SmsMessage(RECEIVER, "a")
        raise LookupError

    with pytest.raises(LookupError):
        estimate(source(), TARIFF)


def test_any_receiver_counts_without_validation() -> None:
    """With `validate=False` any receiver that can be sent is counted."""
    messages = [SmsMessage("+14155550100", "a"), SmsMessage("", "a")]
    assert estimate(messages, TARIFF).skipped == 2
    found = estimate(messages, TARIFF, validate=False)
    assert (found.messages, found.skipped) == (1, 1)
    tally = CostTally(TARIFF)
    tally.add(messages[0])
    assert tally.estimate().skipped == 1


TEXTS = st.none() | st.text(max_size=80) | st.sampled_from(["", "a\ud800", "سلام", "€" * 90, "😀" * 40])
NUMBERS = st.sampled_from([RECEIVER, "+98 912 345 6789", "۰۹۱۲۳۴۵۶۷۸۹", "110", "", "0912345678"])
MESSAGES = st.builds(
    SmsMessage,
    NUMBERS,
    TEXTS,
    sender=st.sampled_from([None, "", "3000", " ", "1" * 65]),
    track_id=st.sampled_from([None, "", "t-1", "\n", "x" * 256]),
    note=st.none() | st.none() | TEXTS,
)


@given(st.lists(MESSAGES, max_size=8), st.booleans(), st.booleans())
def test_counted_is_what_would_be_sent(messages: list[SmsMessage], normalize: bool, validate: bool) -> None:
    """The skipped messages are those that a send refuses, with the same first error."""
    refused = []
    for index, message in enumerate(messages):
        try:
            prepare_sms(message, sender="1000", track_ids=TrackIds(), normalize=normalize, validate=validate)
        except InvalidInputError as error:
            refused.append(error.within(f"messages[{index}]."))
    found = estimate(messages, TARIFF, sender="1000", normalize=normalize, validate=validate)
    assert (found.messages, found.skipped) == (len(messages) - len(refused), len(refused))
    assert str(found.first_skipped) == str(next(iter(refused), None))


@given(st.lists(MESSAGES, max_size=8))
def test_the_splits_add_up(messages: list[SmsMessage]) -> None:
    """Each split adds up to the totals."""
    found = estimate(messages, TARIFF)
    total = CostShare(found.messages, found.parts, found.cost)
    assert sum(found.by_line.values(), CostShare()) == total
    assert sum(found.by_encoding.values(), CostShare()) == total
    assert sum(found.by_parts.values()) == found.messages
    assert sum(parts * count for parts, count in found.by_parts.items()) == found.parts
    assert found.messages + found.skipped == len(messages)


MESSAGES_RULE = "messages: expected an iterable of SmsMessage; client.estimate takes async ones"
TARIFF_RULE = "tariff: expected a Tariff such as Tariff(persian=895, latin=1790)"
TEXT_RULE = "text: expected a text that is not empty"
RECEIVERS_RULE = "receivers: expected a whole number of at least 1"


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"messages": None}, f"{MESSAGES_RULE}; got None"),
        ({"messages": "text"}, f"{MESSAGES_RULE}; got a string of 4 characters with letters"),
        ({"messages": b"text"}, f"{MESSAGES_RULE}; got an object of type bytes"),
        ({"messages": SmsMessage(RECEIVER, "a")}, f"{MESSAGES_RULE}; got an object of type SmsMessage"),
        ({"tariff": 895}, f"{TARIFF_RULE}; got a number (int)"),
        ({"tariff": None}, f"{TARIFF_RULE}; got None"),
        ({"sender": ""}, f"sender: {SHORT.format(64)}; got a string of 0 characters"),
        ({"sender": 1000}, f"sender: {SHORT.format(64)}; got a number (int)"),
    ],
)
def test_a_wrong_argument(arguments: dict[str, Any], error: str) -> None:
    """The error names the argument, before a message is read."""
    messages = iter(sms("a"))
    with pytest.raises(InvalidInputError) as caught:
        estimate(**{"messages": messages, "tariff": TARIFF, **arguments})
    assert str(caught.value) == error
    assert len(list(messages)) == 1


def test_an_async_iterable_is_for_the_client() -> None:
    """The error says that `client.estimate` takes async iterables."""

    class Rows:
        def __aiter__(self) -> Any:
            raise AssertionError("read")

    with pytest.raises(InvalidInputError, match=re.escape("client.estimate takes async ones")):
        estimate(Rows(), TARIFF)  # type: ignore[arg-type]


def test_a_tally_counts_step_by_step() -> None:
    """Each estimate of a tally covers the messages counted so far."""
    tally = CostTally(TARIFF, sender="30001234")
    costs = []
    for message in sms("سلام", "سلام", "hello", "", "سلام"):
        tally.add(message)
        costs.append(tally.estimate().cost)
    assert costs == [500, 1000, 1700, 1700, 2200]


def test_one_text_for_all_is_not_mistaken_for_another() -> None:
    """A text object used again, with others in between, is counted correctly each time."""
    long, short = "س" * 71, "hello"
    messages = [*sms(long, long, short, short, long), SmsMessage(RECEIVER), *sms(short)]
    found = estimate(messages, Tariff(persian=10, latin=1))
    assert (found.by_parts, found.cost, found.skipped) == ({1: 3, 2: 3}, 63, 1)


def test_messages_are_not_kept() -> None:
    """Of a stream, only the current message and the next one are held."""
    alive: weakref.WeakSet[SmsMessage] = weakref.WeakSet()
    most = 0

    class Counted(SmsMessage, frozen=True, weakref=True):
        __hash__ = object.__hash__

    def source() -> Iterator[SmsMessage]:
        nonlocal most
        for number in range(2000):
            message = Counted(RECEIVER, f"m{number}")
            alive.add(message)
            most = max(most, len(alive))
            yield message

    assert estimate(source(), TARIFF).messages == 2000
    assert 1 <= most <= 2


def test_memory_does_not_grow_with_the_number_of_messages() -> None:
    """Ten thousand different texts of some megabytes in total take less than a hundred kilobytes."""

    def source() -> Iterator[SmsMessage]:
        for number in range(10_000):
            yield SmsMessage(RECEIVER, f"{number:0300}", track_id=f"t{number}")

    estimate(source(), TARIFF)  # whatever is made once is made by now
    gc.collect()
    tracemalloc.start()
    try:
        found = estimate(source(), TARIFF)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (found.messages, found.parts) == (10_000, 20_000)
    assert peak < 100_000


def test_one_text_to_many() -> None:
    """The estimate of one text equals that of as many messages with it."""
    for text in ("سلام", "x" * 161):
        found = estimate_text(text, TARIFF, receivers=3, sender="30001234")
        assert found == estimate(sms(*[text] * 3), TARIFF, sender="30001234")
    assert estimate_text("سلام", TARIFF) == estimate(sms("سلام"), TARIFF)
    assert estimate_text("سلام", TARIFF, receivers=1_000_000).cost == 895_000_000


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"text": ""}, f"{TEXT_RULE}; got a string of 0 characters"),
        ({"text": None}, f"{TEXT_RULE}; got None"),
        ({"text": "secret\ud800"}, "text: expected valid Unicode; got a lone surrogate"),
        ({"tariff": 895}, f"{TARIFF_RULE}; got a number (int)"),
        ({"receivers": 0}, f"{RECEIVERS_RULE}; got 0"),
        ({"receivers": 1.0}, f"{RECEIVERS_RULE}; got a number (float)"),
        ({"receivers": True}, f"{RECEIVERS_RULE}; got True"),
        ({"sender": " "}, f"sender: {SHORT.format(64)}; got a string of 1 characters with spaces"),
    ],
)
def test_one_text_and_a_wrong_argument(arguments: dict[str, Any], error: str) -> None:
    """In `estimate_text` an invalid text raises an error like any invalid argument."""
    with pytest.raises(InvalidInputError) as caught:
        estimate_text(**{"text": "a", "tariff": TARIFF, **arguments})
    assert str(caught.value) == error


def test_the_summary() -> None:
    """The summary is one line with the totals, and with the skipped messages if any."""
    assert estimate(sms("سلام", "س" * 71), TARIFF).summary() == "2 messages, 3 parts, 2,685 rials"
    assert estimate(sms("سلام", ""), TARIFF).summary() == (
        "1 messages, 1 parts, 895 rials; 1 skipped "
        "(messages[1].message: expected a text that is not empty; got a string of 0 characters)"
    )


def test_an_estimate_is_plain_data() -> None:
    """An estimate can be hashed, pickled and printed, and its repr contains no text and no receiver."""
    found = estimate([*sms("a secret"), SmsMessage("0777777", "another secret")], TARIFF, sender="10002000")
    again = pickle.loads(pickle.dumps(found))  # noqa: S301 - our own
    assert (again, hash(again), again.first_skipped.field) == (found, hash(found), "messages[1].receiver")
    assert "secret" not in repr(found)
    assert "0777777" not in repr(found)


def test_the_line_may_be_missing() -> None:
    """Messages without a line, which a send refuses, are estimated."""
    (message,) = sms("سلام")
    with pytest.raises(ConfigurationError):
        prepare_sms(message, sender=None, track_ids=TrackIds(), normalize=True)
    assert estimate([message], TARIFF).cost == 895


def test_the_operator_of_the_receiver_decides_about_the_price() -> None:
    """A tariff with prices by operator charges each receiver its own; one without counts all alike."""
    tariff = Tariff(persian=900, operators={"Irancell": Tariff(persian=99)})
    receivers = ("09301234567", "+98 930 123 4567", "09121234567", "09441234567")
    messages = [SmsMessage(one, "سلام") for one in receivers]
    assert estimate(messages, tariff, validate=False).cost == 2 * 99 + 2 * 900
    assert estimate(messages, Tariff(persian=900), validate=False).cost == 4 * 900


def test_the_footer_is_counted() -> None:
    """Every text has it, so a text may take one more part."""
    tariff, text = Tariff(persian=100), "س" * 70
    messages = [SmsMessage("09121234567", text), SmsMessage("09121234567", note="سلام"), SmsMessage("09121234567", "")]
    found = estimate(messages, tariff, footer="لغو۱۱")
    assert (found.cost, found.parts, found.skipped) == (300, 3, 1)
    assert estimate_text(text, tariff, footer="لغو۱۱").cost == 200
    assert estimate_text(text, tariff).cost == 100
