from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import anyio
import pytest
from anyio.lowlevel import checkpoint
from trio.testing import MockClock

from tests.support.misuse import misuse
from wikipayam_async import (
    APIConnectionError,
    AuthenticationError,
    Delivery,
    DeliveryReport,
    DeliveryStatus,
    InvalidInputError,
    NotFoundError,
    RateLimitError,
    ResponseError,
    ServerError,
    UnprocessableError,
)
from wikipayam_async.services.sms.delivery import FINAL_STATES
from wikipayam_async.services.sms.watch import (
    DeliveryWatch,
    Polling,
    check_final_states,
    check_polling,
    check_wait,
    poll_interval,
)

pytestmark = pytest.mark.anyio

SENT, DELIVERED = DeliveryStatus.SENT, DeliveryStatus.DELIVERED
MOCK_TIME = pytest.mark.parametrize("anyio_backend", [("trio", {"clock": MockClock(autojump_threshold=0)})])


def status(id_: str, word: str) -> Delivery:
    """Return a status."""
    return Delivery(id_, DeliveryStatus(word))


class Gateway:
    """Answers status requests from a script, in virtual time.

    Attributes:
        script: The status words by id for each request, or an exception to raise; the last step repeats.
        asked: The time and the ids of each request.
    """

    def __init__(self, *script: dict[str, str] | Exception) -> None:
        self.script = list(script)
        self.asked: list[tuple[float, tuple[str, ...]]] = []
        self.now = 100.0

    async def query(self, ids: Sequence[str]) -> list[Delivery]:
        """Answer a request."""
        self.asked.append((self.now, tuple(ids)))
        await checkpoint()
        step = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if isinstance(step, Exception):
            raise step
        return [status(id_, word) for id_, word in step.items()]

    async def sleep(self, seconds: float) -> None:
        """Skip the delay."""
        self.now += seconds
        await checkpoint()

    def clock(self) -> float:
        """Return the virtual time."""
        return self.now

    def watch(self, *ids: str, timeout: float = 60, fraction: float = 0.5, **options: Any) -> DeliveryWatch:
        """Return a watch over this gateway."""
        return DeliveryWatch(
            ids,
            self.query,
            timeout=timeout,
            final_states=options.pop("final_states", FINAL_STATES),
            polling=Polling(**options),
            uniform=lambda least, most: least + fraction * (most - least),
            clock=self.clock,
            sleep=self.sleep,
        )

    @property
    def times(self) -> list[float]:
        """Return the times of the requests since the first."""
        return [round(time - 100, 6) for time, _ in self.asked]


class TestArguments:
    """The arguments of a watch."""

    def test_final_states(self) -> None:
        """The final states may be given in any case; the default is `FINAL_STATES`."""
        assert check_final_states(None) is FINAL_STATES
        assert check_final_states(["delivered", "Odd"]) == {"DELIVERED", "Odd"}
        assert check_final_states([]) == frozenset()

    @pytest.mark.parametrize("bad", ["DELIVERED", 7, [7], ["DELIVERED", None]])
    def test_bad_final_states(self, bad: Any) -> None:
        """The error names `final_states` if they are not words."""
        with pytest.raises(InvalidInputError) as caught:
            check_final_states(bad)
        assert caught.value.field == "final_states"

    @pytest.mark.parametrize("bad", [-1, float("nan"), True, "5", None])
    def test_bad_timeouts(self, bad: Any) -> None:
        """A timeout is a number of seconds of 0 or more."""
        with pytest.raises(InvalidInputError) as caught:
            check_wait(bad)
        assert caught.value.field == "timeout"

    def test_polling(self) -> None:
        """The polling intervals have usual values; a number is refused with an example."""
        own = Polling(max_interval=5)
        assert (check_polling(None), check_polling(own)) == (Polling(), own)
        number: Any = 5
        with pytest.raises(InvalidInputError) as caught:
            check_polling(number)
        assert (
            str(caught.value) == "polling: expected a Polling, such as Polling(initial_interval=5); got a number (int)"
        )

    def test_good_timeouts(self) -> None:
        """A timeout may be 0 or infinite."""
        assert (check_wait(0), check_wait(float("inf"))) == (0, float("inf"))


