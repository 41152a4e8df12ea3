"""The unstoppable promise: a loop that reads goes on, hands nothing over twice, and never turns without a pause."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable
from itertools import pairwise

import anyio
import pytest
from anyio.abc import ByteStream

from tests.support.inbox_gateway import BAD_ROWS, InboxGateway, consume_for, message_row, until
from tests.support.raw import RawRequest, answer, raw_gateway
from wikipayam_async import (
    APIStatusError,
    AsyncWikipayam,
    AuthenticationError,
    PermissionDeniedError,
    ReceivedMessage,
    ResponseError,
    ServerError,
    WikipayamError,
)

pytestmark = pytest.mark.anyio

COUNTS = {"marked_count": 0, "requested_count": 1}

Mark = Callable[[list[str]], bytes | None]


def refusing(bad: str, status: int) -> Mark:
    """Return a marking that answers a status to every request that names one id."""
    return lambda ids: answer({"message": "no"}, status) if bad in ids else None


class Handler:
    """Notes the ids that it is called with."""

    def __init__(self) -> None:
        self.ids: list[str] = []

    def __call__(self, message: ReceivedMessage) -> None:
        """Note an id."""
        self.ids.append(message.id)


class TestMarking:
    """Marking that does not work: nothing is handed over twice, and nothing is requested without a pause."""

    @pytest.mark.parametrize(
        "reply",
        [
            answer({"data": COUNTS}),
            answer({"data": {"marked_count": "0"}}),
            answer({"data": []}),
            answer("", 204),
            answer("", 202),
            answer("<html>"),
            answer("", 301, {"Location": "http://127.0.0.1:1/"}),
            answer({"message": "no"}, 404),
            answer({"message": "no"}, 405),
            answer({"message": "no"}, 407),
            answer({"message": "no"}, 422),
            answer({"message": "no"}, 409),
            answer({"message": "no"}, 500),
            answer({"message": "no"}, 503),
            answer({"message": "no"}, 429, {"Retry-After": "0"}),
        ],
        ids=lambda reply: reply.split(b"\r\n")[0].decode() + repr(reply[-20:]),
    )
    @pytest.mark.parametrize(("poll_interval", "seconds"), [(1e-9, 20), (5.0, 600)])
    async def test_marking_that_does_nothing(
        self, reply: bytes, poll_interval: float, seconds: float, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Each message is handled once, is marked again after growing pauses, and the log has a line or two about it."""
        inbox, handler = InboxGateway(mark=lambda _: reply), Handler()
        inbox.put("a", "b")
        async with inbox.client() as client:
            consumer = await consume_for(client, handler, seconds, poll_interval=poll_interval)
        assert handler.ids == ["a", "b"]
        assert 2 < len(inbox.marks) < 50
        assert len(inbox.polls) <= 2 * seconds / max(poll_interval, 0.1) + 20
        assert sorted(consumer.handled.unmarked) == ["a", "b"]
        assert consumer.handled.is_stuck
        assert 1 <= len([one for one in caplog.records if one.levelno == logging.WARNING]) <= 6

    @pytest.mark.parametrize("polls", [1, 3, 20])
    async def test_marking_that_takes_effect_later(self, polls: int) -> None:
        """A message that is listed for some polls after it was marked is handled once, and is not stuck for ever."""
        inbox, handler = InboxGateway(), Handler()
        asked: Counter[str] = Counter()

        def mark(ids: list[str]) -> bytes:
            asked.update(ids)
            return answer({"data": {"marked_count": len(ids)}})

        def poll(*_: int) -> None:
            if len(inbox.polls) > 3 + polls:
                inbox.read([*asked])

        inbox.mark, inbox.poll = mark, poll
        inbox.put("a", "b", "c")
        async with inbox.client() as client:
            consumer = await consume_for(client, handler, 60)
        assert (handler.ids, inbox.rows) == (["a", "b", "c"], {})
        assert max(asked.values()) <= 7
        assert consumer.handled.parked == ()

    @pytest.mark.parametrize("status", [400, 404, 409, 410, 413, 422, 500])
    @pytest.mark.parametrize("concurrency", [1, 5])
    async def test_one_refused_id(self, status: int, concurrency: int, caplog: pytest.LogCaptureFixture) -> None:
        """One id that cannot be marked is handled once and named; all others are handled and marked, later ones too."""
        inbox, handler = InboxGateway(mark=refusing("bad", status)), Handler()
        inbox.put("a", "bad", "b", "c", "d")

        async def handle(message: ReceivedMessage) -> None:
            await anyio.lowlevel.checkpoint()
            handler(message)
            if message.id == "d":
                inbox.put("late")

        async with inbox.client() as client:
            consumer = await consume_for(client, handle, 100, concurrency=concurrency)
        assert sorted(handler.ids) == ["a", "b", "bad", "c", "d", "late"]
        assert [*inbox.rows] == ["bad"]
        assert consumer.handled.unmarked == ("bad",)
        assert consumer.handled.parked == (() if status == 500 else ("bad",))
        assert len([ids for ids in inbox.marks if "bad" in ids]) < 12
        assert "bad" in caplog.text

    async def test_a_refused_id_that_is_gone(self) -> None:
        """An id that was deleted meanwhile, so that marking it is refused, is no concern any more."""
        inbox, handler = InboxGateway(), Handler()

        def mark(ids: list[str]) -> bytes | None:
            if "bad" in ids:
                inbox.read(["bad"])
                return answer({"message": "Receive not found."}, 404)
            return None

        inbox.mark = mark
        inbox.put("a", "bad", "b")
        async with inbox.client() as client:
            consumer = await consume_for(client, handler, 20)
        assert (handler.ids, consumer.handled.unmarked) == (["a", "bad", "b"], ())
        assert not consumer.handled.is_stuck

    @pytest.mark.parametrize(("status", "kind"), [(401, AuthenticationError), (403, PermissionDeniedError)])
    async def test_a_refused_account(self, status: int, kind: type[WikipayamError]) -> None:
        """401 and 403 are about the account: they end `consume`, and a later `consume` of the client repeats nothing."""
        inbox, handler = InboxGateway(mark=lambda _: answer({}, status)), Handler()
        inbox.put("a", "b")
        async with inbox.client() as client:
            for _ in range(3):
                with pytest.raises(kind):
                    await client.receives.consume(handler)
            inbox.mark = None
            await consume_for(client.with_options(timeout=3), handler, 5)
        assert (handler.ids, inbox.rows) == (["a", "b"], {})

    async def test_ids_as_numbers_and_strings(self) -> None:
        """An id that is a number on one page and a string on another is one message."""
        inbox, handler = InboxGateway(mark=lambda _: answer({"data": COUNTS})), Handler()
        inbox.rows = {"7": message_row(7)}

        def poll(*_: int) -> None:
            inbox.rows["7"] = message_row("7" if len(inbox.polls) % 2 else 7)

        inbox.poll = poll
        async with inbox.client() as client:
            await consume_for(client, handler, 60)
        assert handler.ids == ["7"]

    async def test_two_consumers_of_one_client(self) -> None:
        """Two consumers of one client, and of its `with_options`, share what was handled: nothing is handled twice."""
        inbox, handler = InboxGateway(), Handler()
        inbox.put(*[f"id{index}" for index in range(40)])

        async def handle(message: ReceivedMessage) -> None:
            await anyio.sleep(0.001)
            handler(message)

        async with inbox.client() as client, anyio.create_task_group() as group:
            group.start_soon(client.receives.consume, handle)
            group.start_soon(client.with_options(timeout=3).receives.consume, handle)
            await until(lambda: not inbox.rows)
            group.cancel_scope.cancel()
        assert sorted(handler.ids) == sorted({*handler.ids})

    async def test_messages_left_unmarked_at_the_end(self, caplog: pytest.LogCaptureFixture) -> None:
        """A consumer that ends while messages are not marked names them: another process would handle them again."""
        inbox, handler = InboxGateway(mark=lambda _: answer({}, 500)), Handler()
        inbox.put("a")
        async with inbox.client() as client:
            await consume_for(client, handler, 5)
        assert caplog.records[-1].getMessage() == (
            "receives.consume: stopped while 1 handled messages are not marked as read: a. Another process will handle "
            "them again"
        )


