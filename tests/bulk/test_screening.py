import functools
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
from wikipayam_async.optout import OptOutList

ALI, SARA, REZA = "09123456789", "09350000000", "09210000000"
UNKNOWN = "not sent: whether the receiver opted out is not known; "


def reasons(screen: Screen, *messages: tuple[str, str]) -> list[str | None]:
    """Check messages with a screen that needs no waiting; say why each is held back."""
    found = [screen.check(receiver, text) for receiver, text in messages]
    assert [one for one in found if isinstance(one, Awaitable)] == []
    return [one.reason if isinstance(one, SuppressedError) else None for one in found]


async def verdict_of(screen: Screen, receiver: str, text: str = "hi") -> ScreenResult:
    """Check a message the way a bulk send does, waiting only if there is something to wait for."""
    found = screen.check(receiver, text)
    return await found if isinstance(found, Awaitable) else found


def test_without_rules_everything_goes_out() -> None:
    """A screen of nothing holds nothing back."""
    assert reasons(Screen(), (ALI, "a"), (ALI, "a")) == [None, None]


def test_one_message_for_each_receiver() -> None:
    """The first goes out, whatever the later ones say; in another spelling it is the same receiver."""
    messages = [(ALI, "a"), (SARA, "a"), (ALI, "b"), ("+98 912 345 6789", "c"), (SARA, "a")]
    found = reasons(Screen(dedupe="receiver"), *messages)
    assert found == [None, None, "duplicate", "duplicate", "duplicate"]


def test_one_message_for_each_receiver_and_text() -> None:
    """Another text to the same receiver goes out; texts are compared to the letter."""
    messages = [(ALI, "a"), (ALI, "b"), (SARA, "a"), (ALI, "a "), (ALI, "a"), ("9123456789", "b")]
    found = reasons(Screen(dedupe="receiver_and_text"), *messages)
    assert found == [None, None, None, None, "duplicate", "duplicate"]


@pytest.mark.parametrize("dedupe", ["receiver", "receiver_and_text"])
def test_receivers_of_other_kinds(dedupe: Dedupe) -> None:
    """What is no Iranian mobile is compared as it is written."""
    messages = [("+49 30 1234", "a"), ("+49301234", "a"), ("+49 30 1234", "a")]
    assert reasons(Screen(dedupe=dedupe), *messages) == [None, None, "duplicate"]


def test_every_run_begins_anew() -> None:
    """What one screen has seen, another has not."""
    assert [reasons(Screen(dedupe="receiver"), (ALI, "a")) for _ in range(2)] == [[None], [None]]


RECEIVERS = st.sampled_from([ALI, SARA, REZA, "+49 30 1234"])


@given(st.lists(st.tuples(RECEIVERS, st.sampled_from("ab")), max_size=30))
def test_what_goes_out_is_each_first_one(messages: list[tuple[str, str]]) -> None:
    """What goes out has no repetitions, leaves no receiver out, and keeps its order."""
    by_receiver, by_text = Screen(dedupe="receiver"), Screen(dedupe="receiver_and_text")
    receivers = [receiver for receiver, text in messages if by_receiver.check(receiver, text) is None]
    pairs = [(receiver, text) for receiver, text in messages if by_text.check(receiver, text) is None]
    assert receivers == list(dict.fromkeys(receiver for receiver, _ in messages))
    assert pairs == list(dict.fromkeys(messages))


def test_numbers_that_opted_out() -> None:
    """A list of numbers, in any spelling, is kept as it is when the run begins."""
    numbers = {"+98 912 345 6789"}
    screen = Screen(opt_out=numbers)
    numbers.clear()
    assert reasons(screen, (ALI, "a"), (SARA, "a"), ("989123456789", "a")) == ["opted_out", None, "opted_out"]


def test_a_list_that_changes_on_the_way() -> None:
    """An `OptOutList` is looked at again for each message."""
    numbers = OptOutList()
    screen = Screen(opt_out=numbers)
    assert reasons(screen, (ALI, "a")) == [None]
    numbers.add(ALI)
    assert reasons(screen, (ALI, "b")) == ["opted_out"]


@pytest.mark.parametrize("kind", [str, Path])
def test_a_file_of_numbers(tmp_path: Path, kind: Callable[[Path], Any]) -> None:
    """Its path is enough."""
    path = tmp_path / "opted-out.txt"
    path.write_text("# asked us\n0912 345 6789\n", "utf-8")
    assert reasons(Screen(opt_out=kind(path)), (ALI, "a"), (SARA, "a")) == ["opted_out", None]


def test_a_receiver_that_no_list_can_hold() -> None:
    """Whoever is written so that a list cannot be searched for him gets nothing: he may be on it."""
    found = Screen(opt_out=[ALI]).check(f"{ALI};{SARA}", "a")
    assert (str(found), reasons(Screen(opt_out=[]), ("+49 30 1234", "a"))) == (
        UNKNOWN + "the list holds Iranian mobiles alone",
        ["opt_out_unknown"],
    )


