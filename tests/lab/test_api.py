from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
import pytest

from wikipayam_async.emulator import TEHRAN, Emulator, Exchange, Request
from wikipayam_async.emulator.server.control.problem import Refusal
from wikipayam_async.lab.api import LabApi, decoded
from wikipayam_async.lab.forms import forms
from wikipayam_async.lab.gateway import emulated
from wikipayam_async.lab.models import RunRequest

URL = "http://127.0.0.1:8026"
SEND = {"operation": "sms_send", "fields": {"receiver": "09123456789", "message": "x"}, "prices": {"persian": 1000}}


def encoded(value: Any) -> bytes:
    """Return a body."""
    return msgspec.json.encode(value)


def test_the_description_has_the_forms_and_the_settings() -> None:
    """The page learns the gateway's URL, which is its own for the emulator, and every form."""
    found = LabApi(emulated(Emulator())).describe(URL)
    assert (found.base_url, found.is_real, found.sender, found.username) == (URL, False, "10002000", "09123456789")
    assert found.forms == forms()


@pytest.mark.anyio
async def test_a_prepared_call_is_made_once_as_it_was_shown() -> None:
    """What was shown is sent, with its track id; the second time nothing is sent, and the refusal says where to look."""
    emulator = Emulator()
    api = LabApi(emulated(emulator), now=lambda: datetime(2026, 1, 2, 3, 4, 5, tzinfo=TEHRAN))
    prepared = await api.prepare(encoded(SEND), URL)
    assert prepared.cost is not None
    assert (prepared.cost.cost, prepared.error) == (1000, None)
    call = await api.run(encoded({"number": prepared.number}))
    (entry,) = emulator.ledger
    assert f'track_id="{entry.track_id}"' in prepared.python
    assert call.made is not None
    assert (call.number, call.at, call.operation, call.made.error) == (1, "2026-01-02T03:04:05+03:30", "sms_send", None)
    assert api.calls().calls == [call]
    with pytest.raises(Refusal) as refused:
        await api.run(encoded({"number": prepared.number}))
    assert (refused.value.status, len(emulator.ledger)) == (409, 1)


@pytest.mark.anyio
async def test_a_call_under_way_is_listed() -> None:
    """While the gateway has not answered, the call is in the list, so that nobody makes it again after a reload."""
    emulator = Emulator()
    listed: list[bool] = []

    class Watched:
        def exchange(self, request: Request) -> Exchange:
            listed.append(api.calls().calls[0].made is None)
            return emulator.exchange(request)

    api = LabApi(emulated(Watched()))
    for _ in range(101):
        prepared = await api.prepare(encoded({"operation": "account_balance"}), URL)
        await api.run(encoded({"number": prepared.number}))
    assert (set(listed), [call.number for call in api.calls().calls]) == ({True}, [*range(101, 1, -1)])


@pytest.mark.anyio
async def test_a_given_track_id_is_kept() -> None:
    """A track id is made only where the form has a field for it and the field is empty; a read has no cost."""
    api = LabApi(emulated(Emulator()))
    given = {**SEND, "fields": {"receiver": "09123456789", "message": "x", "track_id": "MINE"}}
    assert 'track_id="MINE"' in (await api.prepare(encoded(given), URL)).python
    balance = await api.prepare(encoded({"operation": "account_balance"}), URL)
    assert ("track_id" in balance.python, balance.cost) == (False, None)


@pytest.mark.anyio
async def test_what_the_client_refuses_cannot_be_made() -> None:
    """An invalid value is the client's own error, before any request, and leaves no call to make."""
    prepared = await LabApi(emulated(Emulator())).prepare(encoded({"operation": "sms_send"}), URL)
    assert prepared.error is not None
    assert (prepared.number, prepared.error.type) == ("", "wikipayam_async.InvalidInputError")


def test_the_time_of_a_call_is_that_of_this_machine() -> None:
    """By default the time of a call has a time zone."""
    assert LabApi(emulated(Emulator())).now().tzinfo is not None


def test_texts_are_counted() -> None:
    """A text has its parts; what cannot be counted is refused."""
    api = LabApi(emulated(Emulator()))
    assert api.calculate(encoded({"text": "hello"})).parts == ["hello"]
    with pytest.raises(Refusal) as refused:
        api.calculate(encoded({"text": "hello", "prices": {"persian": -1}}))
    assert refused.value.status == 422


@pytest.mark.parametrize("body", [b"", b"[]", b"\xff", b'{"number": 1}', b"[" * 5000])
def test_a_body_of_another_shape_is_refused(body: bytes) -> None:
    """A body that is not JSON, or has another shape, is a 422."""
    with pytest.raises(Refusal) as refused:
        decoded(body, RunRequest)
    assert refused.value.status == 422