class TestPolling:
    """The polling intervals."""

    @pytest.mark.parametrize(
        ("polling", "expected"),
        [
            (Polling(), [1.0, 1.5, 2.25, 3.375]),
            (Polling(initial_interval=2.0, growth=3.0, max_interval=10.0), [2.0, 6.0, 10.0, 10.0]),
        ],
    )
    def test_intervals_grow(self, polling: Polling, expected: list[float]) -> None:
        """Each interval is longer than the previous one, up to the longest."""
        middle = [poll_interval(polling, asked, lambda least, most: (least + most) / 2) for asked in range(1, 5)]
        assert middle == expected

    def test_jitter(self) -> None:
        """The random share of an interval is symmetric around it."""
        bounds: list[tuple[float, float]] = []

        def uniform(least: float, most: float) -> float:
            bounds.append((least, most))
            return most

        assert poll_interval(Polling(jitter=0.5), 1, uniform) == 1.5
        assert poll_interval(Polling(), 10_000, uniform) == 18.0
        assert bounds == [(0.5, 1.5), (0.8, 1.2)]

    @pytest.mark.parametrize(
        "bad",
        [
            {"initial_interval": 0},
            {"initial_interval": -1},
            {"growth": 0.5},
            {"max_interval": 0},
            {"jitter": -0.1},
            {"jitter": 1.1},
        ],
    )
    def test_bad_settings(self, bad: dict[str, Any]) -> None:
        """Settings that would poll without end, or back in time, are refused."""
        with pytest.raises(ValueError, match=next(iter(bad))):
            Polling(**bad)


