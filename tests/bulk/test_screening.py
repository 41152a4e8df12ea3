import functools
import gc
import tracemalloc
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import anyio
import pytest
from anyio.lowlevel import checkpoint
from hypothesis import given
from hypothesis import strategies as st

from wikipayam_async.bulk.screening import Dedupe, Screen, ScreenResult
from wikipayam_async.errors import InvalidInputError, SuppressedError
from wikipayam_async.messages.columns import MessageColumn
from wikipayam_async.messages.payload_columns import prepare_messages
from wikipayam_async.messages.track_ids import TrackIds
from wikipayam_async.optout import OptOutList

ALI, SARA, REZA = "09123456789", "09350000000", "09210000000"
UNKNOWN = "not sent: it is unknown whether the receiver opted out; "


def reasons(screen: Screen, *messages: tuple[str, str]) -> list[str | None]:
    """Check messages with a screen that never waits; return the reason why each is held back."""
    found = [screen.check(receiver, text) for receiver, text in messages]
    assert [one for one in found if isinstance(one, Awaitable)] == []
    return [one.reason if isinstance(one, SuppressedError) else None for one in found]


async def result_of(screen: Screen, receiver: str, text: str = "hi") -> ScreenResult:
    """Check a message as a bulk send does, waiting only for an awaitable."""
    found = screen.check(receiver, text)
    return await found if isinstance(found, Awaitable) else found


def test_without_options_nothing_is_held_back() -> None:
    """A screen without options sends duplicates too."""
    assert reasons(Screen(), (ALI, "a"), (ALI, "a")) == [None, None]


def test_one_message_for_each_receiver() -> None:
    """The first message is sent, the later ones are not; a number in another format is the same receiver."""
    messages = [(ALI, "a"), (SARA, "a"), (ALI, "b"), ("+98 912 345 6789", "c"), (SARA, "a")]
    found = reasons(Screen(dedupe="receiver"), *messages)
    assert found == [None, None, "duplicate", "duplicate", "duplicate"]


def test_one_message_for_each_receiver_and_text() -> None:
    """Another text to the same receiver is sent; texts are compared exactly."""
    messages = [(ALI, "a"), (ALI, "b"), (SARA, "a"), (ALI, "a "), (ALI, "a"), ("9123456789", "b")]
    found = reasons(Screen(dedupe="receiver_and_text"), *messages)
    assert found == [None, None, None, None, "duplicate", "duplicate"]


@pytest.mark.parametrize("dedupe", ["receiver", "receiver_and_text"])
def test_receivers_of_other_kinds(dedupe: Dedupe) -> None:
    """Receivers that are not Iranian mobiles are compared as they are written."""
    messages = [("+49 30 1234", "a"), ("+49301234", "a"), ("+49 30 1234", "a")]
    assert reasons(Screen(dedupe=dedupe), *messages) == [None, None, "duplicate"]


def test_screens_are_independent() -> None:
    """A screen does not know the messages of another."""
    assert [reasons(Screen(dedupe="receiver"), (ALI, "a")) for _ in range(2)] == [[None], [None]]


RECEIVERS = st.sampled_from([ALI, SARA, REZA, "+49 30 1234"])


@given(st.lists(st.tuples(RECEIVERS, st.sampled_from("ab")), max_size=30))
def test_the_first_of_equal_messages_is_sent(messages: list[tuple[str, str]]) -> None:
    """The messages sent have no repetitions, include every receiver, and keep their order."""
    by_receiver, by_text = Screen(dedupe="receiver"), Screen(dedupe="receiver_and_text")
    receivers = [receiver for receiver, text in messages if by_receiver.check(receiver, text) is None]
    pairs = [(receiver, text) for receiver, text in messages if by_text.check(receiver, text) is None]
    assert receivers == list(dict.fromkeys(receiver for receiver, _ in messages))
    assert pairs == list(dict.fromkeys(messages))


def test_numbers_that_opted_out() -> None:
    """Numbers, in any format, are copied when the run begins."""
    numbers = {"+98 912 345 6789"}
    screen = Screen(opt_out=numbers)
    numbers.clear()
    assert reasons(screen, (ALI, "a"), (SARA, "a"), ("989123456789", "a")) == ["opted_out", None, "opted_out"]


def test_a_list_that_changes_during_the_run() -> None:
    """An `OptOutList` is consulted for each message."""
    numbers = OptOutList()
    screen = Screen(opt_out=numbers)
    assert reasons(screen, (ALI, "a")) == [None]
    numbers.add(ALI)
    assert reasons(screen, (ALI, "b")) == ["opted_out"]


@pytest.mark.parametrize("kind", [str, Path])
def test_a_file_of_numbers(tmp_path: Path, kind: Callable[[Path], Any]) -> None:
    """The opt-outs can be given as the path of a file."""
    path = tmp_path / "opted-out.txt"
    path.write_text("# asked us\n0912 345 6789\n", "utf-8")
    assert reasons(Screen(opt_out=kind(path)), (ALI, "a"), (SARA, "a")) == ["opted_out", None]


