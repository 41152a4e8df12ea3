import logging

import pytest

from tests.emulator.server.conftest import Api
from wikipayam_async.emulator import Emulator
from wikipayam_async.emulator.server.control import app as module


@pytest.mark.parametrize(
    ("target", "body", "status", "problem"),
    [
        ("GET /nothing", b"", 404, "There is no such call."),
        ("PATCH /ledger", b"", 405, "The path has no such method."),
        ("POST /inbox", b"{", 400, "The body is not valid JSON."),
        ("POST /inbox", b"[" * 100_000, 400, "The body is not valid JSON."),
        ("POST /inbox", b"", 422, "The body is invalid: Object missing required field `sender`."),
        ("POST /inbox", [], 422, "The body is invalid: Expected `object`, got `array`."),
        (
            "POST /inbox",
            {"sender": "", "message": "x"},
            422,
            "The body is invalid: Expected `str` of length >= 1 - at `$.sender`.",
        ),
        ("POST /inbox", {"from": "98912"}, 422, "The body has an unknown field: from."),
        ("PUT /balance", {"balance": "5"}, 422, "The body is invalid: Expected `int`, got `str` - at `$.balance`."),
        ("PUT /balance", {"balance": -1}, 422, "The body is invalid: Expected `int` >= 0 - at `$.balance`."),
        ("POST /clock", {"advance": -1}, 422, "The body is invalid: Expected `float` >= 0.0 - at `$.advance`."),
        ("POST /reset", {"all": True}, 422, "The body has an unknown field: all."),
        ("GET /ledger?limit=0", b"", 422, "The query is invalid: Expected `int` >= 1 - at `$.limit`."),
        ("GET /ledger?limit=x", b"", 422, "The query is invalid: Expected `int`, got `str` - at `$.limit`."),
        ("GET /ledger?reciever=0912", b"", 422, "The query has an unknown field: reciever."),
        ("GET /balance?x=1", b"", 422, "The call takes no query."),
    ],
)
def test_a_bad_call_is_explained(api: Api, target: str, body: object, status: int, problem: str) -> None:
    """The response says what is wrong and what to do, as JSON."""
    refused = api(target, body)
    assert (refused.status, refused.json["message"]) == (status, problem)
    assert (sorted(refused.json), bool(refused.json["hint"])) == (["hint", "message"], True)
    assert refused.headers["content-type"] == "application/json"


def test_a_wrong_method_names_the_right_ones(api: Api) -> None:
    """The header Allow and the hint have the methods of the path."""
    refused = api("PUT /faults", headers={"Content-Type": ""})
    assert (refused.status, refused.headers["allow"], refused.json["hint"]) == (
        405,
        "GET, POST, DELETE",
        "Use GET, POST, DELETE.",
    )


def test_responses_are_for_programs_only(api: Api) -> None:
    """Nobody keeps a response, and no page of another site can use one."""
    headers = api("GET /").headers
    assert (headers["cache-control"], headers["x-content-type-options"]) == ("no-store", "nosniff")
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert [name for name in headers if name.startswith("access-control")] == []


def test_head_is_get_without_a_body(api: Api) -> None:
    """HEAD needs no content type, and has the length of the body of GET."""
    got, head = api("GET /balance"), api("HEAD /balance", headers={"Content-Type": ""})
    assert (head.status, head.body, head.headers["content-length"]) == (200, b"", str(len(got.body)))


@pytest.mark.parametrize("target", ["POST /reset", "DELETE /faults", "PUT /balance"])
def test_a_form_of_another_site_changes_nothing(api: Api, emulator: Emulator, target: str) -> None:
    """A call that changes something has to say that it is JSON, with an empty body too."""
    emulator.inbound(sender="98912", message="x")
    for content_type in ("", "text/plain", "application/x-www-form-urlencoded"):
        assert api(target, b'{"balance":0}', headers={"Content-Type": content_type}).status == 415
    assert (len(emulator.inbox()), emulator.account.balance) == (1, 3_435_993_800)


def test_a_stranger_is_refused_before_anything_is_read(api: Api) -> None:
    """The address, the host and the origin are checked first."""
    assert api("GET /", client=("10.0.0.1", 1)).status == 403
    assert api("GET /", client=None).status == 403
    assert api("GET /", headers={"Host": "evil.example"}).status == 403
    assert api("POST /reset", headers={"Origin": "https://evil.example"}).status == 403


def test_a_call_that_is_cut_off_changes_nothing(api: Api, emulator: Emulator) -> None:
    """What arrived of it is not done."""
    emulator.inbound(sender="98912", message="x")
    assert api("POST /reset", b"{}", cut_off=True).status == 413
    assert len(emulator.inbox()) == 1


def test_a_body_has_a_maximum_size(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """A larger body is refused."""
    monkeypatch.setattr(module, "MAX_BODY", 8)
    assert [api("PUT /balance", body).status for body in (b'{"a":1}', b'{"balance":1}')] == [422, 413]


def test_texts_are_not_logged(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    """Nothing of a call reaches a log."""
    with caplog.at_level(logging.DEBUG):
        api("POST /inbox", {"sender": "989127782175", "message": "secret"})
    assert caplog.text == ""