class TestReading:
    """Rows that cannot be read: the others are handed over, and the bad one is named by its offset."""

    @pytest.mark.parametrize("bad", BAD_ROWS)
    @pytest.mark.parametrize(("before", "after"), [(0, 0), (0, 1), (1, 0), (3, 2), (40, 500), (520, 3)])
    async def test_one_bad_row(self, bad: str, before: int, after: int, caplog: pytest.LogCaptureFixture) -> None:
        """Every other message is handled once; the log names the offset and no text, once."""
        inbox, handler = InboxGateway(), Handler()
        good = [f"id{index}" for index in range(before + after)]
        inbox.put(*good[:before])
        inbox.rows["bad"] = BAD_ROWS[bad]
        inbox.put(*good[before:])
        async with inbox.client() as client:
            consumer = await consume_for(client, handler, 30, concurrency=20)
        assert (sorted(handler.ids), [*inbox.rows]) == (sorted(good), ["bad"])
        assert consumer.unreadable == (0,)
        warnings = [one.getMessage() for one in caplog.records if "cannot be read" in one.getMessage()]
        assert len(warnings) == 1
        assert f"(offset {before % 500}: " in warnings[0]  # the first 500 are marked before the page with the bad row
        assert "secret" not in caplog.text

    @pytest.mark.parametrize("row", [b"null", b"7", b'"text"', b"[]", b"{}", b'{"sender": "1"}', b'{"message": "hi"}'])
    async def test_rows_that_are_no_messages(self, row: bytes, caplog: pytest.LogCaptureFixture) -> None:
        """A row that is null, a number or has no id is named by its offset, and the others are handled."""
        inbox, handler = InboxGateway(), Handler()
        inbox.put("a")
        inbox.rows["bad"] = row
        inbox.put("b")
        async with inbox.client() as client:
            consumer = await consume_for(client, handler, 30)
        assert (handler.ids, [*inbox.rows], consumer.unreadable) == (["a", "b"], ["bad"], (0,))
        (warning,) = [one.getMessage() for one in caplog.records if one.levelno == logging.WARNING]
        assert warning.startswith("receives.consume: 1 of the unread messages cannot be read or handled (offset 1: ")

    @pytest.mark.parametrize("bad", BAD_ROWS)
    async def test_many_bad_rows(self, bad: str) -> None:
        """Bad rows in any places, many in a row too, hide no message, whether it comes at the front or at the end."""
        inbox, handler = InboxGateway(), Handler()
        for index in range(60):
            inbox.put(f"id{index}") if index % 7 == 3 or 20 < index < 24 else inbox.rows.update(
                {f"bad{index}": BAD_ROWS[bad]}
            )
        good = [id_ for id_ in inbox.rows if id_.startswith("id")]

        def poll(*_: int) -> None:
            if len(inbox.polls) == 200:
                inbox.put("last")
            if len(inbox.polls) == 240:
                inbox.rows = {"first": message_row("first"), **inbox.rows}

        inbox.poll = poll
        async with inbox.client() as client:
            await consume_for(client, handler, 300)
        assert sorted(handler.ids) == sorted([*good, "first", "last"])

    async def test_a_bad_row_is_tried_again(self) -> None:
        """A bad row is requested again after pauses that grow to a minute, and is handed over once it can be read."""
        inbox, handler = InboxGateway(), Handler()
        inbox.rows["bad"] = BAD_ROWS["500"]
        async with inbox.client() as client:
            await consume_for(client, handler, 600)
            tried = len([one for one in inbox.polls if one[1] == 0])
            assert 10 <= tried <= 30
            inbox.rows["bad"] = message_row("bad")
            consumer = await consume_for(client, handler, 10)
        assert (handler.ids, consumer.unreadable) == (["bad"], ())

    async def test_a_gateway_that_fails_altogether(self) -> None:
        """If every request fails, no row is blamed, and the pauses grow as for any failure."""
        inbox, handler = InboxGateway(poll=lambda *_: answer({"message": "Server Error"}, 500)), Handler()
        inbox.put("a")
        async with inbox.client() as client:
            consumer = await consume_for(client, handler, 300)
        assert (handler.ids, consumer.unreadable) == ([], ())
        assert len(inbox.polls) <= 22

    @pytest.mark.parametrize("status", [408, 421, 425])
    async def test_a_proxy_that_has_no_time_for_a_poll(self, status: int) -> None:
        """What the gateway has not looked at is asked for again, as after a 503."""
        inbox, handler, refusals = InboxGateway(), Handler(), [status, status]
        inbox.poll = lambda *_: answer({"message": "later"}, refusals.pop()) if refusals else None
        inbox.put("a")
        async with inbox.client() as client:
            await consume_for(client, handler, 60)
        assert (handler.ids, inbox.rows, refusals) == (["a"], {}, [])

    async def test_a_failing_handler_and_a_bad_row(self) -> None:
        """A message whose handler raises, before a bad row, moves neither out of sight."""
        inbox = InboxGateway()
        inbox.put("fails")
        inbox.rows["bad"] = BAD_ROWS["no JSON"]
        inbox.put("b")
        seen: list[str] = []

        def handle(message: ReceivedMessage) -> None:
            seen.append(message.id)
            if message.id == "fails" and len(seen) < 4:
                raise ValueError

        async with inbox.client() as client:
            await consume_for(client, handle, 120)
        assert (sorted(seen), [*inbox.rows]) == (["b", "fails", "fails", "fails"], ["bad"])


