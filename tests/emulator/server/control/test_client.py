import socket
from collections.abc import Iterator
from contextlib import closing

import pytest

from wikipayam_async.emulator import Emulator, ServedEmulator, create_server_app, serve
from wikipayam_async.emulator.server.control.client import ControlClient, ControlError
from wikipayam_async.emulator.server.control.models import Balance, Status


@pytest.fixture
def served(emulator: Emulator) -> Iterator[ServedEmulator]:
    """The emulator on a port, with a control token."""
    with serve(emulator, app=create_server_app(emulator, control_token="secret")) as served:
        yield served


@pytest.fixture
def client(served: ServedEmulator, monkeypatch: pytest.MonkeyPatch) -> ControlClient:
    """A client that finds the token in the environment; a proxy there is ignored."""
    monkeypatch.setenv("WIKIPAYAM_EMULATOR_CONTROL_TOKEN", "secret")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    return ControlClient(served.url)


def test_it_looks_and_changes(client: ControlClient) -> None:
    """Responses are read into their shapes, and a state is sent back as it is."""
    assert client.send("PUT", "/balance", Balance(balance=5), Balance) == Balance(balance=5)
    state = client.state()
    client.send("PUT", "/balance", Balance(balance=6), Balance)
    assert client.send("PUT", "/state", state, Status).balance == 5


def test_a_query_leaves_out_what_is_none(client: ControlClient) -> None:
    """None is no value, and values are encoded."""
    with pytest.raises(ControlError) as caught:
        client.get("/requests", Status, after=None, limit="a b&c")
    assert caught.value.problem.message == "The query is invalid: Expected `int`, got `str` - at `$.limit`."


def test_a_refusal_has_its_status_and_hint(served: ServedEmulator) -> None:
    """The error shows what is wrong and what to do; the token is in neither."""
    with pytest.raises(ControlError) as caught:
        ControlClient(served.url, "wrong").get("/", Status)
    assert caught.value.status == 401
    assert str(caught.value).startswith("The control token is missing or wrong. Send it as")
    assert "wrong'" not in repr(ControlClient(served.url, "wrong"))


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:{}", "http://[::1]:{}", "https://127.0.0.1:{}", "127.0.0.1", "http://h:x"]
)
def test_without_an_emulator_the_error_says_how_to_start_one(url: str) -> None:
    """A refused connection and an address that is none give the same error."""
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(ControlError) as caught:
        ControlClient(url.format(port), None).get("/", Status)
    assert (caught.value.status, str(caught.value)) == (
        None,
        f"No emulator answers at {url.format(port)}. Start one with `wikipayam emulator`, or pass its --url.",
    )


def test_another_server_is_no_emulator(emulator: Emulator) -> None:
    """A server that answers otherwise, here the gateway alone, is not taken for an emulator with a control API."""
    with serve(emulator) as alone, pytest.raises(ControlError) as caught:
        ControlClient(alone.url, None).get("/", Status)
    assert caught.value.status is None
