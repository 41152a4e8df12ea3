from __future__ import annotations

from typing import Annotated

import pytest
from fastapi import Depends, FastAPI
from fastapi.testclient import TestClient

from tests.integrations.fastapi.app import RECEIVER, factory, make_app
from wikipayam_async import AsyncWikipayam, Batcher
from wikipayam_async.emulator import Emulator
from wikipayam_async.integrations.fastapi import (
    BatcherDep,
    WikipayamDep,
    get_outbox,
    get_wikipayam,
    wikipayam_lifespan,
)


@pytest.mark.parametrize("path", ["/balance", "/worker"])
def test_without_the_lifespan_the_error_says_what_to_do(emulator: Emulator, path: str) -> None:
    """A test client that was not entered runs no lifespan; the error names both remedies."""
    http = TestClient(make_app(wikipayam_lifespan(factory(emulator))))
    with pytest.raises(RuntimeError) as caught:
        http.get(path)
    assert "FastAPI(lifespan=wikipayam_lifespan())" in str(caught.value)
    assert "with TestClient(app) as http" in str(caught.value)
    dependency = {"/balance": "get_wikipayam", "/worker": "get_inbound_worker"}[path]
    assert f"app.dependency_overrides[{dependency}]" in str(caught.value)


def test_a_missing_outbox_is_an_error_that_says_how_to_open_one(http: TestClient) -> None:
    """If the lifespan opened no outbox, the error shows the argument that opens one."""
    with pytest.raises(RuntimeError, match=r"wikipayam_lifespan\(outbox=lambda client: client.sms.outbox\(\)\)"):
        http.post("/notices")


def test_dependencies_can_be_overridden(emulator: Emulator) -> None:
    """A test can replace the client, and then needs no lifespan."""
    app = make_app()
    app.dependency_overrides[get_wikipayam] = factory(emulator)
    assert TestClient(app).post("/orders/A-1/notice").status_code == 200
    assert len(emulator.ledger) == 1


def test_an_outbox_can_be_overridden(emulator: Emulator) -> None:
    """A test can replace the outbox with any object that has a `post` method."""

    class FakeOutbox:
        def post(self, receiver: str, message: str) -> str:
            return f"{message} to {receiver}"

    app = make_app()
    app.dependency_overrides[get_outbox] = FakeOutbox
    assert TestClient(app).post("/notices").json() == {"track_id": f"Later to {RECEIVER}"}


def test_mounted_apps_share_the_client(emulator: Emulator) -> None:
    """A mounted app, whose own lifespan does not run, uses the client of the outer app."""
    outer = FastAPI(lifespan=wikipayam_lifespan(factory(emulator)))
    outer.mount("/inner", make_app())
    with TestClient(outer) as http:
        assert http.post("/inner/orders/A-1/notice").status_code == 200
    assert len(emulator.ledger) == 1


async def patient(client: WikipayamDep) -> AsyncWikipayam:
    """Return the client with a longer timeout: an app's own dependency."""
    return client.with_options(timeout=60)


def test_an_app_s_own_dependency_can_use_the_client(emulator: Emulator) -> None:
    """A dependency of the app can build on `WikipayamDep`."""
    app = FastAPI(lifespan=wikipayam_lifespan(factory(emulator)))

    @app.get("/balance")
    async def balance(client: Annotated[AsyncWikipayam, Depends(patient)]) -> bool:
        return (await client.balance()).balance > 0

    with TestClient(app) as http:
        assert http.get("/balance").json() is True


def test_a_web_socket_sends(emulator: Emulator, http: TestClient) -> None:
    """The same dependency serves web sockets."""
    with http.websocket_connect("/live") as socket:
        socket.send_text("+98 912 345 6789")
        assert socket.receive_text() == RECEIVER
    assert len(emulator.ledger) == 1


def test_requests_share_a_batcher(emulator: Emulator) -> None:
    """The lifespan opens the batcher, a handler awaits its own outcome, and the batcher closes before the client."""
    app = make_app(wikipayam_lifespan(factory(emulator), batcher=lambda client: client.sms.batcher()))
    opened: list[Batcher] = []

    @app.post("/ready/{order}")
    async def ready(order: str, batcher: BatcherDep) -> str | None:
        opened.append(batcher)
        return (await batcher.send(RECEIVER, "Ready", track_id=order)).track_id

    with TestClient(app) as http:
        assert http.post("/ready/A-1").json() == "A-1"
        assert app.state.wikipayam_batcher is opened[0]
        assert opened[0].healthy
    assert (opened[0].healthy, hasattr(app.state, "wikipayam_batcher")) == (False, False)
    assert [sms.track_id for sms in emulator.ledger] == ["A-1"]


def test_a_missing_batcher_is_an_error_that_says_how_to_open_one(emulator: Emulator) -> None:
    """If the lifespan opened no batcher, the error shows the argument that opens one."""
    app = make_app(wikipayam_lifespan(factory(emulator)))

    @app.post("/ready")
    async def ready(batcher: BatcherDep) -> int:
        return batcher.waiting

    with (
        TestClient(app) as http,
        pytest.raises(RuntimeError, match=r"wikipayam_lifespan\(batcher=lambda client: client.sms.batcher\(\)\)"),
    ):
        http.post("/ready")
