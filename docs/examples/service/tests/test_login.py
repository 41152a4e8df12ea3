"""Login by code."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient

from wikipayam_async.testing import UNDELIVERED, Emulator, Fault, MessageKind, When

MOBILE = "09123456789"


def kinds(emulator: Emulator) -> list[MessageKind]:
    """Return the kinds of the messages sent to the mobile."""
    return [entry.kind for entry in emulator.sent_to(MOBILE)]


def test_a_user_logs_in(http: TestClient, wikipayam_emulator: Emulator) -> None:
    """The code sent is valid once; the mobile may be written in any way."""
    assert http.post("/login", json={"mobile": "+98 912 345 6789"}).json() == {"valid_for": 120.0}
    code = wikipayam_emulator.last_code(MOBILE)
    assert http.post("/login/check", json={"mobile": "۰۹۱۲۳۴۵۶۷۸۹", "code": code}).status_code == 204
    assert http.post("/login/check", json={"mobile": MOBILE, "code": code}).status_code == 401


def test_an_invalid_mobile_is_rejected(http: TestClient, wikipayam_emulator: Emulator) -> None:
    """A landline is a 422, and nothing is sent."""
    answer = http.post("/login", json={"mobile": "02188776655"})
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == ["body", "mobile"]
    assert wikipayam_emulator.requests_to("POST /otp/sms/send") == 0


def test_codes_are_rate_limited(http: TestClient, wikipayam_emulator: Emulator) -> None:
    """A second code within the interval is a 429 with Retry-After, and is not sent."""
    answers = [http.post("/login", json={"mobile": MOBILE}) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [202, 429, 429]
    assert 1 <= int(answers[1].headers["Retry-After"]) <= 60
    assert kinds(wikipayam_emulator) == ["otp"]


def test_an_undelivered_code_is_sent_by_voice(
    http: TestClient, wikipayam_emulator: Emulator, eventually: Callable[[Callable[[], bool]], None]
) -> None:
    """The same code is sent by one call, and is valid."""
    wikipayam_emulator.delivery.choose(MOBILE, [(0, UNDELIVERED)])
    http.post("/login", json={"mobile": MOBILE})
    eventually(lambda: len(kinds(wikipayam_emulator)) > 1)
    first, second = wikipayam_emulator.sent_to(MOBILE)
    assert [first.kind, second.kind] == ["otp", "voice"]
    assert first.code == second.code
    polls = wikipayam_emulator.requests_to("POST /sms/deliver")
    assert http.post("/login/check", json={"mobile": MOBILE, "code": second.code}).status_code == 204
    assert (kinds(wikipayam_emulator), polls) == (["otp", "voice"], 1)


@pytest.mark.parametrize("lost", [Fault.reset(when=When.AFTER), Fault.html(502, when=When.AFTER)])
def test_a_code_that_may_have_been_sent_stays_valid(
    http: TestClient, wikipayam_emulator: Emulator, lost: Fault
) -> None:
    """The response says that the outcome is unknown; if the code arrives, it is valid."""
    wikipayam_emulator.faults.arm(lost, on="POST /otp/sms/send")
    answer = http.post("/login", json={"mobile": MOBILE})
    assert (answer.status_code, answer.json()["code"]) == (502, "outcome_unknown")
    code = wikipayam_emulator.last_code(MOBILE)
    assert http.post("/login/check", json={"mobile": MOBILE, "code": code}).status_code == 204


def test_a_code_that_was_not_sent_can_be_requested_again(http: TestClient, wikipayam_emulator: Emulator) -> None:
    """If the gateway refused the code, the user need not wait."""
    wikipayam_emulator.faults.arm(Fault.status(402), on="POST /otp/sms/send")
    answers = [http.post("/login", json={"mobile": MOBILE}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [503, 202]
    assert kinds(wikipayam_emulator) == ["otp"]
