import pytest

from tests.emulator.server.conftest import call_app
from wikipayam_async.emulator import Emulator, create_app
from wikipayam_async.emulator.server.index import Link, Page, index, links


@pytest.fixture
def page(emulator: Emulator) -> Page:
    """A page with a title that needs escaping."""
    return Page("lab", "Try <it>", "/lab", create_app(emulator))


def test_programs_get_json() -> None:
    """Without a wish for HTML the index is an object of paths."""
    response = index("*/*")
    assert (response.status, response.headers["content-type"]) == (200, "application/json")
    assert response.json() == {
        "gateway": "/api/v1",
        "openapi": "/openapi.json",
        "control": "/_emulator/",
        "control_openapi": "/_emulator/openapi.json",
    }


def test_browsers_get_a_page(page: Page) -> None:
    """The page links to every address, loads nothing, and escapes titles."""
    response = index("text/html,application/xhtml+xml,*/*;q=0.8", [page])
    text = response.body.decode()
    assert response.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert [line for line in text.splitlines() if line.startswith("<li>")] == [
        '<li><a href="/lab">Try &lt;it&gt;</a></li>',
        '<li><a href="/openapi.json">OpenAPI description of the gateway</a></li>',
        '<li><a href="/_emulator/">Control API of the emulator</a></li>',
        '<li><a href="/_emulator/openapi.json">OpenAPI description of the control API</a></li>',
    ]


def test_pages_come_first(page: Page) -> None:
    """The links have the pages before what every emulator has."""
    assert links([page])[0] == Link("lab", "Try <it>", "/lab")
    assert [link.name for link in links()] == ["openapi", "control"]
    assert index("", [page]).json()["lab"] == "/lab"  # type: ignore[index, call-overload] # an object
    assert call_app(page.app, "GET /lab").status == 404
