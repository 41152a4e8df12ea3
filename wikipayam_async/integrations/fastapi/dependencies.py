"""The dependencies of path operations: the client, the batcher, the outbox, the inbound worker, the verifier."""

from __future__ import annotations

from typing import Annotated, TypeAlias, cast

from fastapi import Depends
from fastapi.requests import HTTPConnection

from wikipayam_async.batching.batcher import Batcher
from wikipayam_async.batching.outbox import Outbox
from wikipayam_async.integrations.fastapi.lifespan import BATCHER, CLIENT, OUTBOX, VERIFIER, WORKER
from wikipayam_async.public import AsyncWikipayam
from wikipayam_async.services.receives.worker import InboundWorker
from wikipayam_async.verification import Verifier

__all__ = [
    "BatcherDep",
    "InboundWorkerDep",
    "OutboxDep",
    "VerifierDep",
    "WikipayamDep",
    "get_batcher",
    "get_inbound_worker",
    "get_outbox",
    "get_verifier",
    "get_wikipayam",
]

_NO_CLIENT = (
    "there is no Wikipayam client, because the app's lifespan did not run: build the app with "
    "FastAPI(lifespan=wikipayam_lifespan()). In a test, enter the test client (with TestClient(app) as http: ...), "
    "or override the dependency: app.dependency_overrides[{dependency}] = ..."
)
_NOT_CONFIGURED = "the app's lifespan does not open one: pass it to wikipayam_lifespan({how})"


async def get_wikipayam(connection: HTTPConnection) -> AsyncWikipayam:
    """Return the client that the app's lifespan opened. Works for HTTP, web sockets and mounted apps.

    Raises:
        RuntimeError: The lifespan did not run.
    """
    return cast("AsyncWikipayam", _find(connection, CLIENT, "get_wikipayam", ""))


async def get_batcher(connection: HTTPConnection) -> Batcher:
    """Return the batcher that the app's lifespan opened.

    Raises:
        RuntimeError: The lifespan did not run, or opens no batcher.
    """
    return cast("Batcher", _find(connection, BATCHER, "get_batcher", "batcher=lambda client: client.sms.batcher()"))


async def get_outbox(connection: HTTPConnection) -> Outbox:
    """Return the outbox that the app's lifespan opened.

    Raises:
        RuntimeError: The lifespan did not run, or opens no outbox.
    """
    return cast("Outbox", _find(connection, OUTBOX, "get_outbox", "outbox=lambda client: client.sms.outbox()"))


async def get_inbound_worker(connection: HTTPConnection) -> InboundWorker:
    """Return the inbound worker of the app's lifespan, to read its health.

    Raises:
        RuntimeError: The lifespan did not run, or runs no worker.
    """
    how = "inbound=lambda client: client.receives.worker(handler)"
    return cast("InboundWorker", _find(connection, WORKER, "get_inbound_worker", how))


async def get_verifier(connection: HTTPConnection) -> Verifier:
    """Return the verifier that the app's lifespan opened.

    Raises:
        RuntimeError: The lifespan did not run, or opens no verifier.
    """
    how = "verifier=lambda client: Verifier(client, ...)"
    return cast("Verifier", _find(connection, VERIFIER, "get_verifier", how))


WikipayamDep: TypeAlias = Annotated[AsyncWikipayam, Depends(get_wikipayam)]
BatcherDep: TypeAlias = Annotated[Batcher, Depends(get_batcher)]
OutboxDep: TypeAlias = Annotated[Outbox, Depends(get_outbox)]
InboundWorkerDep: TypeAlias = Annotated[InboundWorker, Depends(get_inbound_worker)]
VerifierDep: TypeAlias = Annotated[Verifier, Depends(get_verifier)]


def _find(connection: HTTPConnection, name: str, dependency: str, how: str) -> object:
    found = _look_up(connection, name)
    if found is None and _look_up(connection, CLIENT) is None:
        raise RuntimeError(_NO_CLIENT.format(dependency=dependency))
    if found is None:
        raise RuntimeError(_NOT_CONFIGURED.format(how=how))
    return found


def _look_up(connection: HTTPConnection, name: str) -> object:
    """Return an object from the lifespan's state, which mounted apps share, or from the app's own.

    `httpx.ASGITransport` does not pass the lifespan's state on.
    """
    state: dict[str, object] = connection.scope.get("state", {})
    return state[name] if name in state else getattr(connection.app.state, name, None)
