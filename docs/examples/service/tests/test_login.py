"""Login by code."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from functools import partial

import attrs
import pytest
from fastapi.testclient import TestClient

from shop.app import create_app
from shop.settings import Settings
from wikipayam_async.testing import UNDELIVERED, Emulator, Fault, MessageKind, When, emulator_client

MOBILE = "09123456789"


def kinds(emulator: Emulator) -> list[MessageKind]:
    """Return the kinds of the messages sent to the mobile."""
    return [entry.kind for entry in emulator.sent_to(MOBILE)]


def start(http: TestClient) -> str:
    """Ask for a code; return the id of the challenge."""
    answer = http.post("/login/start", json={"receiver": "+98 912 345 6789"})
    assert answer.status_code == 202
    return str(answer.json()["challenge_id"])


def check(http: TestClient, challenge: str, code: str | None) -> int:
    """Enter a code; return the status."""
    return http.post("/login/check", json={"challenge_id": challenge, "code": code}).status_code


def test_a_user_logs_in_and_sees_the_orders(http: TestClient, wikipayam_emulator: Emulator) -> None:
    """The code is accepted once; the proof shows the user's own orders."""
    mine = http.post("/orders", json={"mobile": MOBILE, "item": "چای"}).json()["track_id"]
    http.post("/orders", json={"mobile": "09120000001", "item": "قهوه"})
    challenge = start(http)
    body = {"challenge_id": challenge, "code": wikipayam_emulator.last_code(MOBILE)}
    proof = http.post("/login/check", json=body).json()["proof"]
    assert check(http, challenge, wikipayam_emulator.last_code(MOBILE)) == 401
    answer = http.get("/me/orders", headers={"Authorization": f"Bearer {proof}"})
    assert answer.json() == [{"track_id": mine, "item": "چای"}]
    assert http.get("/me/orders").status_code == 401


def test_an_invalid_mobile_is_rejected(http: TestClient, wikipayam_emulator: Emulator) -> None:
    """A landline is a 422, and nothing is sent."""
    answer = http.post("/login/start", json={"receiver": "02188776655"})
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == ["body", "receiver"]
    assert wikipayam_emulator.requests_to("POST /otp/sms/send") == 0


def test_an_undelivered_code_is_sent_by_voice(
    http: TestClient, wikipayam_emulator: Emulator, eventually: Callable[[Callable[[], bool]], None]
) -> None:
    """The same code is sent by one call, and is valid."""
    wikipayam_emulator.delivery.choose(MOBILE, [(0, UNDELIVERED)])
    challenge = start(http)
    eventually(lambda: len(kinds(wikipayam_emulator)) > 1)
    first, second = wikipayam_emulator.sent_to(MOBILE)
    assert ([first.kind, second.kind], first.code) == (["otp", "voice"], second.code)
    assert check(http, challenge, second.code) == 200


@pytest.mark.parametrize("lost", [Fault.reset(when=When.AFTER), Fault.html(502, when=When.AFTER)])
def test_a_code_that_may_have_been_sent_stays_valid(
    http: TestClient, wikipayam_emulator: Emulator, lost: Fault
) -> None:
    """If it arrives, it is accepted."""
    wikipayam_emulator.faults.arm(lost, on="POST /otp/sms/send")
    assert check(http, start(http), wikipayam_emulator.last_code(MOBILE)) == 200


def test_a_code_that_was_not_sent_can_be_requested_again(http: TestClient, wikipayam_emulator: Emulator) -> None:
    """If the gateway refused the code, the user need not wait."""
    wikipayam_emulator.faults.arm(Fault.status(402), on="POST /otp/sms/send")
    answers = [http.post("/login/start", json={"receiver": MOBILE}) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [503, 202, 429]
    assert 1 <= int(answers[2].headers["Retry-After"]) <= 30
    assert kinds(wikipayam_emulator) == ["otp"]


def test_the_limits_are_settings(settings: Settings, wikipayam_emulator: Emulator) -> None:
    """An address may ask for so many codes."""
    few = attrs.evolve(settings, codes_per_address=2)
    app = create_app(few, partial(emulator_client, wikipayam_emulator))
    with TestClient(app, client=("203.0.113.7", 4711)) as http:
        answers = [http.post("/login/start", json={"receiver": f"0912000000{number}"}) for number in range(3)]
    assert [answer.status_code for answer in answers] == [202, 202, 429]


def test_codes_may_be_in_a_redis_that_is_down(settings: Settings, wikipayam_emulator: Emulator) -> None:
    """Then nobody logs in, and nothing is sent; the rest of the shop works."""
    pytest.importorskip("redis")
    elsewhere = attrs.evolve(settings, redis="redis://127.0.0.1:9/0", code_secret=secrets.token_hex())
    with TestClient(create_app(elsewhere, partial(emulator_client, wikipayam_emulator))) as http:
        assert http.post("/login/start", json={"receiver": MOBILE}).status_code == 503
        assert http.post("/orders", json={"mobile": MOBILE, "item": "چای"}).status_code == 202
    assert kinds(wikipayam_emulator) == ["sms"]


def test_processes_need_a_secret_that_they_share(settings: Settings) -> None:
    """Otherwise each would accept its own codes only."""
    with pytest.raises(ValueError, match="SHOP_REDIS needs SHOP_CODE_SECRET"):
        create_app(attrs.evolve(settings, redis="redis://127.0.0.1:9/0"))