def test_who_opted_out_does_not_count_as_a_first_one() -> None:
    """The reason stays the opt-out, and the first that may go out is the first."""
    numbers = OptOutList([ALI])
    screen = Screen(dedupe="receiver", opt_out=numbers)
    assert reasons(screen, (ALI, "a"), (ALI, "b")) == ["opted_out", "opted_out"]
    numbers.discard(ALI)
    assert reasons(screen, (ALI, "c"), (ALI, "d")) == [None, "duplicate"]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
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
def test_bad_rules(arguments: dict[str, Any], complaint: str) -> None:
    """A rule that makes no sense is refused before anything is sent, and no number is quoted."""
    with pytest.raises(InvalidInputError) as caught:
        Screen(**arguments)
    assert str(caught.value) == complaint


@pytest.mark.parametrize(("dedupe", "reason"), [("receiver", "duplicate"), (None, "opted_out")])
def test_why_a_message_was_held_back(dedupe: Dedupe | None, reason: str) -> None:
    """The error says so in words, without number and text."""
    screen = Screen(dedupe=dedupe, opt_out=None if dedupe else [ALI])
    found = [screen.check(ALI, "SECRET") for _ in range(2)][1]
    assert isinstance(found, SuppressedError)
    assert (found.reason, str(found)) == (
        reason,
        {
            "duplicate": "not sent: the same came before in this run",
            "opted_out": "not sent: the receiver opted out",
        }[reason],
    )


class Ask:
    """A predicate that answers as it was told, and notes whom it was asked about."""

    def __init__(self, answer: object) -> None:
        self.answer = answer
        self.asked: list[str] = []

    def __call__(self, number: str) -> Any:
        """Answer, or raise."""
        self.asked.append(number)
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer


class AskLater(Ask):
    """The same, but async, and in no way that its type would tell."""

    def __call__(self, number: str) -> Any:
        """Return what is to be awaited."""
        return self._answer(number)

    async def _answer(self, number: str) -> Any:
        await checkpoint()
        return super().__call__(number)


PREDICATES = pytest.mark.parametrize("kind", [Ask, AskLater])


@PREDICATES
@pytest.mark.anyio
@pytest.mark.parametrize(("answer", "reason"), [(True, "opted_out"), (1, "opted_out"), (False, None), (0, None)])
async def test_a_predicate(kind: type[Ask], answer: object, reason: str | None) -> None:
    """It is asked about every number, in the one form, and a bool or a database's 0 or 1 decides."""
    predicate = kind(answer)
    found = await verdict_of(Screen(opt_out=predicate), "+98 912 345 6789")
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
async def test_a_predicate_that_does_not_answer(kind: type[Ask], answer: object, why: str) -> None:
    """Nobody who may have opted out gets a message; the error says what happened and quotes nothing."""
    found = await verdict_of(Screen(dedupe="receiver", opt_out=kind(answer)), ALI)
    assert found is not None
    assert (found.reason, str(found), found.__cause__, found.__context__) == (
        "opt_out_unknown",
        UNKNOWN + why,
        None,
        None,
    )


@PREDICATES
@pytest.mark.anyio
async def test_a_message_that_was_held_back_is_no_first_one(kind: type[Ask]) -> None:
    """If the predicate fails for one message, the next to the same receiver is asked about anew."""
    predicate = kind(OSError())
    screen = Screen(dedupe="receiver", opt_out=predicate)
    first = await verdict_of(screen, ALI)
    predicate.answer = False
    others = [await verdict_of(screen, ALI) for _ in range(2)]
    assert [one and one.reason for one in (first, *others)] == ["opt_out_unknown", None, "duplicate"]
    assert predicate.asked == [ALI, ALI]  # and nobody is asked about a duplicate


@pytest.mark.anyio
async def test_an_async_function_and_a_partial_of_one() -> None:
    """Every way to write an async predicate is awaited."""

    async def ask(number: str, out: str = ALI) -> bool:
        await checkpoint()
        return number == out

    for predicate, held_back in ((ask, ALI), (functools.partial(ask, out=SARA), SARA), (lambda one: ask(one), ALI)):  # noqa: PLW0108
        screen = Screen(opt_out=predicate)
        found = [await verdict_of(screen, number) for number in (ALI, SARA)]
        assert [one is not None for one in found] == [number == held_back for number in (ALI, SARA)]


@pytest.mark.anyio
async def test_two_at_once() -> None:
    """Of two equal messages that wait for their answers at the same time, one goes out."""
    screen = Screen(dedupe="receiver", opt_out=AskLater(answer=False))
    found: list[ScreenResult] = []

    async def check() -> None:
        found.append(await verdict_of(screen, ALI))

    async with anyio.create_task_group() as group:
        group.start_soon(check)
        group.start_soon(check)
    assert sorted(one.reason if one else "" for one in found) == ["", "duplicate"]


@pytest.mark.anyio
async def test_a_cancelled_predicate() -> None:
    """A cancellation is no answer: it goes through, and the message may be checked again."""
    never = anyio.Event()

    async def ask(_: str) -> bool:
        await never.wait()
        return False

    screen = Screen(dedupe="receiver", opt_out=ask)
    with anyio.CancelScope() as scope:
        scope.cancel()
        await verdict_of(screen, ALI)
    never.set()
    assert (scope.cancelled_caught, await verdict_of(screen, ALI)) == (True, None)
