from __future__ import annotations

from collections.abc import Sequence

import pytest
from anyio.lowlevel import checkpoint

from tests.cli.conftest import Run
from wikipayam_async import Delivery, DeliveryStatus, UnprocessableError
from wikipayam_async.emulator import DELIVERED, FAILED, UNDELIVERED, Emulator, Fault, waiting_then

SOON, LATER = "09120000001", "09120000002"


def send(run: Run, receiver: str) -> str:
    """Send a message, and return its id."""
    return str(run("send", receiver, "text", "--json").json["results"][0]["id"])


def test_statuses_are_shown(gateway: Emulator, run: Run) -> None:
    """Statuses are shown in the order of the arguments; a pending one is no failure."""
    gateway.delivery.script = waiting_then(DELIVERED, after=3600)
    ids = [send(run, SOON), send(run, LATER)]
    ended = run("status", *ids, "--json")
    assert (ended.code, [one["id"] for one in ended.json["statuses"]], ended.json["not_known"]) == (0, ids, [])
    assert {one["status"] for one in ended.json["statuses"]} == {"WAITING_FOR_UPDATE"}
    assert run("status", ids[0]).out.startswith(f"id\tstatus\ttrack id\n{ids[0]}\t")


def test_an_id_unknown_to_the_gateway_ends_with_3(gateway: Emulator, run: Run) -> None:
    """An id that the gateway does not return is listed, and the exit code is 3."""
    ended = run("status", "a" * 24)
    assert (ended.code, ended.err.splitlines()[-1]) == (3, f"unknown to the gateway: {'a' * 24}")


def test_following_shows_each_change(gateway: Emulator, run: Run) -> None:
    """Each status change is a line; a failed delivery ends with 1."""
    gateway.delivery.choose(SOON, waiting_then(DELIVERED, after=0))
    gateway.delivery.choose(LATER, waiting_then(FAILED, after=0))
    ids = [send(run, SOON), send(run, LATER)]
    ended = run("status", *ids, "--follow", "--json")
    assert (ended.code, [one["status"] for one in ended.lines]) == (1, [DELIVERED, FAILED])
    assert run("status", ids[0], "--follow").code == 0


def test_following_stops_at_the_time_limit(gateway: Emulator, run: Run) -> None:
    """Messages that are pending at the time limit are listed, and the exit code is 3."""
    (id_,) = [send(run, SOON)]
    ended = run("status", id_, "--follow", "--wait", "0")
    assert (ended.code, ended.err.splitlines()[-1]) == (3, f"still pending after 0 s: {id_}")


def test_a_missing_or_invalid_id_is_a_usage_error(gateway: Emulator, run: Run) -> None:
    """At least one id is required, and an invalid one is refused before any request."""
    assert run("status").code == 2
    assert run("status", "../x").code == 2
    assert gateway.requests == 0


def test_a_refused_id_delays_no_other(gateway: Emulator, run: Run) -> None:
    """The ids that the gateway refuses to look up are named, and the others are shown."""
    id_ = send(run, SOON)
    gateway.faults.script([Fault.status(422), None, Fault.status(422)], on="POST /sms/deliver")
    ended = run("status", id_, "a" * 24)
    assert (ended.code, f"refused by the gateway: {'a' * 24}\n" in ended.err, id_ in ended.out) == (3, True, True)


@pytest.mark.parametrize("options", [[], ["--follow", "--wait", "5"]])
def test_a_refused_id_is_named(
    gateway: Emulator, run: Run, options: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An id that the gateway refuses is named, and hides no other; the exit code is 3."""

    async def query(_: object, ids: Sequence[str], *, timeout: float | None = None) -> list[Delivery]:
        del timeout
        await checkpoint()
        if "bad" in ids:
            raise UnprocessableError("no", status_code=422)
        return [Delivery(id_, DeliveryStatus.DELIVERED) for id_ in ids]

    monkeypatch.setattr("wikipayam_async.services.sms.tracking.DeliveryTracking._query", query)
    ended = run("status", "good", "bad", *options)
    assert (ended.code, "refused by the gateway: bad" in ended.err, "DELIVERED" in ended.out) == (3, True, True)


def test_what_is_not_delivered_so_far_may_still_arrive(gateway: Emulator, run: Run) -> None:
    """A look at it ends with 1, and following it at the time limit with 3, since its status is not final."""
    gateway.delivery.choose(SOON, waiting_then(UNDELIVERED, after=0))
    id_ = send(run, SOON)
    assert [run("status", id_).code, run("status", id_, "--follow", "--wait", "0").code] == [1, 3]
