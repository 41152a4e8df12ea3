"""Logging in."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient

from wikipayam_async.testing import UNDELIVERED, Emulator, Fault, MessageKind, When

MOBILE = "09123456789"


def kinds(emulator: Emulator) -> list[MessageKind]:
    """Tell on which roads the mobile was sent something."""
    return [entry.kind for entry in emulator.sent_to(MOBILE)]


def test_a_user_logs_in(http: TestClient, wikipayam_emulator: Emulator) -> None:
    """The code that arrives is the code that is good; the mobile may be written in any way."""
    assert http.post("/login", json={"mobile": "+98 912 345 6789"}).json() == {"valid_for": 120.0}
    code = wikipayam_emulator.last_code(MOBILE)
    assert http.post("/login/check", json={"mobile": "۰۹۱۲۳۴۵۶۷۸۹", "code": code}).status_code == 204
    assert http.post("/login/check", json={"mobile": MOBILE, "code": code}).status_code == 401


def test_a_mobile_has_to_be_one(http: TestClient, wikipayam_emulator: Emulator) -> None:
    """What is no mobile is refused before anything is sent."""
    answer = http.post("/login", json={"mobile": "02188776655"})
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == ["body", "mobile"]
    assert wikipayam_emulator.requests_to("POST /otp/sms/send") == 0


def test_codes_are_not_sent_one_after_the_other(http: TestClient, wikipayam_emulator: Emulator) -> None:
    """Nobody can have a mobile flooded with codes, nor try out all of them."""
    answers = [http.post("/login", json={"mobile": MOBILE}) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [202, 429, 429]
    assert 1 <= int(answers[1].headers["Retry-After"]) <= 60
    assert kinds(wikipayam_emulator) == ["otp"]


def test_an_undelivered_code_is_read_out_by_a_call(
    http: TestClient, wikipayam_emulator: Emulator, eventually: Callable[[Callable[[], bool]], None]
) -> None:
    """The same code comes by a call, once, and is good."""
    wikipayam_emulator.delivery.choose(MOBILE, [(0, UNDELIVERED)])
    http.post("/login", json={"mobile": MOBILE})
    eventually(lambda: len(kinds(wikipayam_emulator)) > 1)
    first, second = wikipayam_emulator.sent_to(MOBILE)
    assert [first.kind, second.kind] == ["otp", "voice"]
    assert first.code == second.code
    asked = wikipayam_emulator.requests_to("POST /sms/deliver")
    assert http.post("/login/check", json={"mobile": MOBILE, "code": second.code}).status_code == 204
    assert (kinds(wikipayam_emulator), asked) == (["otp", "voice"], 1)


@pytest.mark.parametrize("lost", [Fault.reset(when=When.AFTER), Fault.html(502, when=When.AFTER)])
def test_a_code_that_may_have_been_sent_stays_good(http: TestClient, wikipayam_emulator: Emulator, lost: Fault) -> None:
    """The answer says that nobody knows; if the code arrives all the same, it works."""
    wikipayam_emulator.faults.arm(lost, on="POST /otp/sms/send")
    answer = http.post("/login", json={"mobile": MOBILE})
    assert (answer.status_code, answer.json()["code"]) == (502, "outcome_unknown")
    code = wikipayam_emulator.last_code(MOBILE)
    assert http.post("/login/check", json={"mobile": MOBILE, "code": code}).status_code == 204


def test_a_code_that_was_not_sent_may_be_asked_for_again(http: TestClient, wikipayam_emulator: Emulator) -> None:
    """Where the gateway refused it, the user need not wait."""
    wikipayam_emulator.faults.arm(Fault.status(402), on="POST /otp/sms/send")
    answers = [http.post("/login", json={"mobile": MOBILE}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [503, 202]
    assert kinds(wikipayam_emulator) == ["otp"]
