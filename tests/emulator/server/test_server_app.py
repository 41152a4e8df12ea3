import subprocess
import sys

import httpx
import pytest

from wikipayam_async.emulator import Emulator, create_server_app, serve

HEADERS = {"Authorization": "Bearer emulator-token"}


def test_it_is_served_on_a_port(emulator: Emulator) -> None:
    """An emulator is served with its control API over a socket, and a HEAD leaves the connection in order."""
    with (
        serve(emulator, app=create_server_app(emulator, control_token="secret")) as served,
        httpx.Client(base_url=served.url, headers=HEADERS, trust_env=False) as client,
    ):
        assert client.head("/api/v1/user/balance").headers["content-length"] == "80"
        assert client.get("/api/v1/user/balance").status_code == 200
        statuses = [
            client.get("/_emulator/", headers={"Authorization": f"Bearer {token}"}).status_code
            for token in ("secret", "x")
        ]
    assert statuses == [200, 401]


def test_an_unusable_control_token_is_refused(emulator: Emulator) -> None:
    """The error does not show the token."""
    with pytest.raises(ValueError) as caught:
        create_server_app(emulator, control_token="two words")
    assert "two words" not in str(caught.value)


def test_tests_without_the_control_api_do_not_load_it() -> None:
    """Importing what tests need does not import the control API."""
    code = "import sys, wikipayam_async.testing; print([name for name in sys.modules if 'server.control' in name])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603 - our own
    assert done.stdout == "[]\n"
