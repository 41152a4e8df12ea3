from collections.abc import Callable
from typing import Any

import pytest

from wikipayam_async.emulator import Emulator, Limits, Request

Call = Callable[..., tuple[int, Any]]
Ask = Callable[..., Request]


@pytest.mark.parametrize(
    "path", ["/api/v1/nowhere", "/api/v1", "/", "/user/balance", "/api/v1/receives/a/b", "/api/v1/receives/"]
)
def test_an_unknown_path(emulator: Emulator, path: str) -> None:
    """An unknown path gives a 404 with Laravel's message, without a token."""
    response = emulator.handle(Request("GET", path))
    assert (response.status, response.json()) == (404, {"message": f"The route {path.lstrip('/')} could not be found."})


def test_an_unsupported_method(emulator: Emulator, ask: Ask) -> None:
    """A known path with another method gives a 405 that lists the supported methods."""
    response = emulator.handle(ask("PUT /service/holoo"))
    assert (response.status, response.headers["allow"]) == (405, "GET, HEAD, POST")
    assert response.json() == {
        "message": "The PUT method is not supported for route api/v1/service/holoo. Supported methods: GET, HEAD, POST."
    }


def test_head_runs_the_handler_of_get(emulator: Emulator, ask: Ask) -> None:
    """HEAD has the status and the headers of GET, with the length of its body, and no body."""
    got, head = emulator.handle(ask("GET /user/balance")), emulator.handle(ask("HEAD /user/balance"))
    assert (head.status, head.body) == (200, b"")
    assert head.headers == {**got.headers, "content-length": str(len(got.body))}
    refused = emulator.handle(ask("HEAD /receives/x", token=None))
    assert (refused.status, refused.body, refused.headers["content-length"]) == (401, b"", "30")
    assert emulator.handle(ask("HEAD /sms/send")).headers["allow"] == "POST"


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer wrong", "Basic emulator-token", "emulator-token"])
def test_an_unknown_token(emulator: Emulator, header: str) -> None:
    """A missing or unknown bearer token gives a 401."""
    response = emulator.handle(Request("GET", "/api/v1/user/balance", headers={"Authorization": header}))
    assert (response.status, response.json()) == (401, {"message": "Unauthenticated."})


def test_only_holoo_reads_the_token_from_the_query(emulator: Emulator) -> None:
    """Other endpoints ignore a token in the query, and `GET /service/holoo` ignores the headers."""
    in_query = emulator.handle(Request("GET", "/api/v1/user/balance", {"password": "emulator-token"}))
    in_header = emulator.handle(
        Request("GET", "/api/v1/service/holoo", headers={"Authorization": "Bearer emulator-token"})
    )
    assert [in_query.status, in_header.status] == [401, 401]


def test_a_body_above_the_limit_is_refused(emulator: Emulator, ask: Ask) -> None:
    """The proxy checks the size before the token is checked."""
    emulator.limits = Limits(max_body_bytes=10)
    statuses = [emulator.handle(ask("POST /sms/deliver", "x" * size, token=None)).status for size in (8, 9)]
    assert statuses == [401, 413]


@pytest.mark.parametrize(
    ("prefix", "path"), [("", "/user/balance"), ("/", "/user/balance"), ("v2/sms/", "/v2/sms/user/balance")]
)
def test_the_prefix_can_be_changed(prefix: str, path: str) -> None:
    """The prefix may have outer slashes or none, and may be empty."""
    emulator = Emulator(prefix=prefix)
    request = Request("GET", path, headers={"Authorization": "Bearer emulator-token"})
    assert emulator.handle(request).status == 200
    assert emulator.requests_to("GET /user/balance") == 1


def test_mark_read_is_also_a_message_id(call: Call) -> None:
    """`GET /receives/mark-read` looks up a message with that id, as a Laravel router does."""
    assert call("GET /receives/mark-read") == (404, {"message": "Receive not found."})


def test_accounts_are_separate(call: Call, emulator: Emulator) -> None:
    """Another account has its own name, id, balance and lines."""
    emulator.add_account(token="other", balance=5, lines=["3000"], user_name="shop")
    assert call("GET /user/balance", token="other")[1]["data"] == {
        "balance": 5,
        "currency": "IRR",
        "user_id": 2,
        "user_name": "shop",
    }
    assert emulator.inbox("3000") == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"token": "emulator-token"}, "the token or the user name is taken"),
        ({"token": "new", "username": "09123456789"}, "the token or the user name is taken"),
        ({"token": "new", "lines": []}, "an account needs at least one line"),
    ],
)
def test_an_invalid_account_is_refused(emulator: Emulator, options: dict[str, Any], message: str) -> None:
    """Tokens and user names are unique, and an account needs a line."""
    with pytest.raises(ValueError) as caught:
        emulator.add_account(**options)
    assert str(caught.value) == message