class TestIterating:
    """`receives.iter` and `receives.iter_unread`: the error says where, and the iteration goes on behind it."""

    @pytest.mark.parametrize("name", ["iter", "iter_unread"])
    @pytest.mark.parametrize("bad", BAD_ROWS)
    @pytest.mark.parametrize("page_size", [1, 2, 100])
    async def test_bad_rows(self, name: str, bad: str, page_size: int) -> None:
        """Everything before a bad row is yielded, then its offset is raised, then everything behind it is yielded."""
        inbox = InboxGateway()
        inbox.put("a", "b")
        inbox.rows |= {"bad1": BAD_ROWS[bad], "bad2": BAD_ROWS[bad]}
        inbox.put("c", *[f"id{index}" for index in range(5)])
        inbox.rows["bad3"] = BAD_ROWS[bad]
        seen: list[str | int | None] = []
        errors: list[ResponseError | ServerError] = []
        async with inbox.client() as client:
            messages = getattr(client.receives, name)(page_size=page_size)
            while True:
                try:
                    seen.append((await anext(messages)).id)
                except (ResponseError, ServerError) as error:
                    seen.append(error.offset)
                    errors.append(error)
                except StopAsyncIteration:
                    break
        assert [type(error) for error in errors] == [ServerError if bad == "500" else ResponseError] * 3
        assert "only the message at offset 3 is affected" in str(errors[1])
        assert "secret" not in "".join(map(str, errors))
        assert seen == ["a", "b", 2, 3, "c", *[f"id{index}" for index in range(5)], 10]

    async def test_a_gateway_that_fails_altogether(self) -> None:
        """If every request fails, the error has no offset, and the next step requests the same page again."""
        inbox = InboxGateway(poll=lambda *_: answer({}, 500))
        inbox.put("a")
        async with inbox.client() as client:
            messages = client.receives.iter()
            for _ in range(3):
                with pytest.raises(ServerError) as caught:
                    await anext(messages)
                assert caught.value.offset is None
            inbox.poll = None
            assert [message.id async for message in messages] == ["a"]

    @pytest.mark.parametrize("page_size", [1, 3, 100])
    async def test_rows_that_are_no_messages(self, page_size: int, caplog: pytest.LogCaptureFixture) -> None:
        """Rows that are null or a number are skipped with a warning, also if a whole page consists of them."""
        inbox = InboxGateway()
        inbox.put("a")
        inbox.rows |= {f"null{index}": b"null" for index in range(7)} | {"number": b"7"}
        inbox.put("b")
        async with inbox.client() as client:
            assert [message.id async for message in client.receives.iter(page_size=page_size)] == ["a", "b"]
        assert "receives.iter: skipped" in caplog.text

    async def test_a_gateway_that_fails_in_the_middle(self) -> None:
        """If the gateway fails altogether while a bad row is searched, the iteration does not run away."""
        inbox = InboxGateway()
        inbox.put(*[f"id{index}" for index in range(30)])
        inbox.rows["bad"] = BAD_ROWS["500"]
        inbox.poll = lambda *_: answer({}, 500) if len(inbox.polls) > 4 else None
        async with inbox.client() as client:
            messages = client.receives.iter_unread(page_size=50)
            offsets: list[int | None] = []
            for _ in range(40):
                try:
                    await anext(messages)
                except ServerError as error:
                    offsets.append(error.offset)
        assert {*offsets} == {None}


