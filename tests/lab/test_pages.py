import httpx

from tests.lab.conftest import Lab, gateway_at
from wikipayam_async.emulator.server.control.context import Control
from wikipayam_async.emulator.server.control.guard import Guard
from wikipayam_async.lab.pages import lab_pages, serve_real


def test_the_lab_is_a_page_beside_the_emulator(control: Control) -> None:
    """The index and the start message can name it."""
    (page,) = lab_pages(control, Guard())
    assert (page.name, page.title, page.path) == ("lab", "API lab", "/lab")


def test_the_lab_is_served_beside_the_gateway(lab: Lab) -> None:
    """On a port, the page is below the emulator's URL."""
    assert "API lab" in httpx.get(lab.url, trust_env=False).text


def test_the_lab_of_the_real_gateway_is_a_server_of_its_own() -> None:
    """With the real gateway the root leads to the page, and no emulator answers."""
    with serve_real(gateway_at("http://127.0.0.1:9"), port=0) as served, httpx.Client(trust_env=False) as client:
        assert client.get(served.url, follow_redirects=True).url == f"{served.url}/lab/"
        assert client.get(f"{served.url}/api/v1/user/balance").status_code == 404
        assert client.get(f"{served.url}/lab/api/description").json()["is_real"] is True