def test_a_receiver_that_is_not_an_iranian_mobile() -> None:
    """A receiver that a list cannot hold gets no message: it may have opted out."""
    found = Screen(opt_out=[ALI]).check(f"{ALI};{SARA}", "a")
    assert (str(found), reasons(Screen(opt_out=[]), ("+49 30 1234", "a"))) == (
        UNKNOWN + "the list holds only Iranian mobiles",
        ["opt_out_unknown"],
    )


def test_an_opt_out_does_not_count_as_the_first_message() -> None:
    """The reason stays the opt-out, and the next message that may be sent counts as the first."""
    numbers = OptOutList([ALI])
    screen = Screen(dedupe="receiver", opt_out=numbers)
    assert reasons(screen, (ALI, "a"), (ALI, "b")) == ["opted_out", "opted_out"]
    numbers.discard(ALI)
    assert reasons(screen, (ALI, "c"), (ALI, "d")) == [None, "duplicate"]


def test_an_opt_out_after_the_first_message_is_the_reason() -> None:
    """The list is consulted before duplicates are: who was written to and then opted out has opted out."""
    numbers = OptOutList()
    screen = Screen(dedupe="receiver", opt_out=numbers)
    assert reasons(screen, (ALI, "a"), (ALI, "b")) == [None, "duplicate"]
    numbers.add(ALI)
    assert reasons(screen, (ALI, "c")) == ["opted_out"]


@pytest.mark.parametrize("dedupe", ["receiver", "receiver_and_text"])
def test_a_predicate_is_asked_once_for_duplicates(dedupe: Dedupe) -> None:
    """A duplicate is held back as one, and the predicate, which may be a database, is not asked again."""
    predicate = Predicate(answer=False)
    screen = Screen(dedupe=dedupe, opt_out=predicate)
    assert reasons(screen, (ALI, "a"), (ALI, "a"), (SARA, "a"), (ALI, "a")) == [None, "duplicate", None, "duplicate"]
    predicate.answer = True
    assert reasons(screen, (SARA, "a"), (REZA, "a"), (REZA, "a")) == ["duplicate", "opted_out", "opted_out"]
    assert predicate.asked == [ALI, SARA, REZA, REZA]


def test_a_text_that_is_not_valid_unicode_is_compared_too() -> None:
    """A screen does not fail on a lone surrogate."""
    messages = [("\ud800", "a"), (ALI, "\udc00"), (ALI, "\udc00"), ("\ud800", "a")]
    assert reasons(Screen(dedupe="receiver_and_text"), *messages) == [None, None, "duplicate", "duplicate"]


@pytest.mark.parametrize(("dedupe", "most"), [(None, 1), ("receiver", 90), ("receiver_and_text", 110)])
def test_the_memory_of_a_screen(dedupe: Dedupe | None, most: int) -> None:
    """A screen takes no more bytes per message than its documentation says."""
    messages = [f"09{number:09}" for number in range(10_000)]
    screen = Screen(dedupe=dedupe)
    gc.collect()
    tracemalloc.start()
    try:
        for receiver in messages:
            screen.check(receiver, "a text")
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert taken / len(messages) <= most


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (
            {"dedupe": "text"},
            "dedupe: expected 'receiver' or 'receiver_and_text'; got a string of 4 characters with letters",
        ),
        ({"dedupe": True}, "dedupe: expected 'receiver' or 'receiver_and_text'; got True"),
        (
            {"opt_out": 5},
            "opt_out: expected an OptOutList, numbers, the path of a file, or a predicate; got a number (int)",
        ),
        (
            {"opt_out": b"09123456789"},
            "opt_out: expected an OptOutList, numbers, the path of a file, or a predicate; got an object of type bytes",
        ),
        (
            {"opt_out": [ALI, "x"]},
            "opt_out[1]: expected an Iranian mobile number such as 09123456789; got a string of 1 characters with letters",
        ),
        ({"opt_out": ALI}, "opt_out: expected a readable text file in UTF-8; got FileNotFoundError"),
    ],
)
def test_invalid_options(arguments: dict[str, Any], text: str) -> None:
    """An invalid option raises before anything is sent, and the error quotes no number."""
    with pytest.raises(InvalidInputError) as caught:
        Screen(**arguments)
    assert str(caught.value) == text


@pytest.mark.parametrize(("dedupe", "reason"), [("receiver", "duplicate"), (None, "opted_out")])
def test_the_reason_is_an_error_text(dedupe: Dedupe | None, reason: str) -> None:
    """The error states the reason, without number and text."""
    screen = Screen(dedupe=dedupe, opt_out=None if dedupe else [ALI])
    found = [screen.check(ALI, "SECRET") for _ in range(2)][1]
    assert isinstance(found, SuppressedError)
    assert (found.reason, str(found)) == (
        reason,
        {
            "duplicate": "not sent: a duplicate of an earlier message in this run",
            "opted_out": "not sent: the receiver opted out",
        }[reason],
    )


