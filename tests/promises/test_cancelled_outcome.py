"""The outcome of a send rides on its cancellation, and is in the log: no framework has to catch it."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import pytest
from anyio.abc import ByteStream

from tests.support.raw import RawRequest, answer, raw_gateway, sent_items
from wikipayam_async import AsyncWikipayam, OtpMessage, SendStatus, SmsMessage, report_from

pytestmark = pytest.mark.anyio

RECEIVER = "09123456789"

SENDS: dict[str, tuple[Callable[[AsyncWikipayam], Awaitable[object]], list[str | None]]] = {
    "sms.send": (lambda client: client.sms.send(RECEIVER, "text", track_id="t-1"), ["t-1"]),
    "sms.send many": (
        lambda client: client.sms.send_many([SmsMessage(RECEIVER, "a", track_id=f"t-{n}") for n in range(3)]),
        ["t-0", "t-1", "t-2"],
    ),
    "otp.send": (lambda client: client.otp.send(RECEIVER, "1234", otp_pattern_id=1, track_id="t-1"), ["t-1"]),
    "otp.send many": (
        lambda client: client.otp.send_many([OtpMessage(RECEIVER, "1234", otp_pattern_id=1, track_id="t-1")]),
        ["t-1"],
    ),
    "voice.send": (lambda client: client.voice.send(RECEIVER, "1234", track_id="t-1"), ["t-1"]),
    "holoo.send": (lambda client: client.holoo.send(RECEIVER, "text", username="u"), [None]),
    "holoo.send_via_url": (lambda client: client.holoo.send_via_url(RECEIVER, "text", username="u"), [None]),
    "sms.send bulk": (
        lambda client: client.sms.send_bulk([SmsMessage(RECEIVER, "a", track_id="t-1")]),
        ["t-1"],
    ),
}


class Slow:
    """Answers once it is released."""

    def __init__(self, status: int = 200) -> None:
        self.status = status
        self.received = anyio.Event()
        self.release = anyio.Event()

    async def __call__(self, request: RawRequest, stream: ByteStream) -> object:
        """Answer after the release."""
        self.received.set()
        await self.release.wait()
        if self.status != 200:
            return answer({"message": "no"}, self.status)
        if "sms/send" in request.target:
            return answer({"data": sent_items(request)})
        return answer({"data": {"id": "a" * 24}})


async def cancelled(send: Callable[[AsyncWikipayam], Awaitable[object]], slow: Slow) -> BaseException:
    """Cancel a send whose request has left; return the cancellation."""
    caught: list[BaseException] = []

    async def run() -> None:
        try:
            await send(client)
        except BaseException as error:
            caught.append(error)
            raise

    async with raw_gateway(slow) as gateway:
        async with (
            AsyncWikipayam("token", sender="1", base_url=gateway.url) as client,
            anyio.create_task_group() as group,
        ):
            group.start_soon(run)
            await slow.received.wait()
            group.cancel_scope.cancel()
            slow.release.set()
        assert len(gateway.requests) == 1
    return caught[0]


@pytest.mark.parametrize("name", SENDS)
async def test_an_accepted_message_is_named(name: str, caplog: pytest.LogCaptureFixture) -> None:
    """By the report, by the note and by a WARNING, each with track id and gateway id."""
    send, track_ids = SENDS[name]
    error = await cancelled(send, Slow())
    report = report_from(error)
    assert report is not None
    assert [(one.status, one.track_id) for one in report] == [(SendStatus.ACCEPTED, one) for one in track_ids]
    ids = [str(one.id) for one in report]
    warnings = [
        record for record in caplog.records if record.levelno == logging.WARNING and "began to leave" in record.msg
    ]
    (line,) = [record.getMessage() for record in warnings]
    (fields,) = [vars(record)["wikipayam_outcomes"] for record in warnings]
    assert [one["id"] for one in fields] == ids
    for track_id, id_ in zip(track_ids, ids, strict=True):
        named = f"accepted (track id {track_id}, gateway id {id_})" if track_id else f"accepted (gateway id {id_})"
        assert named in line
        if "bulk" not in name:
            assert named in str(error.__notes__)
    assert "text" not in line
    assert RECEIVER not in line


@pytest.mark.parametrize("name", SENDS)
async def test_a_refusal_is_named(name: str, caplog: pytest.LogCaptureFixture) -> None:
    """It is no error of the call, which was cancelled."""
    report = report_from(await cancelled(SENDS[name][0], Slow(422)))
    assert report is not None
    assert {one.status for one in report} == {SendStatus.REJECTED}
    assert any("rejected" in record.getMessage() for record in caplog.records if record.levelno == logging.WARNING)


async def test_a_send_that_did_not_leave_is_not_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """The report says that it may be sent."""
    caught: list[BaseException] = []

    async def run(client: AsyncWikipayam) -> None:
        try:
            await client.sms.send(RECEIVER, "text", track_id="t-1")
        except BaseException as error:
            caught.append(error)
            raise

    async def nothing(_request: Any, _stream: Any) -> object:
        raise AssertionError

    async with raw_gateway(nothing) as gateway, AsyncWikipayam("token", sender="1", base_url=gateway.url) as client:
        with anyio.CancelScope() as scope:
            scope.cancel()
            await run(client)
    report = report_from(caught[0])
    assert report is not None
    assert [(one.status, one.track_id) for one in report] == [(SendStatus.NOT_ATTEMPTED, "t-1")]
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []
