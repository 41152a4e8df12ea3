from __future__ import annotations

from typing import Any, cast

from fastapi.testclient import TestClient
from openapi_spec_validator import validate

from tests.integrations.fastapi.app import factory, make_app
from wikipayam_async.emulator import Emulator
from wikipayam_async.integrations.fastapi import (
    WIKIPAYAM_RESPONSES,
    wikipayam_lifespan,
)


def test_the_openapi_document_is_valid_and_lists_the_responses(emulator: Emulator) -> None:
    """The document validates, lists every status, and does not change the constant."""
    before = {status: sorted(response) for status, response in WIKIPAYAM_RESPONSES.items()}
    document = make_app(wikipayam_lifespan(factory(emulator))).openapi()
    validate(cast("Any", document))
    announced = document["paths"]["/orders/{order}/notice"]["post"]["responses"]
    assert set(announced) == {"200", "409", "422", "500", "502", "503", "504"}
    assert announced["503"]["headers"]["Retry-After"]["schema"] == {"type": "integer"}
    references = [
        each["$ref"].rpartition("/")[2] for each in announced["502"]["content"]["application/json"]["schema"]["anyOf"]
    ]
    assert references == ["UncertainSend", "GatewayProblem"]
    assert {status: sorted(response) for status, response in WIKIPAYAM_RESPONSES.items()} == before


def test_fastapi_s_own_validation_errors_fit_the_documented_body(emulator: Emulator) -> None:
    """One model describes both kinds of 422."""
    app = make_app(wikipayam_lifespan(factory(emulator)))

    @app.get("/number", responses=WIKIPAYAM_RESPONSES)
    async def number(number: int) -> int:
        return number

    with TestClient(app) as http:
        body = http.get("/number", params={"number": "x"}).json()
    WIKIPAYAM_RESPONSES[422]["model"].model_validate(body)
    assert set(body["detail"][0]) >= {"loc", "msg", "type"}