class TestPace:
    """No loop turns without a pause."""

    @pytest.mark.parametrize("poll_interval", [1e-300, 0.001])
    @pytest.mark.parametrize("case", ["empty", "full of handled messages", "failing handler", "refused marking"])
    async def test_no_hot_loop(self, case: str, poll_interval: float) -> None:
        """Whatever fails, and however short the interval, an inbox without news is polled ten times a second at most."""
        inbox = InboxGateway()
        if case != "empty":
            inbox.put(*[f"id{index}" for index in range(600)])
        if case == "full of handled messages":
            inbox.mark = lambda _: answer({"data": COUNTS})
        if case == "refused marking":
            inbox.mark = lambda _: answer({}, 422)
        calls = 0

        def handle(_: ReceivedMessage) -> None:
            nonlocal calls
            calls += 1
            if case == "failing handler":
                raise ValueError

        async with inbox.client() as client:
            await consume_for(client, handle, 2, poll_interval=poll_interval, concurrency=100, on_error=lambda *_: None)
        # After messages were handled, the next poll follows at once; each is handled six times at most in this time.
        turns = 2 / 0.1 + 6
        assert len(inbox.polls) <= 3 * turns
        assert calls <= (600 * 6 if case == "failing handler" else 600)
        assert len(inbox.marks) <= 600 * 6

    async def test_retry_after_on_polls(self) -> None:
        """A poll is not repeated before the time that the gateway asks for."""
        times: list[float] = []
        inbox = InboxGateway()
        async with inbox.client() as client:
            clock_free = anyio.current_time()

            def poll(*_: int) -> bytes:
                times.append(anyio.current_time() - clock_free)
                return answer({}, 429, {"Retry-After": "200"})

            inbox.poll = poll
            await consume_for(client, print, 1000)
        assert len(times) <= 6
        assert all(later >= sooner for sooner, later in pairwise(times))


