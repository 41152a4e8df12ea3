from contextlib import nullcontext

import pytest

from wikipayam_async.emulator.server.control.guard import Guard, check_content_type, host_name
from wikipayam_async.emulator.server.control.problem import Refusal

OWN = {"host": "127.0.0.1:8026"}


def status_of(guard: Guard, headers: dict[str, str], client: str | None = "127.0.0.1") -> int | None:
    """Return the status of the refusal; None if the call is allowed."""
    try:
        guard.check(headers, client)
    except Refusal as refusal:
        return refusal.status
    return None


@pytest.mark.parametrize("client", ["127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1"])
def test_this_machine_may(client: str) -> None:
    """Every loopback address may call."""
    assert status_of(Guard(), OWN, client) is None


@pytest.mark.parametrize("client", ["192.168.1.4", "::ffff:10.0.0.1", "fe80::1", "", "unix", None])
def test_other_machines_may_not(client: str | None) -> None:
    """Another or an unknown address is refused."""
    assert status_of(Guard(), OWN, client) == 403


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST.:80", "127.0.0.1:8026", "[::1]:8026"])
def test_the_names_of_this_machine_are_allowed(host: str) -> None:
    """Names of this machine are allowed in any spelling and with any port."""
    assert status_of(Guard(), {"host": host}) is None


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "", "[::2]", "127.0.0.1.evil.example:8026"])
def test_other_names_are_refused(host: str) -> None:
    """A page whose name resolves to this machine names another host (DNS rebinding)."""
    assert status_of(Guard(), {"host": host}) == 403


def test_more_names_can_be_allowed() -> None:
    """The address that the emulator listens on is a name of it."""
    assert status_of(Guard(hosts=frozenset({"emulator"})), {"host": "emulator:8026"}) is None


@pytest.mark.parametrize(
    ("origin", "expected"), [("http://127.0.0.1:8026", None), ("https://evil.example", 403), ("null", 403)]
)
def test_pages_of_other_sites_are_refused(origin: str, expected: int | None) -> None:
    """A browser says which site a page is of; only the emulator's own pages may call, with a token too."""
    assert status_of(Guard(), {**OWN, "origin": origin}) == expected
    assert status_of(Guard("t"), {**OWN, "origin": origin, "authorization": "Bearer t"}) == expected


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer wrong", "Basic secret", "secret", "Bearer sécret"])
def test_with_a_token_every_caller_must_send_it(header: str) -> None:
    """Without the token, callers on this machine are refused, too."""
    with pytest.raises(Refusal) as caught:
        Guard("secret").check({**OWN, "authorization": header}, "127.0.0.1")
    assert (caught.value.status, caught.value.headers) == (401, {"www-authenticate": "Bearer"})
    assert "secret" not in caught.value.problem.hint


def test_with_the_token_a_caller_may_be_anywhere() -> None:
    """The token replaces the check of address and host."""
    assert status_of(Guard("secret"), {"host": "emulator:8026", "authorization": "bearer secret"}, "10.0.0.7") is None


@pytest.mark.parametrize("token", ["", "two words", "رمز"])
def test_an_unusable_token_is_refused(token: str) -> None:
    """A token has visible ASCII characters; the error names the variable and does not show it."""
    with pytest.raises(ValueError) as caught:
        Guard(token)
    assert str(caught.value) == (
        "the control token (WIKIPAYAM_EMULATOR_CONTROL_TOKEN) must have visible ASCII characters only"
    )


def test_the_token_is_not_shown() -> None:
    """The repr leaves it out."""
    assert "secret" not in repr(Guard("secret"))


@pytest.mark.parametrize(
    ("content_type", "allowed"),
    [
        ("application/json", True),
        ("Application/JSON; charset=utf-8", True),
        ("", False),
        ("text/plain", False),
        ("application/x-www-form-urlencoded", False),
        ("application/json-seq", False),
    ],
)
def test_only_json_may_change_something(content_type: str, allowed: bool) -> None:
    """A page of another site can send forms and texts without asking the browser, and JSON it cannot."""
    with nullcontext() if allowed else pytest.raises(Refusal) as caught:
        check_content_type({"content-type": content_type})
    assert caught is None or caught.value.status == 415


def test_a_host_has_a_name_and_a_port() -> None:
    """The name is in lower case, without the port, brackets and a final dot."""
    assert [host_name(host) for host in ("A.B.:1", "[::1]:2", "x", "")] == ["a.b", "::1", "x", ""]
