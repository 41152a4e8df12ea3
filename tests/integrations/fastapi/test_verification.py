from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any, cast

import pytest
from attrs import evolve
from fastapi import Depends, FastAPI, Request
from fastapi.testclient import TestClient
from openapi_spec_validator import validate

from wikipayam_async import ConfigurationError, InvalidInputError
from wikipayam_async.emulator import Emulator, Fault, When
from wikipayam_async.integrations.fastapi import (
    VerifierDep,
    install_error_handlers,
    verification_router,
    verified_number,
    wikipayam_lifespan,
)
from wikipayam_async.testing import emulator_client
from wikipayam_async.verification import (
    MemoryStore,
    NumberProofs,
    SmsChannel,
    VerificationLimits,
    VerificationStoreError,
    VerifiedNumber,
    Verifier,
    VoiceChannel,
)

RECEIVER, OTHER = "09123456789", "09120000001"
SECRET = "a secret of 32 characters, no less"
LIMITS = VerificationLimits(tries_per_challenge=3, resend_interval=0, ip_sends_per_hour=4)


class Clock:
    """A clock that tests set."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


class Site:
    """An app that verifies numbers, and its gateway."""

    def __init__(self, *, limits: VerificationLimits = LIMITS, **router: Any) -> None:
        self.emulator, self.clock, self.store = Emulator(), Clock(), MemoryStore()
        self.app = FastAPI(
            lifespan=wikipayam_lifespan(
                lambda: emulator_client(self.emulator),
                verifier=lambda client: Verifier(
                    client,
                    self.store,
                    secret=SECRET,
                    channels=[SmsChannel(otp_pattern_id=13), VoiceChannel()],
                    limits=limits,
                    fallback_after=None,
                    clock=self.clock,
                ),
            )
        )
        install_error_handlers(self.app)
        self.app.include_router(verification_router(**router), prefix="/login")

        @self.app.get("/me")
        async def me(number: Annotated[VerifiedNumber, Depends(verified_number())]) -> dict[str, str]:
            return {"receiver": number.receiver}

    @contextmanager
    def opened(self, *, peer: str = "203.0.113.7") -> Iterator[TestClient]:
        """Run the app; requests come from an address."""
        with TestClient(self.app, client=(peer, 4711)) as http:
            yield http


def start(http: TestClient, receiver: str = RECEIVER) -> str:
    """Start a verification; return the id of the challenge."""
    answer = http.post("/login/start", json={"receiver": receiver})
    assert answer.status_code == 202, answer.text
    return str(answer.json()["challenge_id"])


def check(http: TestClient, challenge: str, code: str | None) -> Any:
    """Enter a code."""
    return http.post("/login/check", json={"challenge_id": challenge, "code": code or "none"})


def test_a_user_logs_in() -> None:
    """The code may be in Persian digits; the proof opens a route, and nothing else does."""
    site = Site()
    with site.opened() as http:
        answer = http.post("/login/start", json={"receiver": "+98 912 345 6789"})
        assert answer.status_code == 202
        body = answer.json()
        assert {**body, "challenge_id": ""} == {"challenge_id": "", "channel": "sms", "expires_in": 120, "resend_in": 0}
        code = site.emulator.last_code(RECEIVER) or ""
        persian = code.translate(str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹"))
        accepted = check(http, body["challenge_id"], persian)
        assert (accepted.status_code, accepted.json()["expires_in"]) == (200, 600)
        assert accepted.headers["Cache-Control"] == "no-store"
        headers = {"Authorization": f"Bearer {accepted.json()['proof']}"}
        assert http.get("/me", headers=headers).json() == {"receiver": RECEIVER}
        for wrong in ({}, {"Authorization": f"Basic {accepted.json()['proof']}"}, {"Authorization": "Bearer x"}):
            refused = http.get("/me", headers=wrong)
            assert (refused.status_code, refused.json()) == (401, {"detail": "Verify your number first."})
            assert refused.headers["WWW-Authenticate"] == "Bearer"
        site.clock.now += 600
        assert http.get("/me", headers=headers).status_code == 401


def test_a_user_without_sms_is_called() -> None:
    """`/resend` uses the next channel, with the same code, as often as there are sends left."""
    site = Site(limits=evolve(LIMITS, sends_per_challenge=2))
    with site.opened() as http:
        challenge = start(http)
        answer = http.post("/login/resend", json={"challenge_id": challenge})
        assert (answer.status_code, answer.json()["channel"], answer.json()["resend_in"]) == (202, "voice", None)
        again = http.post("/login/resend", json={"challenge_id": challenge})
        assert (again.status_code, again.json()["code"]) == (401, "code_refused")
    first, second = site.emulator.sent_to(RECEIVER)
    assert ([first.kind, second.kind], first.code == second.code) == (["otp", "voice"], True)


def test_answers_tell_an_enumerator_nothing() -> None:
    """A wrong, an expired, a used and an unknown code, and a challenge for another purpose, have one answer."""
    site = Site()
    site.app.include_router(verification_router(purpose="reset"), prefix="/reset")
    with site.opened() as http:
        used, wrong, late = start(http), start(http, OTHER), start(http, "09120000002")
        right = site.emulator.last_code(RECEIVER)
        other_purpose = http.post("/reset/check", json={"challenge_id": used, "code": right})
        assert check(http, used, right).status_code == 200
        answers = [check(http, used, right), check(http, wrong, "000000"), check(http, "0" * 32, right), other_purpose]
        answers += [check(http, "no id", right), http.post("/login/resend", json={"challenge_id": used})]
        site.clock.now += 121
        answers += [check(http, late, site.emulator.last_code("09120000002"))]
        answers += [http.post("/login/resend", json={"challenge_id": one}) for one in (late, "0" * 32)]
    assert {(one.status_code, one.text, tuple(one.headers.items())) for one in answers} == {
        (
            401,
            '{"detail":"The code is wrong or expired.","code":"code_refused"}',
            (("content-length", "64"), ("content-type", "application/json")),
        )
    }


def test_too_many_wrong_codes_are_a_429() -> None:
    """The right one is not accepted any more, and a resend is refused in the same way."""
    site = Site()
    with site.opened() as http:
        challenge = start(http)
        assert [check(http, challenge, "000000").status_code for _ in range(3)] == [401] * 3
        locked = check(http, challenge, site.emulator.last_code(RECEIVER))
        again = http.post("/login/resend", json={"challenge_id": challenge})
    for answer in (locked, again):
        assert (answer.status_code, answer.json()["code"]) == (429, "too_many_requests")
        assert int(answer.headers["Retry-After"]) >= 1


def test_a_limit_is_a_429_that_does_not_tell_which(caplog: pytest.LogCaptureFixture) -> None:
    """Its Retry-After is in whole seconds; the log has the scope and no number."""
    site = Site(limits=evolve(LIMITS, starts_per_hour=1))
    with site.opened() as http:
        start(http)
        site.clock.now += 0.5
        answer = http.post("/login/start", json={"receiver": RECEIVER})
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "3600")
    assert answer.json() == {"detail": "Too many attempts. Try again later.", "code": "too_many_requests"}
    (logged,) = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert "limit by purpose" in logged
    assert "09123456789" not in caplog.text


@pytest.mark.parametrize(
    ("hops", "peer", "expected"),
    [(0, "203.0.113.7", [202] * 4 + [429]), (1, "10.0.0.1", [202] * 5), (1, "203.0.113.7", [202] * 5)],
)
def test_the_address_of_a_caller_is_taken_from_trusted_proxies_only(hops: int, peer: str, expected: list[int]) -> None:
    """Without any, a caller who writes `X-Forwarded-For` himself stays one caller."""
    site = Site(trusted_hops=hops)
    with site.opened(peer=peer) as http:
        answers = [
            http.post(
                "/login/start",
                json={"receiver": f"0912000000{number}"},
                headers={"X-Forwarded-For": f"198.51.100.{number}"},
            )
            for number in range(5)
        ]
    assert [answer.status_code for answer in answers] == expected


@pytest.mark.parametrize(
    ("peer", "headers", "warning"),
    [
        ("testclient", {}, "the address of callers is not known"),
        ("10.0.0.1", {"X-Forwarded-For": "203.0.113.7"}, "all callers have the address of a proxy"),
        ("10.0.0.1", {}, None),
        ("8.8.8.8", {"X-Forwarded-For": "203.0.113.8"}, None),
    ],
)
def test_a_forgotten_proxy_is_warned_about(
    peer: str, headers: dict[str, str], warning: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    """Once."""
    with Site().opened(peer=peer) as http:
        for receiver in (RECEIVER, OTHER):
            http.post("/login/start", json={"receiver": receiver}, headers=headers)
    warnings = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert [warning is not None and warning in one for one in warnings] == ([] if warning is None else [True])


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        (Fault.reset(when=When.AFTER), 202, None),
        (Fault.status(402), 503, "unavailable"),
        (Fault.status(401), 500, "internal_error"),
        (Fault.status(422), 502, "gateway_refused"),
    ],
)
def test_failures_of_the_gateway_have_responses(fault: Fault, status: int, code: str | None) -> None:
    """A code that may have been sent is a 202, and valid; one that was not sent is an error, without any handler."""
    site = Site()
    site.app.exception_handlers.clear()
    site.emulator.faults.arm(fault, on="POST /otp/sms/send")
    with site.opened() as http:
        answer = http.post("/login/start", json={"receiver": RECEIVER})
        assert (answer.status_code, answer.json().get("code")) == (status, code)
        if status == 202:
            right = site.emulator.last_code(RECEIVER)
            assert check(http, answer.json()["challenge_id"], right).status_code == 200


def test_a_store_that_fails_is_a_503(monkeypatch: pytest.MonkeyPatch) -> None:
    """No code is sent, and none is accepted."""
    site = Site()

    async def fail(*_: object, **__: object) -> None:
        raise VerificationStoreError("down")

    with site.opened() as http:
        challenge = start(http)
        for method in ("start", "check"):
            monkeypatch.setattr(site.store, method, fail)
        answers = [
            http.post("/login/start", json={"receiver": OTHER}),
            check(http, challenge, site.emulator.last_code(RECEIVER)),
        ]
    assert [answer.status_code for answer in answers] == [503, 503]
    assert answers[0].json() == {"detail": "Codes cannot be sent or checked at the moment.", "code": "unavailable"}
    assert len(site.emulator.ledger) == 1


@pytest.mark.parametrize(
    ("path", "body", "loc"),
    [
        ("start", {"receiver": "02188776655"}, ["body", "receiver"]),
        ("start", {"receiver": "+1 650 555 0100"}, ["body", "receiver"]),
        ("start", {"receiver": 9350000001}, ["body", "receiver"]),
        ("start", {"receiver": "0" * 100}, ["body", "receiver"]),
        ("check", {"challenge_id": "x", "code": 493817}, ["body", "code"]),
        ("check", {"code": "493817"}, ["body", "challenge_id"]),
    ],
)
def test_an_invalid_request_is_not_repeated(path: str, body: dict[str, Any], loc: list[str]) -> None:
    """A 422 names the place and the rule, without numbers and codes."""
    with Site().opened() as http:
        answer = http.post(f"/login/{path}", json=body)
    (problem,) = answer.json()["detail"]
    assert (answer.status_code, problem["loc"], set(problem)) == (422, loc, {"loc", "msg", "type"})
    assert not re.search("493817|88776655|935000|5550100|000000000000", answer.text)


def test_a_verifier_may_be_passed_or_found_by_a_dependency() -> None:
    """As an object, as a function of the request, or as what the lifespan opened; so may proofs with a secret of their own."""
    emulator = Emulator()
    verifier = Verifier(emulator_client(emulator), MemoryStore(), secret=SECRET, channels=[VoiceChannel()])
    own = NumberProofs("another secret of 32 characters!")

    def find(request: Request) -> Verifier:
        return cast("Verifier", request.app.state.verifier)

    app = FastAPI()
    app.state.verifier = verifier
    app.include_router(verification_router(verifier, purpose="order", proofs=own), prefix="/login")
    app.include_router(verification_router(find, purpose="order", proofs=own), prefix="/found")

    @app.get("/me", dependencies=[Depends(verified_number(verifier, purpose="order", proofs=own))])
    @app.get("/other", dependencies=[Depends(verified_number(find, purpose="order"))])
    async def me() -> str:
        return "welcome"

    http = TestClient(app)
    challenge = start(http)
    body = {"challenge_id": challenge, "code": emulator.last_code(RECEIVER)}
    headers = {"Authorization": f"Bearer {http.post('/found/check', json=body).json()['proof']}"}
    assert http.get("/me", headers=headers).json() == "welcome"
    assert http.get("/other", headers=headers).status_code == 401


def test_a_path_operation_uses_the_verifier_itself() -> None:
    """Its errors have the same responses, by `install_error_handlers`."""
    site = Site(limits=evolve(LIMITS, starts_per_hour=1))

    @site.app.post("/own")
    async def own(verifier: VerifierDep) -> str:
        return (await verifier.start(RECEIVER, purpose="login")).id

    @site.app.post("/again")
    async def again(verifier: VerifierDep) -> str:
        return (await verifier.resend("0" * 32)).id

    with site.opened() as http:
        answers = [http.post(path) for path in ("/own", "/own", "/again")]
    assert [answer.status_code for answer in answers] == [200, 429, 401]


@pytest.mark.parametrize(
    ("make", "kind", "expected"),
    [
        (lambda: verification_router(cast("Any", "x")), ConfigurationError, "verifier: expected a Verifier"),
        (lambda: verification_router(cast("Any", Verifier)), ConfigurationError, "verifier: expected a Verifier"),
        (lambda: verification_router(trusted_hops=-1), ConfigurationError, "trusted_hops: expected"),
        (lambda: verification_router(purpose="a b"), InvalidInputError, "purpose: expected"),
        (lambda: verified_number(cast("Any", 7)), ConfigurationError, "verifier: expected a Verifier"),
        (lambda: verified_number(purpose=""), InvalidInputError, "purpose: expected"),
    ],
)
def test_invalid_arguments_are_refused(make: Callable[[], object], kind: type[Exception], expected: str) -> None:
    """When the app is built."""
    with pytest.raises(kind, match=expected):
        make()


def test_the_openapi_document_describes_the_routes() -> None:
    """It is valid, and has every status with its body."""
    document = Site().app.openapi()
    validate(cast("Any", document))
    statuses = {
        path: sorted(routes["post"]["responses"]) for path, routes in document["paths"].items() if "post" in routes
    }
    assert statuses == {
        "/login/start": ["202", "422", "429", "500", "502", "503", "504"],
        "/login/resend": ["202", "401", "422", "429", "500", "502", "503", "504"],
        "/login/check": ["200", "401", "422", "429", "503"],
    }
    assert document["paths"]["/me"]["get"]["security"] == [{"VerifiedNumber": []}]
