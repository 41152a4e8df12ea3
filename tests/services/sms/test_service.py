from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

import anyio
import pytest
from anyio.abc import ByteStream

from tests.support.raw import RawRequest, accept_all, answer, raw_gateway
from wikipayam_async import (
    AsyncWikipayam,
    BadRequestError,
    ConfigurationError,
    InvalidInputError,
    LegacyInbox,
    ReceivedMessage,
    ResponseError,
    SentMessage,
    SmsMessage,
    UnknownOutcomeError,
    UnprocessableError,
)
from wikipayam_async.cost import Tariff
from wikipayam_async.emulator import DEFAULT_TOKEN, Emulator, EmulatorTransport, Fault

pytestmark = pytest.mark.anyio

RECEIVER = "09123456789"
ID = "69e5eeab439260d336015405"


async def take_all(request: RawRequest, _: ByteStream) -> bytes:
    """Accept everything."""
    return accept_all(request)


def emulated(**options: Any) -> tuple[AsyncWikipayam, Emulator]:
    """Return an emulator and its client."""
    emulator = Emulator()
    given: dict[str, Any] = {"sender": "10002000"} | options
    return AsyncWikipayam(DEFAULT_TOKEN, transport=EmulatorTransport(emulator), **given), emulator


async def sent_as(
    *messages: SmsMessage, normalize: bool = True, validate: bool = True, **options: Any
) -> list[dict[str, Any]]:
    """Send messages in one request; return the items that the gateway received."""
    given: dict[str, Any] = {"sender": "10002000"} | options
    async with raw_gateway(take_all) as gateway, AsyncWikipayam("t", base_url=gateway.url, **given) as client:
        await client.sms.send_many(messages, normalize=normalize, validate=validate)
    items: list[dict[str, Any]] = gateway.requests[0].json
    return items