class TestWorker:
    """`client.receives.worker`: `healthy` and `health` tell what is wrong."""

    async def test_a_healthy_worker(self) -> None:
        """A worker is healthy from the first answered poll until it is stopped."""
        inbox, handler = InboxGateway(), Handler()
        inbox.put("a")
        async with inbox.client() as client:
            worker = client.receives.worker(handler, poll_interval=0.1)
            assert not worker.healthy
            async with worker:
                await until(lambda: not inbox.rows)
                assert worker.healthy
            assert not worker.healthy

    async def test_a_wrong_token(self) -> None:
        """A worker whose token is refused is not healthy, and is healthy again as soon as a poll is answered."""
        inbox = InboxGateway(poll=lambda *_: answer({}, 401))
        async with inbox.client() as client, client.receives.worker(print, poll_interval=0.1) as worker:
            await until(lambda: worker.health.restarts > 0)
            assert (worker.healthy, worker.health.last_error) == (False, "AuthenticationError")
            inbox.poll = None
            await until(lambda: worker.healthy)

    @pytest.mark.parametrize(
        ("mark", "row", "unmarked", "parked", "unreadable"),
        [
            (refusing("a", 422), b"", ("a",), ("a",), ()),
            (lambda _: answer({"data": COUNTS}), b"", ("a",), (), ()),
            (None, BAD_ROWS["lone surrogate"], (), (), (0,)),
            (None, BAD_ROWS["500"], (), (), (0,)),
            (None, b"null", (), (), (0,)),
        ],
    )
    async def test_what_is_stuck(
        self, mark: Mark | None, row: bytes, unmarked: object, parked: object, unreadable: object
    ) -> None:
        """A refused, an unmarked and an unreadable message are in `health`; the worker is not healthy, and goes on."""
        inbox, handler = InboxGateway(mark=mark), Handler()
        inbox.put("a")
        if row:
            inbox.rows["bad"] = row
        async with inbox.client() as client, client.receives.worker(handler, poll_interval=0.02) as worker:
            await until(lambda: bool(worker.health.handled) and not worker.healthy)
            health = worker.health
            assert (health.unmarked, health.parked, health.unreadable) == (unmarked, parked, unreadable)
            assert "text" not in repr(worker)
            inbox.mark = None
            inbox.rows = {}
            if not parked and not unmarked:
                await until(lambda: worker.healthy)
        assert handler.ids == ["a"]

    @pytest.mark.parametrize("failure", [KeyError(), ServerError("mine", status_code=500)])
    async def test_on_error_that_raises_delays_no_other(self, failure: Exception) -> None:
        """An `on_error` that raises for every message does not keep the other messages of the page from being handled."""
        inbox, handler = InboxGateway(), Handler()
        inbox.put(*[f"bad{index}" for index in range(50)], "good")

        def handle(message: ReceivedMessage) -> None:
            if message.id != "good":
                raise ValueError
            handler(message)

        def on_error(*_: object) -> None:
            raise failure

        async with (
            inbox.client() as client,
            client.receives.worker(handle, poll_interval=0.1, on_error=on_error) as worker,
        ):
            await until(lambda: handler.ids == ["good"], seconds=2)
            await until(lambda: worker.health.last_error == type(failure).__name__)


class TestDelivery:
    """`sms.delivery_status`, `wait_for_delivery` and `watch_delivery`: one refused id hides no other."""

    @pytest.mark.parametrize("status", [400, 404, 422])
    async def test_one_refused_id(self, status: int) -> None:
        """The others are reported; the refused id is pending and named; if all are refused, the error is raised."""

        async def handle(request: RawRequest, _: ByteStream) -> bytes:
            ids = request.json["id"]
            if "bad" in ids:
                return answer({"message": "no"}, status)
            return answer({"data": [{"id": id_, "deliver_status": "DELIVERED"} for id_ in ids]})

        async with raw_gateway(handle) as gateway, AsyncWikipayam("t", base_url=gateway.url) as client:
            once = await client.sms.delivery_status(["a", "bad", "b"])
            waited = await client.sms.wait_for_delivery(["a", "bad", "b"], timeout=10)
            changes = [delivery.id async for delivery in client.sms.watch_delivery(["a", "bad", "b"], timeout=10)]
            with pytest.raises(APIStatusError):
                await client.sms.wait_for_delivery("bad")
        assert once == waited
        assert (len(once.delivered), once.pending, once.refused) == (2, ("bad",), ("bad",))
        assert changes == ["a", "b"]