class TestWaiting:
    """`wait_for_delivery`: polling to the end."""

    async def test_only_pending_messages_are_polled(self) -> None:
        """Each request has only the ids without a final status, after growing intervals."""
        gateway = Gateway(
            {"a": "WAITING_FOR_UPDATE", "b": "DELIVERED"},
            {"a": "SENT"},
            {"a": "SENT", "c": "FAILED"},
            {"a": "DELIVERED"},
        )
        report = await gateway.watch("a", "b", "c").wait()
        assert [ids for _, ids in gateway.asked] == [("a", "b", "c"), ("a", "c"), ("a", "c"), ("a",)]
        assert gateway.times == [0.0, 1.0, 2.5, 4.75]
        known = (status("a", "DELIVERED"), status("b", "DELIVERED"), status("c", "FAILED"))
        assert report == DeliveryReport(known)
        assert (report.complete, report.delivered, report.failed) == (True, known[:2], known[2:])

    @pytest.mark.parametrize(("fraction", "times"), [(0.0, [0.0, 0.8, 2.0]), (1.0, [0.0, 1.2, 3.0])])
    async def test_intervals_are_random(self, fraction: float, times: list[float]) -> None:
        """The intervals are random within their bounds."""
        gateway = Gateway({}, {}, {"a": "DELIVERED"})
        await gateway.watch("a", fraction=fraction).wait()
        assert gateway.times == times

    async def test_the_timeout(self) -> None:
        """At the timeout the known statuses are returned, and the last request is sent just before it."""
        gateway = Gateway({"a": "SENT", "b": "DELIVERED"}, {"a": "SENT"})
        report = await gateway.watch("a", "b", "c", timeout=10).wait()
        assert list(report) == [status("a", "SENT"), status("b", "DELIVERED")]
        assert (report.pending, report.complete) == (("a", "c"), False)
        assert gateway.times == [0.0, 1.0, 2.5, 4.75, 8.125, 9.0]

    async def test_a_timeout_of_zero(self) -> None:
        """A timeout of 0 sends one request."""
        gateway = Gateway({"a": "SENT"})
        report = await gateway.watch("a", timeout=0).wait()
        assert (report.pending, gateway.times) == (("a",), [0.0])

    async def test_an_infinite_timeout(self) -> None:
        """An infinite timeout polls until all statuses are final."""
        gateway = Gateway(*[{"a": "SENT"}] * 50, {"a": "DELIVERED"})
        report = await gateway.watch("a", timeout=float("inf")).wait()
        assert report.complete
        assert len(gateway.asked) == 51

    async def test_nothing_to_wait_for(self) -> None:
        """Without ids no request is sent."""
        gateway = Gateway({})
        assert await gateway.watch().wait() == DeliveryReport()
        assert gateway.asked == []

    async def test_unknown_words_are_not_final(self) -> None:
        """An unknown word is kept and does not end the polling."""
        gateway = Gateway({"a": "HANDED_OVER"}, {"a": "DELIVERED"})
        watch = gateway.watch("a")
        seen = [str(one.status) async for one in watch]
        assert seen == ["HANDED_OVER", "DELIVERED"]

    async def test_own_final_states(self) -> None:
        """The final states can be replaced, known ones included."""
        gateway = Gateway({"a": "SENT", "b": "HANDED_OVER", "c": "DELIVERED"}, {"c": "ODD"})
        final = check_final_states(["sent", "HANDED_OVER", "ODD"])
        report = await gateway.watch("a", "b", "c", final_states=final).wait()
        assert report.complete
        assert [ids for _, ids in gateway.asked] == [("a", "b", "c"), ("c",)]

    @pytest.mark.parametrize(
        "error",
        [
            APIConnectionError("away"),
            RateLimitError("slow", status_code=429),
            ServerError("no", status_code=500),
            ResponseError("gibberish"),
        ],
    )
    async def test_transient_errors_are_retried(self, error: Exception) -> None:
        """Polling continues while the gateway cannot answer."""
        gateway = Gateway(error, error, {"a": "DELIVERED"})
        report = await gateway.watch("a").wait()
        assert (report.complete, gateway.times) == (True, [0.0, 1.0, 2.5])

    @pytest.mark.parametrize(
        "error", [AuthenticationError("no", status_code=401), NotFoundError("no", status_code=404)]
    )
    async def test_refusals_are_raised(self, error: Exception) -> None:
        """An error that waiting cannot resolve is raised at once, and the report keeps the known statuses."""
        gateway = Gateway({"a": "DELIVERED"}, error)
        watch = gateway.watch("a", "b")
        with pytest.raises(type(error)) as caught:
            await watch.wait()
        assert caught.value is error
        assert watch.report == DeliveryReport((status("a", "DELIVERED"),), ("b",))

    async def test_many_ids_with_an_error_in_one_request(self) -> None:
        """Of many ids, only those whose request had a transient error are requested again."""
        ids = [f"id{index}" for index in range(250)]
        asked: list[str] = []

        async def query(part: Sequence[str]) -> list[Delivery]:
            await checkpoint()
            asked.extend(part)
            if part[0] == "id100" and len(part) == 100 and asked.count("id100") == 1:
                raise ServerError("no", status_code=500)
            return [status(id_, "DELIVERED") for id_ in part]

        watch = Gateway({}).watch(*ids)
        watch._query = query
        report = await watch.wait()
        assert report.complete
        assert sorted(asked) == sorted([*ids, *ids[100:200]])

    async def test_a_refused_id_delays_no_other(self, caplog: pytest.LogCaptureFixture) -> None:
        """An id that the gateway refuses is named once, asked for now and then, and left at the end; others are final."""
        asked: list[tuple[str, ...]] = []

        async def query(ids: Sequence[str]) -> list[Delivery]:
            await checkpoint()
            asked.append(tuple(ids))
            if "bad" in ids:
                raise UnprocessableError("no", status_code=422)
            return [status(id_, "DELIVERED" if len(asked) > 12 or id_ == "c" else "SENT") for id_ in ids]

        watch = Gateway({}).watch("a", "bad", "c", timeout=600)
        watch._query = query
        report = await watch.wait()
        assert (len(report.delivered), report.pending, report.refused) == (2, ("bad",), ("bad",))
        assert [ids for ids in asked if "bad" in ids] == [
            ("a", "bad", "c"),
            ("bad", "c"),
            ("bad",),
            ("a", "bad"),
            ("bad",),
        ]
        assert [one.getMessage() for one in caplog.records] == [
            "sms.watch_delivery: the gateway refuses to look up bad; the other messages are followed"
        ]

    async def test_a_refused_id_that_is_known_later(self) -> None:
        """An id that was refused at first is followed once the gateway knows it."""
        asked = 0

        async def query(ids: Sequence[str]) -> list[Delivery]:
            nonlocal asked
            await checkpoint()
            asked += 1
            if "late" in ids and asked < 8:
                raise NotFoundError("no", status_code=404)
            return [status(id_, "DELIVERED" if asked > 10 else "SENT") for id_ in ids]

        watch = Gateway({}).watch("a", "late", timeout=600)
        watch._query = query
        report = await watch.wait()
        assert (report.complete, len(report.delivered), report.refused) == (True, 2, ())

    @pytest.mark.parametrize("error", [ServerError("no", status_code=500), ResponseError("gibberish")])
    async def test_an_id_that_the_gateway_fails_at(self, error: Exception) -> None:
        """The ids of a request that failed are asked for in smaller ones, so that one id does not hide the others."""
        ids = [f"id{index}" for index in range(250)]

        async def query(part: Sequence[str]) -> list[Delivery]:
            await checkpoint()
            if "id7" in part:
                raise error
            return [status(id_, "DELIVERED") for id_ in part]

        watch = Gateway({}).watch(*ids, timeout=100)
        watch._query = query
        report = await watch.wait()
        assert (len(report.delivered), report.pending) == (249, ("id7",))

    async def test_a_floor_on_the_pace(self) -> None:
        """Whatever the intervals, there are ten polls a second at most."""
        gateway = Gateway({"a": "SENT"})
        await gateway.watch("a", timeout=3, initial_interval=1e-9, max_interval=1e-9, growth=1).wait()
        assert len(gateway.asked) <= 31

    async def test_answers_about_others(self) -> None:
        """Statuses of other ids, and of ids with a final status, change nothing."""
        gateway = Gateway({"a": "DELIVERED", "z": "DELIVERED"}, {"a": "FAILED", "b": "DELIVERED"})
        report = await gateway.watch("a", "b").wait()
        assert list(report) == [status("a", "DELIVERED"), status("b", "DELIVERED")]

    @MOCK_TIME
    async def test_a_request_without_an_answer(self) -> None:
        """A request that is never answered ends at the timeout, not later."""
        begin = anyio.current_time()

        async def query(_: Sequence[str]) -> list[Delivery]:
            await anyio.sleep_forever()
            raise AssertionError

        watch = DeliveryWatch(
            ["a"], query, timeout=30, final_states=FINAL_STATES, polling=Polling(), uniform=lambda least, _: least
        )
        report = await watch.wait()
        assert report.pending == ("a",)
        assert anyio.current_time() - begin == pytest.approx(30)

    @MOCK_TIME
    async def test_a_timeout_of_zero_without_an_answer(self) -> None:
        """With a timeout of 0 the one request gets a moment to be answered, and no more."""
        begin = anyio.current_time()

        async def query(_: Sequence[str]) -> list[Delivery]:
            await anyio.sleep_forever()
            raise AssertionError

        watch = DeliveryWatch(
            ["a"], query, timeout=0, final_states=FINAL_STATES, polling=Polling(), uniform=lambda least, _: least
        )
        assert (await watch.wait()).pending == ("a",)
        assert anyio.current_time() - begin == pytest.approx(1)