class TestSend:
    """`sms.send`: one message."""

    async def test_the_documented_call(self) -> None:
        """The request is the documented array of one, and the documented answer is read."""

        async def handler(_: RawRequest, __: ByteStream) -> bytes:
            item = {"id": ID, "sender": "100010000", "receiver": RECEIVER, "track_id": "TRACK_001"}
            return answer({"data": [item]})

        async with (
            raw_gateway(handler) as gateway,
            AsyncWikipayam("secret", sender="10002000", base_url=gateway.url) as client,
        ):
            sent = await client.sms.send(RECEIVER, "hello", track_id="TRACK_001")
        (request,) = gateway.requests
        assert (request.method, request.target) == ("POST", "/api/v1/sms/send")
        assert request.body == (
            b'[{"sender":"10002000","receiver":"09123456789","message":"hello","track_id":"TRACK_001"}]'
        )
        names = ("authorization", "accept", "accept-encoding", "content-type", "content-length")
        assert [request.headers.get(name) for name in names] == [
            "Bearer secret",
            "application/json",
            "identity",
            "application/json",
            str(len(request.body)),
        ]
        assert sent == SentMessage(ID, "100010000", RECEIVER, "TRACK_001")

    async def test_a_track_id_is_generated(self) -> None:
        """A message without a track id gets a unique one, and the result has it."""
        client, emulator = emulated()
        async with client:
            sents = [await client.sms.send(RECEIVER, "m") for _ in range(3)]
        assert [sent.track_id for sent in sents] == emulator.accepted_track_ids()
        assert len(set(emulator.accepted_track_ids())) == 3
        assert [sent.id for sent in sents] == [entry.id for entry in emulator.ledger]

    async def test_another_line(self) -> None:
        """The message's line precedes the client's."""
        client, emulator = emulated()
        async with client:
            await client.sms.send(RECEIVER, "m", sender="100010000")
            await client.sms.send(RECEIVER, "m")
        assert [entry.sender for entry in emulator.ledger] == ["100010000", "10002000"]

    @pytest.mark.parametrize(
        "text",
        [
            "سلام، کد تخفیف شما: ۱۲۳۴۵ ",
            "می\u200cخواهم",
            "👩‍👩‍👧‍👦 🇮🇷",
            "  spaces at both ends  ",
            "line\r\nline\ttab",
            'quotes " and \\ and </script>',
            "\x00 control \x7f",
            "٠١٢٣ ي ك",
            "x" * 5000,
        ],
    )
    async def test_texts_are_unchanged(self, text: str) -> None:
        """Any text arrives unchanged."""
        assert (await sent_as(SmsMessage(RECEIVER, text)))[0]["message"] == text

    @pytest.mark.parametrize(
        "spelling",
        [
            "09123456789",
            "9123456789",
            "989123456789",
            "+989123456789",
            "00989123456789",
            "0912 345 6789",
            "0912-345-67-89",
            "۰۹۱۲۳۴۵۶۷۸۹",
            "٠٩١٢٣٤٥٦٧٨٩",
            " +98 (912) 345.6789\u200c",
        ],
    )
    async def test_formats_of_a_receiver(self, spelling: str) -> None:
        """A receiver in any common format is sent in the documented one."""
        assert (await sent_as(SmsMessage(spelling, "m")))[0]["receiver"] == "09123456789"

    async def test_a_receiver_is_not_normalized(self) -> None:
        """With `normalize=False` a mobile is sent in the given spelling; another number is still refused."""
        client, emulator = emulated()
        async with client:
            await client.sms.send("+989123456789", "m", normalize=False)
            with pytest.raises(InvalidInputError, match=r"^messages\[0\]\.receiver: expected an Iranian mobile number"):
                await client.sms.send_many([SmsMessage(" 1-800 ", "m")], normalize=False)
        assert [entry.receiver for entry in emulator.ledger] == ["+989123456789"]

    @pytest.mark.parametrize(("normalize", "receiver"), [(True, "09123456789"), (False, "+98 912 345 6789")])
    async def test_a_receiver_is_not_validated(self, normalize: bool, receiver: str) -> None:
        """With `validate=False` any receiver is sent; a mobile is normalized unless `normalize` is False too."""
        messages = [SmsMessage(" 1-800 ", "m"), SmsMessage("+98 912 345 6789", "m")]
        items = await sent_as(*messages, normalize=normalize, validate=False)
        assert [item["receiver"] for item in items] == [" 1-800 ", receiver]

    async def test_a_message(self) -> None:
        """An `SmsMessage` is sent with its own text, line and track id."""
        client, emulator = emulated()
        async with client:
            sent = await client.sms.send(SmsMessage("+989123456789", "hi", sender="100010000", track_id="T"))
            await client.sms.send(SmsMessage(RECEIVER, note="a note"))
        first, second = emulator.ledger
        assert (first.id, first.receiver, first.message, first.sender, first.track_id) == (
            sent.id,
            RECEIVER,
            "hi",
            "100010000",
            "T",
        )
        assert (second.message, second.sender) == ("a note", "10002000")

    @pytest.mark.parametrize("field", ["message", "sender", "track_id"])
    async def test_a_message_and_a_field_of_its_own(self, field: str) -> None:
        """An `SmsMessage` with a separate field is refused, without the message's text in the trace."""
        client, emulator = emulated()
        given: dict[str, Any] = {field: "a separate value"}
        async with client:
            with pytest.raises(InvalidInputError) as caught:
                await client.sms.send(SmsMessage(RECEIVER, "the text"), **given)
        assert str(caught.value) == (
            f"{field}: expected none beside an SmsMessage, which has its own; "
            "got a string of 16 characters with letters, spaces"
        )
        assert emulator.requests == 0

    @pytest.mark.parametrize(
        ("arguments", "field"),
        [
            ({"receiver": "0998877665"}, "receiver"),
            ({"receiver": ""}, "receiver"),
            ({"receiver": None}, "receiver"),
            ({"receiver": 9988776655}, "receiver"),
            ({"receiver": "x\ny", "validate": False}, "receiver"),
            ({"receiver": "1" * 65, "validate": False, "normalize": False}, "receiver"),
            ({"receiver": "1800", "normalize": False}, "receiver"),
            ({"message": ""}, "message"),
            ({"message": None}, "message"),
            ({"message": b"bytes"}, "message"),
            ({"message": "half \ud83d"}, "message"),
            ({"sender": "1\n2"}, "sender"),
            ({"sender": 10002000}, "sender"),
            ({"track_id": ""}, "track_id"),
            ({"track_id": 7}, "track_id"),
            ({"track_id": "x" * 256}, "track_id"),
        ],
    )
    async def test_bad_arguments(self, arguments: dict[str, Any], field: str) -> None:
        """The error names the invalid argument and does not show the value, and no request is sent."""
        client, emulator = emulated()
        given: dict[str, Any] = {"receiver": RECEIVER, "message": "m"} | arguments
        async with client:
            with pytest.raises(InvalidInputError) as caught:
                await client.sms.send(**given)
        assert (caught.value.field, emulator.requests) == (field, 0)
        assert "98877" not in str(caught.value)

    async def test_no_sender_anywhere(self) -> None:
        """A missing line is a configuration error, and no request is sent."""
        client, emulator = emulated(sender=None)
        async with client:
            with pytest.raises(ConfigurationError, match="sender"):
                await client.sms.send(RECEIVER, "m")
        assert emulator.requests == 0

    async def test_a_refusal(self) -> None:
        """A refusal raises an error with the gateway's field errors."""
        client, emulator = emulated(sender="5000")
        async with client:
            with pytest.raises(UnprocessableError) as caught:
                await client.sms.send(RECEIVER, "m")
        assert list(caught.value.errors) == ["0.sender"]
        assert emulator.accepted == 0

    @pytest.mark.parametrize(
        "body",
        [
            {"data": []},
            {"data": None},
            {"data": {}},
            {"data": "ok"},
            {"data": 7},
            {},
            [],
            None,
            "OK",
            {"message": "queued"},
            {"data": [{"sender": "1", "receiver": RECEIVER}]},
            {"data": [{"id": None, "track_id": "T"}]},
            {"data": [{"id": "", "track_id": "T"}]},
            {"data": [{"id": [ID], "track_id": "T"}]},
            {"data": [{"id": ID, "track_id": "of another"}]},
            {"data": [{"id": ID, "receiver": "09120000000"}]},
            b"<html>welcome</html>",
            b"",
            b"{",
            b"\xff\xfe",
            b"[" * 100_000,
        ],
    )
    async def test_successes_without_the_message(self, body: Any) -> None:
        """A success that does not mention the message leaves its outcome unknown, and nothing is sent again."""

        async def handler(_: RawRequest, __: ByteStream) -> bytes:
            return answer(body)

        async with (
            raw_gateway(handler) as gateway,
            AsyncWikipayam("t", sender="1", base_url=gateway.url) as client,
        ):
            with pytest.raises(UnknownOutcomeError) as caught:
                await client.sms.send(RECEIVER, "m", track_id="T")
        assert len(gateway.requests) == 1
        assert caught.value.track_ids == ("T",)
        assert caught.value.messages == (SmsMessage(RECEIVER, "m", track_id="T"),)
        assert caught.value.accepted == ()
        assert isinstance(caught.value.__cause__, ResponseError)

    @pytest.mark.parametrize(
        ("body", "expected"),
        [
            ({"data": [{"id": ID}]}, SentMessage(ID)),
            ({"data": {"id": ID, "track_id": "T"}}, SentMessage(ID, track_id="T")),
            ([{"id": ID, "track_id": "T"}], SentMessage(ID, track_id="T")),
            ({"id": ID, "track_id": "T"}, SentMessage(ID, track_id="T")),
            (
                {"data": [{"id": 123, "track_id": "T", "parts": 2}]},
                SentMessage("123", track_id="T", extra={"parts": 2}),
            ),
            (
                {"data": [None, 7, {"id": "x", "track_id": "U"}, {"id": ID, "track_id": "T", "sender": 5000}]},
                SentMessage(ID, "5000", track_id="T"),
            ),
            (
                {"data": [{"id": ID, "receiver": "+98 912 345 6789", "track_id": None}]},
                SentMessage(ID, receiver="+98 912 345 6789"),
            ),
            ({"data": [{"id": ID, "track_id": "T"}] * 2}, SentMessage(ID, track_id="T")),
        ],
    )
    async def test_successes_of_other_shapes(self, body: Any, expected: SentMessage) -> None:
        """A success with the message's id counts in any shape."""

        async def handler(_: RawRequest, __: ByteStream) -> bytes:
            return answer(body)

        async with (
            raw_gateway(handler) as gateway,
            AsyncWikipayam("t", sender="1", base_url=gateway.url) as client,
        ):
            assert await client.sms.send(RECEIVER, "m", track_id="T") == expected