class Predicate:
    """A predicate that returns a fixed answer and records the numbers."""

    def __init__(self, answer: object) -> None:
        self.answer = answer
        self.asked: list[str] = []

    def __call__(self, number: str) -> Any:
        """Return the answer or raise it."""
        self.asked.append(number)
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer


class AsyncPredicate(Predicate):
    """The same, but it returns an awaitable without being an async function."""

    def __call__(self, number: str) -> Any:
        """Return an awaitable."""
        return self._answer(number)

    async def _answer(self, number: str) -> Any:
        await checkpoint()
        return super().__call__(number)


PREDICATES = pytest.mark.parametrize("kind", [Predicate, AsyncPredicate])


@PREDICATES
@pytest.mark.anyio
@pytest.mark.parametrize(("answer", "reason"), [(True, "opted_out"), (1, "opted_out"), (False, None), (0, None)])
async def test_a_predicate(kind: type[Predicate], answer: object, reason: str | None) -> None:
    """It gets the number in the form `09…`, and its bool, or 0 or 1, decides."""
    predicate = kind(answer)
    found = await result_of(Screen(opt_out=predicate), "+98 912 345 6789")
    assert (found and found.reason, predicate.asked) == (reason, [ALI])


@PREDICATES
@pytest.mark.anyio
@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (KeyError(ALI), "the check raised KeyError"),
        (TimeoutError(), "the check raised TimeoutError"),
        (None, "the check returned None instead of a bool"),
        ("no", "the check returned a string of 2 characters with letters instead of a bool"),
        ([], "the check returned an object of type list instead of a bool"),
    ],
)
async def test_a_predicate_that_fails(kind: type[Predicate], answer: object, why: str) -> None:
    """The message is held back; the error states what happened and quotes no number."""
    found = await result_of(Screen(dedupe="receiver", opt_out=kind(answer)), ALI)
    assert found is not None
    assert (found.reason, str(found), found.__cause__, found.__context__) == (
        "opt_out_unknown",
        UNKNOWN + why,
        None,
        None,
    )


@PREDICATES
@pytest.mark.anyio
async def test_a_failed_check_does_not_count_as_the_first_message(kind: type[Predicate]) -> None:
    """If the predicate fails for one message, it is called again for the next to the same receiver."""
    predicate = kind(OSError())
    screen = Screen(dedupe="receiver", opt_out=predicate)
    first = await result_of(screen, ALI)
    predicate.answer = False
    others = [await result_of(screen, ALI) for _ in range(2)]
    assert [one and one.reason for one in (first, *others)] == ["opt_out_unknown", None, "duplicate"]
    assert predicate.asked == [ALI, ALI]  # but not for a duplicate


@pytest.mark.anyio
async def test_an_async_function_and_a_partial_of_one() -> None:
    """Every kind of async predicate is awaited."""

    async def ask(number: str, out: str = ALI) -> bool:
        await checkpoint()
        return number == out

    for predicate, held_back in ((ask, ALI), (functools.partial(ask, out=SARA), SARA), (lambda one: ask(one), ALI)):  # noqa: PLW0108
        screen = Screen(opt_out=predicate)
        found = [await result_of(screen, number) for number in (ALI, SARA)]
        assert [one is not None for one in found] == [number == held_back for number in (ALI, SARA)]


@pytest.mark.anyio
async def test_two_equal_messages_at_once() -> None:
    """Of two equal messages that are checked at the same time, one is sent."""
    screen = Screen(dedupe="receiver", opt_out=AsyncPredicate(answer=False))
    found: list[ScreenResult] = []

    async def check() -> None:
        found.append(await result_of(screen, ALI))

    async with anyio.create_task_group() as group:
        group.start_soon(check)
        group.start_soon(check)
    assert sorted(one.reason if one else "" for one in found) == ["", "duplicate"]


@pytest.mark.anyio
async def test_a_cancelled_predicate() -> None:
    """A cancellation is passed on, and the message may be checked again."""
    never = anyio.Event()

    async def ask(_: str) -> bool:
        await never.wait()
        return False

    screen = Screen(dedupe="receiver", opt_out=ask)
    with anyio.CancelScope() as scope:
        scope.cancel()
        await result_of(screen, ALI)
    never.set()
    assert (scope.cancelled_caught, await result_of(screen, ALI)) == (True, None)


def test_a_column_of_other_spellings_is_checked_one_by_one() -> None:
    """Of numbers that are sent as they were written, the screen does not know at once whether they are the same."""
    column = MessageColumn(["+98 912 345 6789"], ["x"])
    payloads, _ = prepare_messages(column, sender="1", track_ids=TrackIds(), normalize=False)
    assert not Screen(dedupe="receiver").admits_all(payloads)
