"""The page at the root of a served emulator: the addresses that it has, as HTML or JSON."""

from collections.abc import Mapping, Sequence
from html import escape

import msgspec
from attrs import frozen

from wikipayam_async.emulator.app import AsgiApp
from wikipayam_async.emulator.exchange import Response
from wikipayam_async.emulator.gateway.gateway import DEFAULT_PREFIX
from wikipayam_async.emulator.server.control.description import DESCRIPTION_PATH
from wikipayam_async.emulator.server.control.routes import PREFIX

GATEWAY_DESCRIPTION_PATH = "/openapi.json"

_HTML_HEADERS: Mapping[str, str] = {
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "vary": "accept",
}
_JSON_HEADERS: Mapping[str, str] = {"content-type": "application/json", "vary": "accept"}


@frozen
class Page:
    """Something that is served beside the gateway, such as a page to try it.

    Attributes:
        name: Its name in the start message and in the JSON of the index: one word.
        title: Its title in the index.
        path: Its path, as in `/lab`. It gets every request to that path and below.
        app: The ASGI application. It has to check its callers itself, as the control API does.
    """

    name: str
    title: str
    path: str
    app: AsgiApp


@frozen
class Link:
    """An address of a served emulator.

    Attributes:
        name: Its name: one word.
        title: What is there.
        path: The path.
    """

    name: str
    title: str
    path: str


def links(pages: Sequence[Page] = ()) -> list[Link]:
    """Return the addresses of a served emulator, the pages first.

    Args:
        pages: What is served beside the gateway.
    """
    return [
        *(Link(page.name, page.title, page.path) for page in pages),
        Link("openapi", "OpenAPI description of the gateway", GATEWAY_DESCRIPTION_PATH),
        Link("control", "Control API of the emulator", f"{PREFIX}/"),
    ]


def index(accept: str, pages: Sequence[Page] = ()) -> Response:
    """Return the index, as HTML for browsers and as JSON for everyone else.

    Args:
        accept: The header `Accept` of the request.
        pages: What is served beside the gateway.
    """
    control_openapi = Link("control_openapi", "OpenAPI description of the control API", PREFIX + DESCRIPTION_PATH)
    found = [*links(pages), control_openapi]
    if "text/html" not in accept.lower():
        paths = {"gateway": DEFAULT_PREFIX, **{link.name: link.path for link in found}}
        return Response(200, _JSON_HEADERS, msgspec.json.encode(paths))
    items = "".join(f'<li><a href="{escape(link.path)}">{escape(link.title)}</a></li>\n' for link in found)
    page = (
        '<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        "<title>Wikipayam emulator</title>\n<h1>Wikipayam emulator</h1>\n"
        f"<p>The emulated gateway is at <code>{DEFAULT_PREFIX}</code>. Nothing is sent.</p>\n<ul>\n{items}</ul>\n</html>\n"
    )
    return Response(200, _HTML_HEADERS, page.encode())