class TestSendMany:
    """`sms.send_many`: messages in one request."""

    async def test_all_fields(self) -> None:
        """Messages may differ in every field; `note` is sent as such, and the results are in their order."""
        messages = [
            SmsMessage("+989123456789", "one", sender="100010000", track_id="A"),
            SmsMessage(RECEIVER, note="two ", track_id="B"),
            SmsMessage(RECEIVER, "three", track_id="C"),
        ]
        assert await sent_as(*messages) == [
            {"sender": "100010000", "receiver": RECEIVER, "message": "one", "track_id": "A"},
            {"sender": "10002000", "receiver": RECEIVER, "note": "two ", "track_id": "B"},
            {"sender": "10002000", "receiver": RECEIVER, "message": "three", "track_id": "C"},
        ]
        client, emulator = emulated()
        emulator.faults.arm(Fault.reordered_items())
        async with client:
            sents = await client.sms.send_many(iter(messages))
        ids = {entry.track_id: entry.id for entry in emulator.ledger}
        assert [sent.id for sent in sents] == [ids["A"], ids["B"], ids["C"]]
        assert [entry.message for entry in emulator.ledger] == ["one", "two ", "three"]
        assert emulator.requests == 1

    async def test_nothing(self) -> None:
        """An empty list sends no request."""
        client, emulator = emulated()
        async with client:
            assert await client.sms.send_many([]) == []
        assert emulator.requests == 0

    @pytest.mark.parametrize(
        ("message", "field"),
        [
            (SmsMessage("bad", "m"), "messages[1].receiver"),
            (SmsMessage(RECEIVER), "messages[1].message"),
            (SmsMessage(RECEIVER, "m", note="n"), "messages[1].note"),
            (SmsMessage(RECEIVER, "m", sender="\n"), "messages[1].sender"),
            (SmsMessage(RECEIVER, "m", track_id=" "), "messages[1].track_id"),
            ({"receiver": RECEIVER, "message": "m"}, "messages[1].message"),
            (None, "messages[1].message"),
        ],
    )
    async def test_a_bad_message(self, message: Any, field: str) -> None:
        """The error names the index of the invalid message, and none is sent."""
        client, emulator = emulated()
        async with client:
            with pytest.raises(InvalidInputError) as caught:
                await client.sms.send_many([SmsMessage(RECEIVER, "m"), message])
        assert (caught.value.field, emulator.requests) == (field, 0)

    async def test_no_sender_anywhere(self) -> None:
        """The error names the index of the message without a line, and none is sent."""
        client, emulator = emulated(sender=None)
        async with client:
            with pytest.raises(ConfigurationError, match=r"^messages\[1\]\.sender: none given"):
                await client.sms.send_many([SmsMessage(RECEIVER, "m", sender="10002000"), SmsMessage(RECEIVER, "m")])
        assert emulator.requests == 0

    async def test_a_refusal_of_all(self) -> None:
        """A refusal concerns all messages, since the gateway accepts all or none."""
        client, emulator = emulated()
        emulator.faults.arm(Fault.status(400))
        async with client:
            with pytest.raises(BadRequestError):
                await client.sms.send_many([SmsMessage(RECEIVER, "m")] * 3)
        assert emulator.accepted == 0

    async def test_missing_items(self) -> None:
        """If the answer omits messages, the error holds them and the results of the others."""
        client, emulator = emulated()
        emulator.faults.arm(Fault.missing_items(*range(1, 8)))
        messages = [SmsMessage(RECEIVER, f"m{index}", track_id=f"T{index}") for index in range(9)]
        async with client:
            with pytest.raises(UnknownOutcomeError) as caught:
                await client.sms.send_many(messages)
        error = caught.value
        assert error.messages == tuple(messages[1:8])
        assert error.track_ids == tuple(f"T{index}" for index in range(1, 8))
        assert [sent.track_id for sent in error.accepted if isinstance(sent, SentMessage)] == ["T0", "T8"]
        assert "did not report the outcome of 7 of 9 messages (T1, T2, T3, T4, T5, …)" in str(error)
        assert isinstance(error.__cause__, ResponseError)

    async def test_one_missing_item(self) -> None:
        """A single missing message is named without an ellipsis."""
        client, emulator = emulated()
        emulator.faults.arm(Fault.missing_items())
        async with client:
            with pytest.raises(UnknownOutcomeError, match=r"1 of 2 messages \(B\); they may have been accepted"):
                await client.sms.send_many([SmsMessage(RECEIVER, "m", track_id=name) for name in "AB"])


