"""What a served emulator answers beside the gateway: the index, the descriptions, the control API, and pages."""

from collections.abc import Mapping, Sequence

from attrs import define, field

from wikipayam_async.emulator.app import AsgiApp, Message, Receive, Send
from wikipayam_async.emulator.exchange import Response
from wikipayam_async.emulator.gateway import laravel
from wikipayam_async.emulator.gateway.gateway import DEFAULT_PREFIX
from wikipayam_async.emulator.openapi import served_description
from wikipayam_async.emulator.server.control.routes import PREFIX
from wikipayam_async.emulator.server.index import GATEWAY_DESCRIPTION_PATH, Page, index
from wikipayam_async.emulator.server.responding import respond

_GATEWAY = f"{DEFAULT_PREFIX}/"


@define
class Front:
    """Passes each request to the gateway or to what is served beside it.

    Attributes:
        gateway: The application of the gateway.
        control: The application of the control API.
        pages: What else is served beside the gateway; each path is the first part of the path of a request.
    """

    gateway: AsgiApp
    control: AsgiApp
    pages: Sequence[Page] = ()
    _beside: Mapping[str, AsgiApp] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._beside = {PREFIX: self.control, **{page.path: page.app for page in self.pages}}

    @property
    def app(self) -> AsgiApp:
        """The ASGI application."""
        return self._serve

    async def _serve(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(_GATEWAY):
            await self.gateway(scope, receive, send)
            return
        path = scope["path"]
        app = self._beside.get(f"/{path[1:].partition('/')[0]}")
        if app is not None:
            await app(scope, receive, send)
        elif path in ("/", GATEWAY_DESCRIPTION_PATH):
            await respond(self._fixed(scope), scope["method"], send)
        else:
            await self.gateway(scope, receive, send)

    def _fixed(self, scope: Message) -> Response:
        if scope["method"] not in ("GET", "HEAD"):
            return laravel.wrong_method(scope["method"], scope["path"], ["GET", "HEAD"])
        if scope["path"] == "/":
            return index(dict(scope["headers"]).get(b"accept", b"").decode("latin-1"), self.pages)
        return Response(200, {"content-type": laravel.JSON_TYPE}, served_description())
