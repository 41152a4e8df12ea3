from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Mapping, MutableMapping
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from tests.lab.conftest import gateway_at
from wikipayam_async.emulator import DEFAULT_TOKEN
from wikipayam_async.emulator.app import AsgiApp
from wikipayam_async.emulator.server.control.app import MAX_BODY
from wikipayam_async.emulator.server.control.context import Control
from wikipayam_async.emulator.server.control.guard import Guard
from wikipayam_async.lab.app import LabApp
from wikipayam_async.lab.gateway import emulated

OWN = "http://127.0.0.1:8026"
JSON = {"content-type": "application/json"}
PASSWORD = base64.b64encode(b"lab:control-token").decode()


def app_of(control: Control, guard: Guard | None = None) -> AsgiApp:
    """Return the application of a lab beside an emulator."""
    return LabApp(emulated(control.history), guard or Guard(), control).app


@asynccontextmanager
async def browser(app: AsgiApp, address: str = "127.0.0.1", url: str = OWN) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an application, from an address and by a name."""
    transport = httpx.ASGITransport(app=app, client=(address, 40_000))
    async with httpx.AsyncClient(transport=transport, base_url=url) as client:
        yield client


@pytest.mark.anyio
async def test_the_page_and_its_files_are_served(control: Control) -> None:
    """The page is at /lab/, to which its folder and the root lead; unknown paths and methods are refused."""
    async with browser(app_of(control)) as client:
        assert [(await client.get(path)).headers["location"] for path in ("/", "/lab")] == ["/lab/", "/lab/"]
        page = await client.get("/lab/")
        assert (page.status_code, page.headers["content-type"], "Alpine.js" in page.text) == (
            200,
            "text/html; charset=utf-8",
            True,
        )
        assert (await client.head("/lab/lab.js")).headers["content-type"] == "text/javascript; charset=utf-8"
        found = [(await client.get(path)).status_code for path in ("/lab/nothing", "/lab/app.py", "/lap", "/lab/api/x")]
        assert (found, (await client.post("/lab/")).status_code) == ([404] * 4, 405)


@pytest.mark.anyio
async def test_a_call_goes_through_the_api(control: Control) -> None:
    """A call is described, prepared, made and listed; a text is counted; no response has the token."""
    async with browser(app_of(control)) as client:
        description = await client.get("/lab/api/description")
        assert description.json()["base_url"] == OWN
        prepared = await client.post("/lab/api/prepare", json={"operation": "account_balance"})
        made = await client.post("/lab/api/run", json={"number": prepared.json()["number"]})
        assert made.json()["made"]["answer"]["status"] == 200
        calls = await client.get("/lab/api/calls")
        assert calls.json()["calls"] == [made.json()]
        counted = await client.post("/lab/api/calculate", json={"text": "hello"})
        assert counted.json()["parts"] == ["hello"]
        for response in (description, prepared, made, calls, counted):
            assert response.headers["content-security-policy"].startswith("default-src 'none'")
            assert DEFAULT_TOKEN not in response.text
        again = await client.post("/lab/api/run", json={"number": prepared.json()["number"]})
        assert again.status_code == 409


@pytest.mark.anyio
async def test_the_control_api_is_behind_the_lab(control: Control) -> None:
    """The page controls the emulator below its own path; with the real gateway there is no emulator."""
    async with browser(app_of(control)) as client:
        assert len((await client.get("/lab/api/emulator/inbox")).json()["messages"]) == 4
    async with browser(LabApp(gateway_at("http://127.0.0.1:9"), Guard()).app) as client:
        assert (await client.get("/lab/api/emulator/inbox")).status_code == 404


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"host": "evil.test"}, 403),
        ({"origin": "http://evil.test"}, 403),
        ({"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"}, 403),
        ({"sec-fetch-site": "same-site", "sec-fetch-mode": "cors"}, 403),
        ({"content-type": "text/plain"}, 415),
        ({"origin": OWN, "sec-fetch-site": "same-origin"}, 200),
    ],
)
async def test_other_sites_can_send_nothing(control: Control, headers: Mapping[str, str], status: int) -> None:
    """A page of another site, a name that resolves to this machine, and a form without JSON are refused."""
    async with browser(app_of(control)) as client:
        body = b'{"operation": "account_balance"}'
        answer = await client.post("/lab/api/prepare", content=body, headers={**JSON, **headers})
        assert answer.status_code == status


@pytest.mark.anyio
async def test_a_link_of_another_site_may_lead_to_the_page(control: Control) -> None:
    """A link may open the page, from which nothing is sent by itself."""
    async with browser(app_of(control)) as client:
        headers = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
        assert (await client.get("/lab/", headers=headers)).status_code == 200


@pytest.mark.anyio
async def test_other_machines_need_the_control_token(control: Control) -> None:
    """Without a control token other machines are refused; with one, a browser asks for it as a password."""
    async with browser(app_of(control), "192.0.2.1") as client:
        assert (await client.get("/lab/")).status_code == 403
    app = app_of(control, Guard("control-token"))
    async with browser(app, "192.0.2.1", "http://lab.test") as client:
        refused = await client.get("/lab/")
        assert (refused.status_code, refused.headers["www-authenticate"].partition(" ")[0]) == (401, "Basic")
        headers = {"authorization": f"Basic {PASSWORD}"}
        assert (await client.get("/lab/api/emulator/inbox", headers=headers)).status_code == 200
        wrong = [f"Basic {base64.b64encode(b'lab:wrong').decode()}", "Basic !", "Bearer wrong"]
        assert [(await client.get("/lab/", headers={"authorization": one})).status_code for one in wrong] == [401] * 3
        assert (await client.get("/lab/", headers={"authorization": "Bearer control-token"})).status_code == 200


async def status_of(app: AsgiApp, target: str, body: bytes, headers: Mapping[str, str], client: object) -> int:
    """Return the status of a request that an ASGI server passes on as it is."""
    sent: list[MutableMapping[str, Any]] = []

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": body}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    method, _, path = target.partition(" ")
    encoded = [(name.encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": method, "path": path, "query_string": b"", "headers": encoded, "client": client}
    await app(scope, receive, send)
    status: int = sent[0]["status"]
    return status


@pytest.mark.anyio
async def test_a_body_has_a_limit(control: Control) -> None:
    """A body above the limit is refused."""
    headers = {"host": "127.0.0.1", **JSON}
    body = b"x" * (MAX_BODY + 1)
    app = app_of(control)
    assert await status_of(app, "POST /lab/api/calculate", body, headers, ("127.0.0.1", 40_000)) == 413


@pytest.mark.anyio
async def test_without_a_known_caller_nothing_is_answered(control: Control) -> None:
    """A server that does not say who calls gets a refusal."""
    assert await status_of(app_of(control), "GET /lab/", b"", {"host": "127.0.0.1"}, None) == 403
