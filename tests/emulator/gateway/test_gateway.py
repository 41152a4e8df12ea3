from collections.abc import Callable
from typing import Any

import pytest

from wikipayam_async.emulator import Emulator, Limits, Request

Call = Callable[..., tuple[int, Any]]
Ask = Callable[..., Request]


@pytest.mark.parametrize(
    "path", ["/api/v1/nowhere", "/api/v1", "/", "/user/balance", "/api/v1/receives/a/b", "/api/v1/receives/"]
)
def test_a_path_that_leads_nowhere(emulator: Emulator, path: str) -> None:
    """An unknown path is a 404 with Laravel's message, and needs no token."""
    response = emulator.handle(Request("GET", path))
    assert (response.status, response.json()) == (404, {"message": f"The route {path.lstrip('/')} could not be found."})


def test_a_method_that_is_not_supported(emulator: Emulator, ask: Ask) -> None:
    """A known path with another method is a 405 that says what is allowed."""
    response = emulator.handle(ask("PUT /service/holoo"))
    assert (response.status, response.headers["allow"]) == (405, "GET, POST")
    assert response.json() == {
        "message": "The PUT method is not supported for route api/v1/service/holoo. Supported methods: GET, POST."
    }


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer wrong", "Basic emulator-token", "emulator-token"])
def test_a_token_that_is_not_known(emulator: Emulator, header: str) -> None:
    """Without the right bearer token nothing is answered."""
    response = emulator.handle(Request("GET", "/api/v1/user/balance", headers={"Authorization": header}))
    assert (response.status, response.json()) == (401, {"message": "Unauthenticated."})


def test_a_token_in_the_query_is_holoo_s_alone(emulator: Emulator) -> None:
    """Other endpoints do not look for a token in the query, nor Holoo's GET in the headers."""
    in_query = emulator.handle(Request("GET", "/api/v1/user/balance", {"password": "emulator-token"}))
    in_header = emulator.handle(
        Request("GET", "/api/v1/service/holoo", headers={"Authorization": "Bearer emulator-token"})
    )
    assert [in_query.status, in_header.status] == [401, 401]


def test_a_body_larger_than_allowed_gets_the_proxy_s_page(emulator: Emulator, ask: Ask) -> None:
    """The proxy measures first and asks for no token."""
    emulator.limits = Limits(max_body_bytes=10)
    statuses = [emulator.handle(ask("POST /sms/deliver", "x" * size, token=None)).status for size in (8, 9)]
    assert statuses == [401, 413]


@pytest.mark.parametrize(
    ("prefix", "path"), [("", "/user/balance"), ("/", "/user/balance"), ("v2/sms/", "/v2/sms/user/balance")]
)
def test_the_prefix_may_be_another(prefix: str, path: str) -> None:
    """The prefix is written with or without slashes, and may be nothing."""
    emulator = Emulator(prefix=prefix)
    request = Request("GET", path, headers={"Authorization": "Bearer emulator-token"})
    assert emulator.handle(request).status == 200
    assert emulator.requests_to("GET /user/balance") == 1


def test_mark_read_is_also_an_id(call: Call) -> None:
    """A GET of the path of another endpoint asks for a message of that name, as a Laravel router has it."""
    assert call("GET /receives/mark-read") == (404, {"message": "Receive not found."})


def test_accounts_are_apart(call: Call, emulator: Emulator) -> None:
    """Another account has its own name, number, balance and lines."""
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
        ({"token": "emulator-token"}, "the token or the name is taken"),
        ({"token": "new", "username": "09123456789"}, "the token or the name is taken"),
        ({"token": "new", "lines": []}, "an account has at least one line"),
    ],
)
def test_an_account_that_cannot_be_opened(emulator: Emulator, options: dict[str, Any], message: str) -> None:
    """Tokens and names are unique, and there is a line to send from."""
    with pytest.raises(ValueError) as caught:
        emulator.add_account(**options)
    assert str(caught.value) == message