class TestBulk:
    """`sms.send_bulk` and `sms.bulk`: their own behaviour; outcomes are tested under the accounted-for promise."""

    async def test_the_documented_call(self) -> None:
        """Messages are sent unchanged, in the documented order of fields."""
        messages = [
            SmsMessage("+989123456789", "one", track_id="A"),
            SmsMessage(RECEIVER, "دو", track_id="B", sender="100010000"),
            SmsMessage(RECEIVER, note="three", track_id="C"),
        ]
        async with (
            raw_gateway(take_all) as gateway,
            AsyncWikipayam("t", sender="10002000", base_url=gateway.url) as client,
        ):
            await client.sms.send_many(messages)
            await client.sms.send_bulk(messages)
            plain = await client.sms.send_bulk([SmsMessage(RECEIVER, "four")])
        many, bulk, one = gateway.requests
        assert (one.method, one.target) == ("POST", "/api/v1/sms/send")
        assert bulk.body == many.body
        assert one.body == (
            b'[{"sender":"10002000","receiver":"09123456789","message":"four","track_id":"%s"}]'
            % str(plain.results[0].track_id).encode()
        )

    @pytest.mark.parametrize(
        ("data", "ids"),
        [
            ([{"id": "a", "track_id": "A"}, {"id": "b", "track_id": "B"}], ["a", "b"]),
            ([{"id": "b", "track_id": "B"}, {"id": "a", "track_id": "A"}], ["a", "b"]),
            ([{"id": 17, "track_id": "A"}, {"id": 18, "track_id": "B"}], ["17", "18"]),
            ([{"id": "", "track_id": "A"}, {"id": "b", "track_id": "B"}], [None, "b"]),
            ([{"id": "b", "track_id": "B"}], [None, "b"]),
            ([{"id": "a", "receiver": "09120000001"}, {"id": "b", "receiver": "09120000002"}], ["a", "b"]),
            ({"id": "a", "track_id": "A"}, ["a", None]),
            ([], [None, None]),
        ],
    )
    async def test_answers_of_every_shape(self, data: Any, ids: list[str | None]) -> None:
        """The documented answer is read by the shortcut, any other like that of a single send."""

        async def handler(_: RawRequest, __: ByteStream) -> bytes:
            return answer({"data": data})

        rows = [SmsMessage("09120000001", "m", track_id="A"), SmsMessage("09120000002", "m", track_id="B")]
        async with raw_gateway(handler) as gateway, AsyncWikipayam("t", sender="1", base_url=gateway.url) as client:
            report = await client.sms.send_bulk(rows)
        assert [(result.id, str(result.status)) for result in report.results] == [
            (id_, "unknown" if id_ is None else "accepted") for id_ in ids
        ]

    async def test_a_body_that_is_too_large(self) -> None:
        """Large messages are divided into requests of a megabyte, and the results are in the order of the input."""
        large, small, bad = SmsMessage(RECEIVER, "س" * 250_000), SmsMessage(RECEIVER, "m"), SmsMessage("bad", "m")
        rows = [bad, large, small, bad, large, bad, small, large]
        async with (
            raw_gateway(take_all) as gateway,
            AsyncWikipayam("t", sender="1", base_url=gateway.url) as client,
            client.sms.bulk(rows, ordered=True) as results,
        ):
            seen = [(result.index, result.message, str(result.status)) async for result in results]
        assert seen == [(index, row, "rejected" if row is bad else "accepted") for index, row in enumerate(rows)]
        assert sorted([one["message"] for one in request.json] for request in gateway.requests) == sorted(
            [[large.message, "m"], [large.message, "m"], [large.message]], key=len
        )
        assert max(len(request.body) for request in gateway.requests) <= 1_000_000

    async def test_a_report_does_not_depend_on_progress(self) -> None:
        """With or without `on_progress`, the report is the same, in the order of the input."""
        rows = [SmsMessage("bad" if n % 7 == 3 else RECEIVER, f"m{n}", track_id=f"T{n}") for n in range(40)]
        done_counts: list[int] = []
        reports = []
        for on_progress in (None, lambda progress: done_counts.append(progress.done)):
            client, emulator = emulated()
            async with client:
                reports.append(await client.sms.send_bulk(rows, batch_size=3, concurrency=4, on_progress=on_progress))
            assert emulator.accepted == 34
        first, second = ([(one.index, one.status, one.track_id) for one in report.results] for report in reports)
        assert first == second
        assert [index for index, _, _ in first] == list(range(40))
        assert (done_counts == sorted(done_counts), done_counts[-1]) == (True, 40)

    @pytest.mark.parametrize("on_progress", [True, anyio.sleep])
    async def test_progress_is_reported_to_a_plain_function(self, on_progress: Any) -> None:
        """Anything else is refused before a message is sent: its outcome would be lost, or the progress ignored."""
        client, emulator = emulated()
        async with client:
            with pytest.raises(InvalidInputError, match="on_progress: expected a plain function"):
                await client.sms.send_bulk([SmsMessage(RECEIVER, "m")], on_progress=on_progress)
        assert emulator.accepted == 0


