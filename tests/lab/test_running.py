from __future__ import annotations

import pytest

from wikipayam_async.emulator import Emulator, Fault
from wikipayam_async.errors import WikipayamError
from wikipayam_async.lab.call import SdkCall
from wikipayam_async.lab.gateway import emulated
from wikipayam_async.lab.running import MAX_SHOWN, RaisedError, described, make

SEND = SdkCall("sms.send", ("09123456789", "x"), {"track_id": "A"})


@pytest.mark.anyio
async def test_a_success_has_its_answer_and_its_result() -> None:
    """The answer is shown indented, the result as Python shows it, and each attempt with its status."""
    made = await make(SdkCall("balance"), emulated(Emulator()))
    assert made.answer is not None
    assert made.answer.body.startswith('{\n  "data": {\n    "balance": 3435993800')
    assert (made.result or "").startswith("Balance(balance=3435993800")
    assert ([attempt.status for attempt in made.attempts], made.error) == ([200], None)
    assert made.milliseconds >= made.attempts[0].milliseconds >= 0


@pytest.mark.anyio
async def test_a_refusal_has_the_answer_and_the_error() -> None:
    """The answer of a refusal is shown, and the error with its messages by field."""
    made = await make(SdkCall("sms.send", ("09123456789", "x"), {"sender": "1"}), emulated(Emulator()))
    assert made.answer is not None
    assert made.error is not None
    assert (made.answer.status, made.result, made.error.type) == (422, None, "wikipayam_async.UnprocessableError")
    assert (made.error.send_status, made.error.status_code, list(made.error.errors)) == ("rejected", 422, ["0.sender"])


@pytest.mark.anyio
async def test_a_broken_connection_has_an_error_alone() -> None:
    """Without an answer the error says that the message may have been sent, and nothing is repeated."""
    emulator = Emulator()
    emulator.faults.arm(Fault.reset(), on="POST /sms/send", times=9)
    made = await make(SEND, emulated(emulator))
    assert made.error is not None
    assert (made.answer, made.error.type, made.error.send_status) == (
        None,
        "wikipayam_async.UnknownOutcomeError",
        "unknown",
    )
    assert (len(made.attempts), made.attempts[0].failure is None, emulator.requests) == (1, False, 1)


@pytest.mark.anyio
async def test_a_long_answer_is_cut() -> None:
    """Of a long body only the start is shown, and text that is not JSON as it is."""
    emulator = Emulator()
    emulator.inbound(sender="989120000000", message="x" * (MAX_SHOWN + 1))
    emulator.faults.arm(Fault.html(404), on="GET /user/balance")
    made = await make(SdkCall("receives.list"), emulated(emulator))
    assert made.answer is not None
    assert (made.answer.cut, len(made.answer.body)) == (True, MAX_SHOWN)
    page = await make(SdkCall("balance"), emulated(emulator))
    assert page.answer is not None
    assert (page.answer.cut, page.answer.body[0]) == (False, "<")


def test_any_error_can_be_described() -> None:
    """An error without a status, messages and times has none."""
    assert described(WikipayamError("x")) == RaisedError(type="wikipayam_async.WikipayamError", text="x")
