"""A login through FastAPI's synchronous TestClient. The environment points the service to the emulator."""

import pytest
from fastapi.testclient import TestClient
from web import app

from wikipayam_async.testing import Emulator


@pytest.mark.usefixtures("wikipayam_environ")
def test_login(wikipayam_emulator: Emulator) -> None:
    """The code that was sent is accepted."""
    with TestClient(app) as http:
        challenge = http.post("/login/start", json={"receiver": "09123456789"}).json()["challenge_id"]
        entered = {"challenge_id": challenge, "code": wikipayam_emulator.last_code("09123456789")}
        assert http.post("/login/check", json=entered).status_code == 200
