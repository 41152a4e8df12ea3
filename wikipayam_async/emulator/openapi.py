"""The OpenAPI description of the gateway, as a file of this package."""

from functools import lru_cache
from importlib.resources import files
from typing import Any

import msgspec

from wikipayam_async.emulator.gateway.gateway import DEFAULT_PREFIX

FILE = "openapi.json"


def openapi_document() -> dict[str, Any]:
    """Return the OpenAPI 3.1 description of the gateway, as in the file `wikipayam_async/emulator/openapi.json`."""
    document: dict[str, Any] = msgspec.json.decode(files("wikipayam_async.emulator").joinpath(FILE).read_bytes())
    return document


@lru_cache(maxsize=1)
def served_description() -> bytes:
    """Return the description that an emulator serves, whose only server is that emulator."""
    server = {"url": DEFAULT_PREFIX, "description": "the emulator that serves this document; nothing is sent"}
    return msgspec.json.encode({**openapi_document(), "servers": [server]})
