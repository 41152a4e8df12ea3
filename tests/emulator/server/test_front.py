import pytest

from tests.emulator.server.conftest import call_app
from wikipayam_async.emulator import Emulator, Response, create_app, create_server_app
from wikipayam_async.emulator.app import AsgiApp, Message, Receive, Send
from wikipayam_async.emulator.server.front import Front
from wikipayam_async.emulator.server.index import Page
from wikipayam_async.emulator.server.responding import respond

HEADERS = {"Authorization": "Bearer emulator-token"}


@pytest.fixture
def app(emulator: Emulator) -> AsgiApp:
    """The emulator with all that is served beside it."""
    return create_server_app(emulator)


def test_requests_to_the_gateway_reach_it(app: AsgiApp, emulator: Emulator) -> None:
    """The gateway answers below its prefix, and the control API sees its requests."""
    assert call_app(app, "GET /api/v1/user/balance", headers=HEADERS).json["data"]["user_id"] == 1
    assert call_app(app, "GET /_emulator/requests").json["requests"][0]["path"] == "/user/balance"
    assert emulator.requests == 1


def test_calls_of_the_control_api_are_no_requests(app: AsgiApp, emulator: Emulator) -> None:
    """What is served beside the gateway does not count, and gets neither its faults nor its latency."""
    call_app(app, "POST /_emulator/faults", {"rules": ["503"]})
    assert [call_app(app, f"GET {path}").status for path in ("/", "/openapi.json", "/_emulator/")] == [200] * 3
    assert call_app(app, "GET /api/v1/user/balance", headers=HEADERS).status == 503
    assert emulator.requests == 1


def test_the_description_names_the_emulator_that_serves_it(app: AsgiApp) -> None:
    """Who imports it from an emulator does not reach the gateway by mistake."""
    answer = call_app(app, "GET /openapi.json")
    assert answer.headers["content-type"] == "application/json"
    assert [server["url"] for server in answer.json["servers"]] == ["/api/v1"]


@pytest.mark.parametrize("path", ["/", "/openapi.json"])
def test_the_fixed_addresses_are_read_only(app: AsgiApp, path: str) -> None:
    """HEAD has the headers of GET, and another method gives a 405."""
    got, head = call_app(app, f"GET {path}"), call_app(app, f"HEAD {path}")
    assert (head.status, head.body, head.headers) == (200, b"", got.headers)
    refused = call_app(app, f"POST {path}")
    assert (refused.status, refused.headers["allow"]) == (405, "GET, HEAD")


def test_the_index_is_what_the_caller_wants(app: AsgiApp) -> None:
    """The header Accept chooses between HTML and JSON."""
    assert call_app(app, "GET /", headers={"Accept": "text/html"}).body.startswith(b"<!doctype html>")
    assert call_app(app, "GET /").json["control"] == "/_emulator/"


@pytest.mark.parametrize("path", ["/nowhere", "/_emulatorx", "/openapi.json/x", "*", "/api"])
def test_other_paths_are_the_gateway_s(app: AsgiApp, path: str) -> None:
    """Laravel answers what nobody else has."""
    answer = call_app(app, f"GET {path}")
    assert answer.json == {"message": f"The route {path.lstrip('/')} could not be found."}


def test_a_page_gets_its_path_and_all_below(emulator: Emulator) -> None:
    """A page is found by the first part of the path."""

    async def lab(scope: Message, receive: Receive, send: Send) -> None:
        await respond(Response(200, {}, scope["path"].encode()), "GET", send)

    gateway = create_app(emulator)
    app = Front(gateway, gateway, [Page("lab", "The lab", "/lab", lab)]).app
    assert [call_app(app, f"GET {path}").body for path in ("/lab", "/lab/a/b")] == [b"/lab", b"/lab/a/b"]
    assert call_app(app, "GET /labs").status == 404
    assert call_app(app, "GET /").json["lab"] == "/lab"