class TestOneText:
    """One text to many receivers."""

    async def test_send_bulk(self) -> None:
        """Every number gets the text from the line, with its own result."""
        client, emulator = emulated()
        numbers = ["09120000001", "+98 912 000 0002", "021"]
        async with client:
            report = await client.sms.send_bulk(numbers, "سلام", sender="10002000", footer="لغو۱۱")
        assert [(one.receiver, one.message) for one in emulator.ledger] == [
            ("09120000001", "سلام\nلغو۱۱"),
            ("09120000002", "سلام\nلغو۱۱"),
        ]
        assert [result.message for result in report] == [
            SmsMessage(number, "سلام\nلغو۱۱", sender="10002000") for number in numbers
        ]
        assert report.accepted_ids == [one.id for one in emulator.ledger]
        assert [result.index for result in report.rejected] == [2]

    async def test_bulk(self) -> None:
        """The same as a stream, also from an async iterable."""
        client, emulator = emulated()

        async def numbers() -> AsyncGenerator[str]:
            for number in range(5):
                yield f"0912000000{number}"

        async with client, client.sms.bulk(numbers(), "سلام", batch_size=2, ordered=True) as results:
            found = [(result.index, result.ok, result.message) async for result in results]
        assert found == [(at, True, SmsMessage(f"0912000000{at}", "سلام")) for at in range(5)]
        assert len(emulator.ledger) == 5

    @pytest.mark.parametrize(
        ("arguments", "options", "field"),
        [
            ((["09120000001"], ""), {}, "message"),
            ((["09120000001"], 7), {}, "message"),
            (("09120000001", "x"), {}, "receivers"),
            (([], "x"), {"sender": "a" * 99}, "sender"),
            (([SmsMessage("09120000001", "x")],), {"sender": "10002000"}, "sender"),
        ],
    )
    async def test_invalid_arguments(self, arguments: Any, options: Any, field: str) -> None:
        """What cannot be sent to anybody is an error, and nothing is sent."""
        client, emulator = emulated()
        async with client:
            sends: tuple[Any, ...] = (client.sms.send_bulk, client.sms.bulk)
            for send in sends:
                with pytest.raises(InvalidInputError) as caught:
                    await send(*arguments, **options)
                assert caught.value.field == field
        assert list(emulator.ledger) == []


