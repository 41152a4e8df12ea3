from __future__ import annotations

import gc
from types import SimpleNamespace
from typing import Any

import pytest

from wikipayam_async import AsyncWikipayam, InvalidInputError
from wikipayam_async.emulator import Emulator
from wikipayam_async.integrations.observed import Observed, server_of
from wikipayam_async.testing import emulator_client


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("https://wikipayam.ir", ("wikipayam.ir", 443)),
        ("http://127.0.0.1", ("127.0.0.1", 80)),
        ("https://[2001:db8::1]:8443/path", ("2001:db8::1", 8443)),
    ],
)
def test_the_server_of_a_url(url: str, server: tuple[str, int]) -> None:
    """The port is that of the scheme if the URL names none."""
    assert server_of(url) == server


@pytest.mark.anyio
async def test_each_kind_is_found() -> None:
    """Clients, queues and workers are told apart; what is added twice counts once, and what is collected not at all."""
    observed = Observed()
    client = AsyncWikipayam("token")
    with_emulator = emulator_client(Emulator())
    outbox, batcher = client.sms.outbox(), client.sms.batcher()
    worker = client.receives.worker(print)
    observed.add(client, with_emulator, outbox, batcher, worker, outbox)
    assert [name for name, _ in observed.queues()] == ["batcher", "outbox"]
    assert list(observed.workers()) == [worker]
    assert observed.waiting() == {("wikipayam.ir", 443): 0}
    assert observed.connections() == {(("wikipayam.ir", 443), state): 0 for state in ("in_use", "idle")}
    assert observed.waiting_messages() == {"batcher": 0, "outbox": 0}
    del batcher
    gc.collect()
    assert [name for name, _ in observed.queues()] == ["outbox"]


def test_what_has_no_figures_is_refused() -> None:
    """The error names the rule and not the value."""
    wrong: Any = SimpleNamespace()
    with pytest.raises(InvalidInputError, match=r"observed: expected a client, or a queue .*; got an object of type"):
        Observed().add(wrong)
