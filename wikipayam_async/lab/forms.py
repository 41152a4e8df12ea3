"""The forms of the page, from the OpenAPI description of the gateway."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from attrs import frozen

from wikipayam_async.emulator.openapi import openapi_document

__all__ = ["Form", "FormField", "forms", "is_send"]

_LONG = {"message", "note"}
_SEVERAL = {"receiver"}
"""Fields of a message of which the form takes several; a message is sent to each."""


@frozen(kw_only=True)
class FormField:
    """A field of a form.

    Attributes:
        name: Its name.
        kind: `text`, `area` (a long text), `lines` (one value a line), `number`, `day` or `choice`.
        required: Whether the operation needs it.
        description: What it is, in English.
        example: An example of its value; may be empty.
        options: The values of a choice.
        only_for: The value of the field `which` that needs it; empty if it is always there.
    """

    name: str
    kind: str
    required: bool = False
    description: str = ""
    example: str = ""
    options: tuple[str, ...] = ()
    only_for: str = ""


@frozen(kw_only=True)
class Form:
    """The form of an operation.

    Attributes:
        operation: The `operationId`.
        tag: The group of the operation.
        method: The method, as in `POST`.
        path: The path, without the prefix.
        summary: What it does, in one line of English.
        description: The rest that is to be known, in English.
        replay: What a repetition means: `read`, `idempotent` or `send`.
        fields: The fields.
    """

    operation: str
    tag: str
    method: str
    path: str
    summary: str
    description: str
    replay: str
    fields: tuple[FormField, ...]


@lru_cache(maxsize=1)
def forms() -> tuple[Form, ...]:
    """Return the form of every operation, in the order of the description."""
    document = openapi_document()
    return tuple(
        Form(
            operation=operation["operationId"],
            tag=operation["tags"][0],
            method=method.upper(),
            path=path,
            summary=operation["summary"],
            description=operation.get("description", ""),
            replay=operation["x-replay"],
            fields=tuple(_fields(document, operation)),
        )
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    )


def is_send(operation: str) -> bool:
    """Return whether a repetition of an operation sends a second message.

    Args:
        operation: The `operationId`.
    """
    return any(form.operation == operation and form.replay == "send" for form in forms())


def _fields(document: Mapping[str, Any], operation: Mapping[str, Any]) -> Iterator[FormField]:
    for given in operation.get("parameters", ()):
        parameter = _resolved(document, given)
        yield _field(document, parameter["name"], parameter, parameter["schema"], required=parameter.get("required"))
    body = operation.get("requestBody")
    if body is None:
        return
    content = body["content"]["application/json"]
    example = next(iter(content["examples"].values()))["value"]
    schema = _resolved(document, content["schema"])
    if schema.get("type") == "array":
        schema, example = _resolved(document, schema["items"]), example[0]
        yield from _object(document, schema, example, _SEVERAL if "message" in schema["properties"] else frozenset())
    elif "anyOf" in schema:
        yield from _variants(document, schema["anyOf"])
    else:
        yield from _object(document, schema, example, frozenset())


def _object(
    document: Mapping[str, Any],
    schema: Mapping[str, Any],
    example: Mapping[str, Any],
    several: set[str] | frozenset[str],
) -> Iterator[FormField]:
    required = set(schema.get("required", ()))
    for name, given in schema["properties"].items():
        if name != "password":  # the token, which the page does not have
            shown = {"example": example.get(name, "")}
            yield _field(document, name, shown, given, required=name in required, several=name in several)


def _variants(document: Mapping[str, Any], variants: list[Mapping[str, Any]]) -> Iterator[FormField]:
    """Yield a choice between bodies of one field each, and those fields that are more than a choice."""
    names = tuple(variant["required"][0] for variant in variants)
    yield FormField(name="which", kind="choice", required=True, options=names, example=names[0])
    for name, variant in zip(names, variants, strict=True):
        given = variant["properties"][name]
        if "const" not in given:
            yield _field(document, name, {}, given, required=True, only_for=name)


def _field(
    document: Mapping[str, Any],
    name: str,
    shown: Mapping[str, Any],
    given: Mapping[str, Any],
    *,
    required: bool | None,
    several: bool = False,
    only_for: str = "",
) -> FormField:
    schema = _resolved(document, given)
    return FormField(
        name=name,
        kind="lines" if several else _kind(name, schema),
        required=bool(required),
        description=shown.get("description") or given.get("description") or schema.get("description", ""),
        example=_example(shown.get("example", "")),
        options=tuple(schema.get("enum", ())),
        only_for=only_for,
    )


def _kind(name: str, schema: Mapping[str, Any]) -> str:
    if "enum" in schema:
        return "choice"
    if name in _LONG:
        return "area"
    if schema.get("format") == "date":
        return "day"
    return {"integer": "number", "array": "lines"}.get(str(schema.get("type")), "text")


def _example(value: object) -> str:
    return "\n".join(map(str, value)) if isinstance(value, list) else str(value or "")


def _resolved(document: Mapping[str, Any], value: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a reference refers to, and anything else as it is."""
    if "$ref" not in value:
        return value
    found: Any = document
    for part in value["$ref"].removeprefix("#/").split("/"):
        found = found[part]
    resolved: Mapping[str, Any] = found
    return resolved
