"""The ASGI application of the lab: static files, its JSON API, and the control API of the emulator."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import TypeAlias

import msgspec
from attrs import define, field

from wikipayam_async.emulator.app import AsgiApp, Message, Receive, Send
from wikipayam_async.emulator.exchange import Response
from wikipayam_async.emulator.server.control.app import MAX_BODY, ControlApp
from wikipayam_async.emulator.server.control.context import Control
from wikipayam_async.emulator.server.control.guard import Guard, check_content_type
from wikipayam_async.emulator.server.control.problem import Refusal
from wikipayam_async.emulator.server.control.routes import PREFIX as CONTROL_PREFIX
from wikipayam_async.emulator.server.responding import read_body, respond
from wikipayam_async.lab.api import LabApi
from wikipayam_async.lab.assets import SECURITY_HEADERS, asset
from wikipayam_async.lab.gateway import LabGateway
from wikipayam_async.lab.scrubbing import TokenScrubber

__all__ = ["PATH", "LabApp"]

PATH = "/lab"
"""The path of the page."""

_API = f"{PATH}/api/"
_EMULATOR = f"{_API}emulator"
_JSON: Mapping[str, str] = {**SECURITY_HEADERS, "content-type": "application/json"}

Headers: TypeAlias = Mapping[str, str]


@define
class LabApp:
    """The application of the lab.

    It answers this machine only. With a control token it answers everyone who has the token: browsers ask for a password.

    Attributes:
        gateway: The gateway that it calls.
        guard: The rules of access.
        control: The emulator beside it; None for the real gateway.
    """

    gateway: LabGateway
    guard: Guard
    control: Control | None = None
    _api: LabApi = field(init=False)
    _scrubber: TokenScrubber = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._api = LabApi(self.gateway)
        self._scrubber = TokenScrubber(self.gateway.token)

    @property
    def app(self) -> AsgiApp:
        """The ASGI application."""
        return self._serve

    async def _serve(self, scope: Message, receive: Receive, send: Send) -> None:
        headers = _with_bearer(_headers_of(scope))
        path, method = scope["path"], "GET" if scope["method"] == "HEAD" else scope["method"]
        try:
            client = scope.get("client")
            self.guard.check(headers, client[0] if client else None)
            _check_site(headers)
            if path.startswith(f"{_EMULATOR}/") and self.control is not None:
                # It checks the request as its own.
                await ControlApp(self.control, self.guard).app(_control_scope(scope, headers), receive, send)
                return
            if path.startswith(_API):
                body = await self._answer(method, path.removeprefix(_API), headers, receive, scope)
                response = Response(200, _JSON, self._scrubber.clean(body))
            else:
                response = _static(method, path)
        except Refusal as refusal:
            response = _refused(refusal)
        await respond(response, scope["method"], send)

    async def _answer(self, method: str, name: str, headers: Headers, receive: Receive, scope: Message) -> bytes:
        page_url = f"{scope.get('scheme', 'http')}://{headers.get('host', '')}"
        if method == "GET":
            if name == "description":
                return msgspec.json.encode(self._api.describe(page_url))
            if name == "calls":
                return msgspec.json.encode(self._api.calls())
        if method == "POST" and name in {"prepare", "run", "calculate"}:
            check_content_type(headers)
            body = await read_body(receive, limit=MAX_BODY)
            if body is None:
                raise Refusal(413, "The body is too large or incomplete.", f"At most {MAX_BODY:,} bytes are read.")
            if name == "prepare":
                return msgspec.json.encode(await self._api.prepare(body, page_url))
            if name == "run":
                return msgspec.json.encode(await self._api.run(body))
            return msgspec.json.encode(self._api.calculate(body))
        raise Refusal(404, "There is no such call.", "Reload the page.")


def _control_scope(scope: Message, headers: Headers) -> Message:
    """Return the scope of a request as the control API expects it."""
    path = CONTROL_PREFIX + scope["path"].removeprefix(_EMULATOR)
    encoded = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    return {**scope, "path": path, "headers": encoded}


def _headers_of(scope: Message) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}


def _with_bearer(headers: dict[str, str]) -> dict[str, str]:
    """Return the headers with the password of a browser as the token it stands for."""
    scheme, _, encoded = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return headers
    try:
        password = base64.b64decode(encoded.strip(), validate=True).decode("latin-1").partition(":")[2]
    except (binascii.Error, ValueError):
        return headers
    return {**headers, "authorization": f"Bearer {password}"}


def _check_site(headers: Headers) -> None:
    """Refuse what another site asks for, except a link to the page."""
    if headers.get("sec-fetch-site", "none") in {"none", "same-origin"}:
        return
    if headers.get("sec-fetch-mode") != "navigate":
        raise Refusal(403, "The request comes from another site.", "Open the lab in a tab of its own.")


def _refused(refusal: Refusal) -> Response:
    headers = {**_JSON, **refusal.headers}
    if "www-authenticate" in headers:
        headers["www-authenticate"] = 'Basic realm="the control token is the password", charset="UTF-8"'
    return Response(refusal.status, headers, msgspec.json.encode(refusal.problem))


def _static(method: str, path: str) -> Response:
    if method != "GET":
        raise Refusal(405, "The path has no such method.", "Use GET.", headers={"allow": "GET, HEAD"})
    if path in {"/", PATH}:
        return Response(307, {**SECURITY_HEADERS, "location": f"{PATH}/"})
    found = asset(path.removeprefix(f"{PATH}/") or "index.html") if path.startswith(f"{PATH}/") else None
    if found is None:
        raise Refusal(404, "There is no such page.", f"The lab is at {PATH}/.")
    return found
