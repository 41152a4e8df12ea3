from typing import Any

import pytest
from openapi_spec_validator import validate

from tests.emulator.server.conftest import Api
from wikipayam_async.emulator.server.control.routes import CALLS


@pytest.fixture
def document(api: Api) -> Any:
    """The description, as the control API serves it."""
    return api("GET /openapi.json").json


def test_the_description_is_valid(document: Any) -> None:
    """It is a document of OpenAPI 3.1."""
    validate(document)
    assert document["openapi"] == "3.1.0"


def test_every_call_is_described(document: Any) -> None:
    """Every call has an operation, with a status of success and what a refusal looks like."""
    described = {
        (method.upper(), path): operation
        for path, item in document["paths"].items()
        for method, operation in item.items()
    }
    assert [*described] == [(call.method, f"/_emulator{call.path}") for call in CALLS]
    assert [[*operation["responses"]] for operation in described.values()] == [
        [str(call.status), "default"] for call in CALLS
    ]


def test_every_field_is_described(document: Any) -> None:
    """Every shape and every one of its fields has a text, which are those of the classes."""
    schemas = document["components"]["schemas"]
    assert [
        name for name, schema in schemas.items() if not schema["description"] or "Attributes" in schema["description"]
    ] == []
    fields = [one for schema in schemas.values() for one in schema.get("properties", {}).values()]
    parameters = [
        one for item in document["paths"].values() for operation in item.values() for one in operation["parameters"]
    ]
    assert [one for one in [*fields, *parameters] if not one.get("description")] == []
    assert parameters[0]["description"].endswith("the list starts with the first message.")
    assert parameters[0]["schema"] == {"type": "string"}


def test_real_responses_have_the_described_shapes(api: Api, document: Any) -> None:
    """The fields of a response are those of its schema."""
    api("POST /inbox", {"sender": "98912", "message": "x"})
    for path in (
        "/",
        "/ledger",
        "/requests",
        "/deliveries",
        "/inbox",
        "/faults",
        "/latency",
        "/limits",
        "/clock",
        "/balance",
    ):
        content = document["paths"][f"/_emulator{path}"]["get"]["responses"]["200"]["content"]["application/json"]
        name = content["schema"]["$ref"].rpartition("/")[2]
        assert sorted(api(f"GET {path}").json) == sorted(document["components"]["schemas"][name]["properties"])
