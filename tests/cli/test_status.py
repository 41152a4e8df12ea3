from __future__ import annotations

from tests.cli.conftest import Run
from wikipayam_async.emulator import DELIVERED, UNDELIVERED, Emulator, waiting_then

SOON, LATER = "09120000001", "09120000002"


def send(run: Run, receiver: str) -> str:
    """Send a message, and return its id."""
    return str(run("send", receiver, "text", "--json").json["results"][0]["id"])


def test_statuses_are_shown(gateway: Emulator, run: Run) -> None:
    """What the gateway knows is shown in the order asked; waiting is no failure."""
    ids = [send(run, SOON), send(run, LATER)]
    ended = run("status", *ids, "--json")
    assert (ended.code, [one["id"] for one in ended.json["statuses"]], ended.json["not_known"]) == (0, ids, [])
    assert {one["status"] for one in ended.json["statuses"]} == {"WAITING_FOR_UPDATE"}
    assert ids[0] in run("status", ids[0]).err


def test_what_the_gateway_does_not_know_is_open(gateway: Emulator, run: Run) -> None:
    """An id that the gateway does not mention is named, and the exit code says that its outcome is not known."""
    ended = run("status", "a" * 24)
    assert (ended.code, ended.err.splitlines()[-1]) == (3, f"the gateway does not know: {'a' * 24}")


def test_following_shows_each_change(gateway: Emulator, run: Run) -> None:
    """Each status is a line as it is seen; what did not arrive ends with 1."""
    gateway.delivery.choose(SOON, waiting_then(DELIVERED, after=0))
    gateway.delivery.choose(LATER, waiting_then(UNDELIVERED, after=0))
    ids = [send(run, SOON), send(run, LATER)]
    ended = run("status", *ids, "--follow", "--json")
    assert (ended.code, [one["status"] for one in ended.lines]) == (1, [DELIVERED, UNDELIVERED])
    assert run("status", ids[0], "--follow").code == 0


def test_following_ends_with_the_time(gateway: Emulator, run: Run) -> None:
    """What is open when the time is up is named, and ends with 3."""
    (id_,) = [send(run, SOON)]
    ended = run("status", id_, "--follow", "--wait", "0")
    assert (ended.code, ended.err.splitlines()[-1]) == (3, f"still open after 0 s: {id_}")


def test_no_id_is_a_mistake(gateway: Emulator, run: Run) -> None:
    """At least one id has to be named, and one that cannot be an id is refused before any traffic."""
    assert run("status").code == 2
    assert run("status", "../x").code == 2
    assert gateway.requests == 0
