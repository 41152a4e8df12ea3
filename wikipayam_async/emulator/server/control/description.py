"""The OpenAPI document of the control API, made from its table of calls and its shapes."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import msgspec

from wikipayam_async.emulator.server.control.guard import TOKEN_VARIABLE
from wikipayam_async.emulator.server.control.problem import Problem
from wikipayam_async.emulator.server.control.routes import CALLS, PREFIX, Call

DESCRIPTION_PATH = "/openapi.json"
"""Its path below the prefix."""

_REFERENCE = "#/components/schemas/{name}"
_attributes = re.compile(r"^ {4}(\w+): (.+(?:\n {8,}.+)*)", re.MULTILINE).findall

_INTRODUCTION = (
    "Looks at the emulated gateway, and changes it while it runs. Calls come from the machine it runs on, or carry the "
    f"control token ({TOKEN_VARIABLE}). Other methods than GET need `Content-Type: application/json`."
)
_STATE = "The document that `--state` keeps in a file. It has a version, and no other shape is promised."


@lru_cache(maxsize=1)
def describe() -> bytes:
    """Return the OpenAPI document of the control API as JSON."""
    queries = {call.query for call in CALLS if call.query is not None}
    bodies = {shape for call in CALLS for shape in (call.answer, call.body) if shape is not None and shape is not bytes}
    shapes: list[Any] = sorted({*queries, *bodies, Problem}, key=lambda shape: shape.__name__)
    _, schemas = msgspec.json.schema_components(shapes, ref_template=_REFERENCE)
    for schema in schemas.values():
        _describe_properties(schema)
    described_queries = {query: schemas.pop(query.__name__)["properties"] for query in queries}
    paths: dict[str, dict[str, object]] = {}
    for call in CALLS:
        query = {} if call.query is None else described_queries[call.query]
        paths.setdefault(PREFIX + call.path, {})[call.method.lower()] = _operation(call, query)
    return msgspec.json.encode(
        {
            "openapi": "3.1.0",
            "info": {"title": "Control API of the Wikipayam emulator", "version": "1", "description": _INTRODUCTION},
            "servers": [{"url": "/", "description": "the emulator that serves this document"}],
            "security": [{}, {"control_token": []}],
            "paths": paths,
            "components": {
                "securitySchemes": {"control_token": {"type": "http", "scheme": "bearer"}},
                "schemas": schemas,
            },
        }
    )


def _describe_properties(schema: dict[str, Any]) -> None:
    """Give each property its line of the class's docstring, which msgspec takes over as a whole."""
    text, _, attributes = schema["description"].partition("\n\nAttributes:\n")
    schema["description"] = text
    for name, line in _attributes(attributes):
        schema["properties"][name]["description"] = " ".join(line.split())


def _operation(call: Call, query: Mapping[str, Any]) -> dict[str, object]:
    parameters: list[dict[str, object]] = [
        {"name": name, "in": "query", "description": schema["description"], "schema": _without_null(schema)}
        for name, schema in query.items()
    ]
    if call.path.endswith("{id}"):
        parameters.append(
            {"name": "id", "in": "path", "required": True, "description": "The id.", "schema": {"type": "integer"}}
        )
    operation: dict[str, object] = {
        "operationId": call.handler.__name__,
        "summary": call.summary,
        "parameters": parameters,
        "responses": {
            str(call.status): {"description": "Success.", "content": _content(call.answer)},
            "default": {"description": "Refused; nothing has been changed.", "content": _content(Problem)},
        },
    }
    if call.body is not None:
        operation["requestBody"] = {"required": True, "content": _content(call.body)}
    return operation


def _without_null(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema of a query parameter, which is left out rather than null."""
    kinds = schema.get("anyOf", [schema])
    return {name: value for name, value in kinds[0].items() if name != "description"}


def _content(shape: type[Any] | None) -> dict[str, object]:
    schema: dict[str, object] = {"type": "object", "description": _STATE}
    if shape is not None and shape is not bytes:
        schema = {"$ref": _REFERENCE.format(name=shape.__name__)}
    return {"application/json": {"schema": schema}}