class TestWatching:
    """`watch_delivery`: every change."""

    async def test_changes(self) -> None:
        """Every change is yielded once, in order; an unchanged status is not."""
        gateway = Gateway(
            {"a": "SENT", "b": "SENT"},
            {"a": "SENT", "b": "DELIVERED"},
            {"a": "WAITING_FOR_UPDATE"},
            {"a": "FAILED"},
        )
        watch = gateway.watch("a", "b")
        seen = [(one.id, str(one.status)) async for one in watch]
        assert seen == [("a", "SENT"), ("b", "SENT"), ("b", "DELIVERED"), ("a", "WAITING_FOR_UPDATE"), ("a", "FAILED")]
        assert watch.report.complete
        assert [one async for one in watch] == []

    async def test_the_report_meanwhile(self) -> None:
        """The report shows the known statuses, and polling can continue after an early break."""
        gateway = Gateway({"a": "SENT"}, {"a": "DELIVERED"})
        watch = gateway.watch("a")
        assert watch.report == DeliveryReport((), ("a",))
        async for _ in watch:
            break
        assert watch.report == DeliveryReport((status("a", "SENT"),), ("a",))
        assert (await watch.wait()).complete

    async def test_later_answers_update_other_fields(self) -> None:
        """A repeated status is not a change, but its other fields are updated."""
        answers = [
            [Delivery("a", SENT)],
            [Delivery("a", SENT, extra={"operator": "x"})],
            [Delivery("a", DELIVERED)],
        ]
        known: list[Any] = []
        gateway = Gateway({})

        async def query(_: Sequence[str]) -> list[Delivery]:
            await checkpoint()
            known.append(watch.report)
            return answers.pop(0)

        watch = gateway.watch("a")
        watch._query = query
        assert [one.status async for one in watch] == [SENT, DELIVERED]
        assert known[2]["a"].extra == {"operator": "x"}

    @pytest.mark.parametrize("keyword", ["with", "for", "await"])
    async def test_plain_keywords(self, keyword: str) -> None:
        """A plain `with`, a plain `for` and `await` raise a `TypeError` that says what to write."""
        watch: Any = Gateway({}).watch("a")
        with pytest.raises(TypeError) as caught:
            await misuse(watch, keyword)
        assert str(caught.value) == (
            "deliveries are iterated with async for: async for delivery in client.sms.watch_delivery(ids): ...; "
            "to wait for the end, write await client.sms.wait_for_delivery(ids)"
        )