class TestFooter:
    """The footer of bulk sends."""

    async def test_every_text_of_a_bulk_send_has_it(self) -> None:
        """So have the results; the progress still knows the number of messages, and async messages have it, too."""
        totals: list[int | None] = []
        messages = [SmsMessage(RECEIVER, "one"), SmsMessage(RECEIVER, "two\nلغو ۱۱"), SmsMessage(RECEIVER, "")]

        async def more() -> AsyncGenerator[SmsMessage]:
            yield SmsMessage(RECEIVER, note="three")

        client, emulator = emulated()
        async with client:
            report = await client.sms.send_bulk(
                messages, footer="لغو۱۱", on_progress=lambda progress: totals.append(progress.total)
            )
            async with client.sms.bulk(more(), footer="لغو۱۱") as results:
                rest = [result async for result in results]
            cost = await client.estimate(messages, Tariff(persian=10, latin=7), footer="لغو۱۱")
        assert [one.message for one in emulator.ledger] == ["one\nلغو۱۱", "two\nلغو ۱۱", "three\nلغو۱۱"]
        assert [one.message.message for one in report.accepted] == ["one\nلغو۱۱", "two\nلغو ۱۱"]
        assert ([one.ok for one in rest], set(totals), len(report.rejected)) == ([True], {3}, 1)
        assert cost.cost == 20

    @pytest.mark.parametrize("footer", ["", " ", 11])
    async def test_a_footer_is_a_text(self, footer: Any) -> None:
        """Anything else is refused before any message is read."""
        client, emulator = emulated()
        async with client:
            with pytest.raises(InvalidInputError, match="footer: expected a text that is not empty"):
                await client.sms.send_bulk([SmsMessage(RECEIVER, "m")], footer=footer)
            with pytest.raises(InvalidInputError, match="footer: expected a text that is not empty"):
                client.sms.bulk([SmsMessage(RECEIVER, "m")], footer=footer)
        assert emulator.requests == 0


