"""The description of the gateway, the emulator and the client have the same operations, and its examples are real."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import pytest
from attrs import frozen
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import validate

from tests.docs.gateway import operations
from wikipayam_async.emulator import (
    DEFAULT_TOKEN,
    TEHRAN,
    Emulator,
    Limits,
    ManualClock,
    Quota,
    Request,
    Response,
    openapi_document,
)
from wikipayam_async.emulator.gateway import routes
from wikipayam_async.emulator.openapi import served_description

DOCUMENT = openapi_document()
HEADERS = {"Authorization": f"Bearer {DEFAULT_TOKEN}", "Content-Type": "application/json"}


@frozen
class Operation:
    """An operation of the description."""

    method: str
    path: str
    fields: Mapping[str, Any]

    @property
    def target(self) -> str:
        """The method and the path, as in `POST /sms/send`."""
        return f"{self.method} {self.path}"

    @property
    def bodies(self) -> dict[str, Any]:
        """The example bodies by name; an operation without one has one usual example."""
        if "requestBody" not in self.fields:
            return {"usual": None}
        examples = self.fields["requestBody"]["content"]["application/json"]["examples"]
        return {name: example["value"] for name, example in examples.items()}

    @property
    def success(self) -> Mapping[str, Any]:
        """The schema and the examples of a success."""
        success: Mapping[str, Any] = self.fields["responses"]["200"]["content"]["application/json"]
        return success

    def request(self, body: object) -> Request:
        """Return the request of an example."""
        parameters = [resolved(one) for one in self.fields.get("parameters", [])]
        given = {one["name"]: one["example"] for one in parameters if "example" in one}
        if self.fields.get("security"):
            given["password"] = DEFAULT_TOKEN
        path = self.path.replace("{id}", given.pop("id", ""))
        content = b"" if body is None else json.dumps(body).encode()
        return Request(self.method, f"/api/v1{path}", urlencode(given), HEADERS, content)


def resolved(value: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a reference refers to, and anything else as it is."""
    if "$ref" not in value:
        return value
    found: Any = DOCUMENT
    for part in value["$ref"].removeprefix("#/").split("/"):
        found = found[part]
    return dict(found)


def described() -> list[Operation]:
    """Return the operations of the description; those that delete come last, as the examples need it."""
    found = [
        Operation(method.upper(), path, fields)
        for path, item in DOCUMENT["paths"].items()
        for method, fields in item.items()
    ]
    return sorted(found, key=lambda operation: operation.method == "DELETE")


def new_emulator() -> Emulator:
    """Return the emulator of the examples: it has three received messages, one of them old."""
    emulator = Emulator(balance=34_359_938, clock=ManualClock(), wall=datetime(2024, 5, 1, 13, 30, tzinfo=TEHRAN))
    emulator.inbound(sender="989127782175", message="لغو ", received_at=datetime(2024, 1, 15, 9, 30, tzinfo=TEHRAN))
    emulator.inbound(sender="989178100665", message="۱۱")
    emulator.inbound(sender="989123456789", message="سلام")
    return emulator


def refusals() -> Iterator[tuple[str, Response]]:
    """Yield the response of the emulator for each named response of the description."""
    emulator = new_emulator()
    message = {"sender": "10002000", "receiver": "09123456789", "message": "Your order is ready"}

    def ask(target: str, body: bytes = b"", headers: Mapping[str, str] = HEADERS) -> Response:
        method, _, path = target.partition(" ")
        return emulator.handle(Request(method, f"/api/v1{path}", "", headers, body))

    yield "NotJson", ask("POST /sms/send", b"[")
    yield "Unauthenticated", ask("GET /user/balance", headers={})
    yield "NotFound", ask("GET /receives/000000000000000000000000")
    yield "Invalid", ask("POST /sms/send", json.dumps([{**message, "receiver": "0912"}]).encode())
    emulator.account.balance = 0
    yield "InsufficientBalance", ask("POST /sms/send", json.dumps([message]).encode())
    emulator.limits = Limits(max_batch=1)
    yield "TooLarge", ask("POST /sms/send", json.dumps([message] * 2).encode())
    emulator.limits = Limits(rate_limit=Quota(1))
    ask("GET /user/balance")
    yield "TooManyRequests", ask("GET /user/balance")


def test_the_description_is_valid() -> None:
    """It is a document of OpenAPI 3.1."""
    validate(DOCUMENT)
    assert DOCUMENT["openapi"] == "3.1.0"


def test_description_emulator_and_client_have_the_same_operations() -> None:
    """Each operation is in all three, under the same name and with the same replay in description and client."""
    client = operations()
    found = {operation.target: operation.fields for operation in described()}
    assert sorted(found) == sorted(routes.targets()) == sorted(client)
    assert {target: (fields["operationId"], fields["x-replay"]) for target, fields in found.items()} == {
        target: (operation.name.replace(".", "_"), operation.replay.value) for target, operation in client.items()
    }


def test_every_example_is_a_response_of_the_emulator() -> None:
    """The examples, one after the other on one emulator, get the responses that the description shows."""
    emulator = new_emulator()
    for operation in described():
        answers = {name: emulator.handle(operation.request(body)) for name, body in operation.bodies.items()}
        assert {name: answer.json() for name, answer in answers.items()} == {
            name: example["value"] for name, example in operation.success["examples"].items()
        }, operation.target


@pytest.mark.parametrize(("name", "response"), [*refusals()], ids=lambda value: value if isinstance(value, str) else "")
def test_every_refusal_is_a_response_of_the_emulator(name: str, response: Response) -> None:
    """The example of a refusal is what the emulator answers, its status is one of those that use it, and so are headers."""
    described_response = DOCUMENT["components"]["responses"][name]
    ((media_type, content),) = described_response["content"].items()
    shown = response.json() if media_type == "application/json" else response.body.decode()
    assert content["examples"]["usual"]["value"] == shown
    assert response.headers["content-type"].startswith(media_type)
    statuses = {
        status
        for operation in described()
        for status, one in operation.fields["responses"].items()
        if one == {"$ref": f"#/components/responses/{name}"}
    }
    assert statuses == {str(response.status)}
    assert {header.lower() for header in described_response.get("headers", {})} <= set(response.headers)


@pytest.mark.parametrize("operation", described(), ids=lambda operation: operation.target)
def test_examples_have_the_described_shapes(operation: Operation) -> None:
    """Every example of a body and of a response matches its schema."""
    parts = [operation.success]
    if "requestBody" in operation.fields:
        parts.append(operation.fields["requestBody"]["content"]["application/json"])
    for part in parts:
        validator = OAS31Validator({**part["schema"], "components": DOCUMENT["components"]})
        for example in part["examples"].values():
            assert [error.message for error in validator.iter_errors(example["value"])] == []


def test_a_send_is_said_to_be_no_repetition() -> None:
    """Every send says that repeating it sends a second message, and nothing else does."""
    warned = [
        one.target for one in described() if "Repeating it sends a second message" in one.fields.get("description", "")
    ]
    assert sorted(warned) == sorted(target for target, one in operations().items() if one.replay.value == "send")


def test_the_first_server_sends_nothing() -> None:
    """Who tries the description without choosing a server reaches the emulator; an emulator serves itself as the only one."""
    assert [server["url"] for server in DOCUMENT["servers"]] == [
        "http://127.0.0.1:8026/api/v1",
        "https://wikipayam.ir/api/v1",
    ]
    served = json.loads(served_description())
    assert [server["url"] for server in served.pop("servers")] == ["/api/v1"]
    assert served == {name: value for name, value in DOCUMENT.items() if name != "servers"}
