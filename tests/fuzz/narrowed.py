"""The gateway's description as a fuzzer needs it: with what the emulator's account has, and what Laravel lets pass.

The description says what a line is; a fuzzer has to know which lines there are, or all its messages are refused. And it
counts as a mistake what breaks the description and is accepted, which a few things rightly are.
"""

from __future__ import annotations

import copy
from typing import Any

from wikipayam_async.emulator import DEFAULT_LINES, DEFAULT_PATTERNS, DEFAULT_TOKEN, DEFAULT_USERNAME
from wikipayam_async.emulator.openapi import openapi_document

__all__ = ["narrowed_document"]

_HOLOO = {"username": DEFAULT_USERNAME, "password": DEFAULT_TOKEN, "from": DEFAULT_LINES[0]}
_INT64 = 2**63 - 1
_ANY_STRING: dict[str, Any] = {"type": "string"}


def narrowed_document() -> dict[str, Any]:
    """Return the description for a fuzzer.

    Its `default` responses are left out: a status that the description does not name is a finding.
    """
    document = copy.deepcopy(openapi_document())
    for item in document["paths"].values():
        for operation in item.values():
            del operation["responses"]["default"]
    _have(document)
    _let_pass(document)
    return document


def _have(document: dict[str, Any]) -> None:
    """Write the lines, patterns and credentials of the emulator's account into the description."""
    schemas, holoo = document["components"]["schemas"], document["paths"]["/service/holoo"]
    schemas["Message"]["properties"]["sender"] = {"enum": list(DEFAULT_LINES)}
    schemas["Otp"]["properties"]["otp_pattern_id"] = {"enum": list(DEFAULT_PATTERNS)}
    fields = _body(holoo["post"])["properties"]
    fields.update({name: {"const": value} for name, value in _HOLOO.items()})
    # As an ordinary parameter, since the fuzzer has one way to authenticate.
    holoo["get"]["security"] = []
    holoo["get"]["parameters"].append({"name": "password", "in": "query", "required": True})
    for parameter in holoo["get"]["parameters"]:
        if parameter["name"] in _HOLOO:
            parameter["schema"] = {"const": _HOLOO[parameter["name"]]}


def _let_pass(document: dict[str, Any]) -> None:
    """Write what is accepted beyond the description into it."""
    parameters, paths = document["components"]["parameters"], document["paths"]
    # The format int64 says so, but is no rule to a fuzzer.
    parameters["offset"]["schema"]["maximum"] = _INT64
    _body(paths["/receives"]["delete"])["anyOf"][3]["properties"]["delete_older_than_days"]["maximum"] = _INT64
    # Laravel reads an empty value as none.
    for name in ("from_date", "to_date"):
        parameters[name]["schema"] = {"anyOf": [parameters[name]["schema"], {"const": ""}]}
    # A `note` beside a `message` is ignored.
    message = document["components"]["schemas"]["Message"]
    message["anyOf"][1]["properties"] = {"note": message["properties"].pop("note")}
    # An id of another form is an unknown one.
    _body(paths["/sms/deliver"]["post"])["properties"]["id"]["items"] = _ANY_STRING
    for operation in (paths["/receives"]["delete"], paths["/receives/mark-read"]["post"]):
        _body(operation)["anyOf"][0]["properties"]["receive_ids"]["items"] = _ANY_STRING
    paths["/receives/{id}"]["get"]["parameters"][0]["schema"] = {"type": "string", "pattern": "^[0-9a-z]+$"}


def _body(operation: dict[str, Any]) -> dict[str, Any]:
    schema: dict[str, Any] = operation["requestBody"]["content"]["application/json"]["schema"]
    return schema