class TestLegacyInbox:
    """`sms.receive`: the legacy endpoint, whose answer is undocumented."""

    async def test_the_documented_call(self) -> None:
        """The day is sent as documented, and the answer is read."""

        async def handler(_: RawRequest, __: ByteStream) -> bytes:
            return answer({"data": []})

        async with raw_gateway(handler) as gateway, AsyncWikipayam("t", base_url=gateway.url) as client:
            inbox = await client.sms.receive("2024-01-01")
        (request,) = gateway.requests
        assert (request.method, request.target) == ("POST", "/api/v1/sms/receive")
        assert request.json == {"from_date": "2024-01-01"}
        assert (inbox, list(inbox), len(inbox)) == (LegacyInbox((), []), [], 0)

    @pytest.mark.parametrize(
        ("data", "expected"),
        [
            ([{"id": "a", "sender": "98912", "message": "لغو "}], [ReceivedMessage("a", "98912", message="لغو ")]),
            ({"messages": [{"id": "a", "message": "m"}]}, [ReceivedMessage("a", message="m")]),
            ({"id": "a", "message": "m"}, [ReceivedMessage("a", message="m")]),
            ({}, []),
            (None, []),
            ("none", []),
            (0, []),
            ([None, 7, [], {}], []),
            ({"count": 0, "messages": []}, []),
        ],
    )
    async def test_any_answer(self, data: Any, expected: list[ReceivedMessage]) -> None:
        """For any answer, the messages that can be read are returned, with the unchanged answer."""

        async def handler(_: RawRequest, __: ByteStream) -> bytes:
            return answer({"data": data})

        async with raw_gateway(handler) as gateway, AsyncWikipayam("t", base_url=gateway.url) as client:
            inbox = await client.sms.receive("2024-01-01")
        assert (list(inbox), inbox.data) == (expected, data)

    @pytest.mark.parametrize("day", ["", "2024-1-1", "2024-02-30", "yesterday", None, 20240101])
    async def test_bad_days(self, day: Any) -> None:
        """A value that is not a day is refused before any request."""
        client, emulator = emulated()
        async with client:
            with pytest.raises(InvalidInputError) as caught:
                await client.sms.receive(day)
        assert (caught.value.field, emulator.requests) == ("from_date", 0)
