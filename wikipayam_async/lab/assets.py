"""The static files of the page."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from wikipayam_async.emulator.exchange import Response

__all__ = ["SECURITY_HEADERS", "asset"]

SECURITY_HEADERS: Mapping[str, str] = {
    "cache-control": "no-store",
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'"
    ),
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
"""The headers of every response. Pico's style sheet has pictures as `data:` URLs."""

_TYPES: Mapping[str, str] = {
    "css": "text/css; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
    "txt": "text/plain; charset=utf-8",
    "woff2": "font/woff2",
}
_NAMES = frozenset(
    {
        "icon.svg",
        "index.html",
        "lab.css",
        "lab.js",
        "texts.js",
        "vendor/alpine-csp.js",
        "vendor/alpine-csp.LICENSE.txt",
        "vendor/pico.css",
        "vendor/pico.LICENSE.txt",
        "vendor/vazirmatn.LICENSE.txt",
        "vendor/vazirmatn.woff2",
    }
)


@cache
def asset(name: str) -> Response | None:
    """Return a static file; None for any other name.

    Args:
        name: The name below the folder of static files, as in `lab.css`.
    """
    if name not in _NAMES:
        return None
    body = files("wikipayam_async.lab").joinpath("static", *name.split("/")).read_bytes()
    return Response(200, {**SECURITY_HEADERS, "content-type": _TYPES[name.rpartition(".")[2]]}, body)
