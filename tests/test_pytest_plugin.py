from __future__ import annotations

import importlib.metadata
import os
import subprocess
import sys
from collections.abc import Iterator

import anyio
import pytest

from wikipayam_async import AsyncWikipayam, ClosedError
from wikipayam_async.emulator import DELIVERED, WAITING_FOR_UPDATE, Emulator, ManualClock, ServedEmulator
from wikipayam_async.testing import emulator_environ

NAMES = ["wikipayam_client", "wikipayam_clock", "wikipayam_emulator", "wikipayam_environ", "wikipayam_server"]


def test_loading_the_plugin_imports_nothing_else() -> None:
    """Loading the plugin imports neither the client nor its dependencies."""
    (entry,) = importlib.metadata.entry_points(group="pytest11", name="wikipayam")
    code = (
        "import sys, pytest; before = set(sys.modules); "
        f"import {entry.value}; "
        "new = set(sys.modules) - before; "
        "print(*sorted(name for name in new if name.split('.')[0] not in sys.stdlib_module_names))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)  # noqa: S603 - the code is in this file
    assert done.stdout.split() == ["wikipayam_async", "wikipayam_async.pytest_plugin", "wikipayam_async.version"]


@pytest.mark.anyio
async def test_the_client_uses_the_emulator(wikipayam_client: AsyncWikipayam, wikipayam_emulator: Emulator) -> None:
    """The client works on every event loop, although it was created outside of it."""
    await wikipayam_client.otp.send("09123456789", "12345")
    assert wikipayam_emulator.last_code("00989123456789") == "12345"


def test_one_client_works_on_successive_event_loops(
    wikipayam_client: AsyncWikipayam, wikipayam_emulator: Emulator
) -> None:
    """A synchronous test may run every call on a new event loop, as FastAPI's TestClient does if it is not entered."""
    for backend in ("asyncio", "trio", "asyncio"):
        anyio.run(wikipayam_client.balance, backend=backend)
    assert wikipayam_emulator.requests_to("GET /user/balance") == 3


@pytest.fixture
def closed_later() -> Iterator[list[AsyncWikipayam]]:
    """Check after the teardown of all other fixtures that the clients in this list are closed."""
    clients: list[AsyncWikipayam] = []
    yield clients
    (client,) = clients
    with pytest.raises(ClosedError, match="closed"):
        anyio.run(client.balance)


def test_the_client_is_closed_at_the_end(closed_later: list[AsyncWikipayam], wikipayam_client: AsyncWikipayam) -> None:
    """The client is open during the test and closed after it."""
    closed_later.append(wikipayam_client)
    assert not wikipayam_client.http_client.is_closed


@pytest.mark.anyio
async def test_the_clock_moves_only_when_advanced(
    wikipayam_client: AsyncWikipayam, wikipayam_emulator: Emulator, wikipayam_clock: ManualClock
) -> None:
    """A test that uses the clock fixture has an emulator that follows it."""
    sent = await wikipayam_client.sms.send("09123456789", "سلام")
    words = []
    for seconds in (0, 60):
        wikipayam_clock.advance(seconds)
        words += [one.status for one in await wikipayam_client.sms.delivery_status(sent.id)]
    assert words == [WAITING_FOR_UPDATE, DELIVERED]
    assert wikipayam_clock() == 60


def test_without_the_clock_time_passes(wikipayam_emulator: Emulator) -> None:
    """Without the clock fixture the emulator uses real time."""
    before = wikipayam_emulator.now()
    while wikipayam_emulator.now() == before:
        pass
    assert wikipayam_emulator.now() > before


@pytest.fixture
def environ_later() -> Iterator[None]:
    """Check after the teardown of all other fixtures that the environment is unchanged."""
    before = dict(os.environ)
    yield
    after = dict(os.environ)
    for environ in (before, after):
        environ.pop("PYTEST_CURRENT_TEST")  # setup then, teardown now
    assert after == before


@pytest.mark.anyio
@pytest.mark.usefixtures("environ_later")
async def test_the_environment_points_to_the_server(
    wikipayam_environ: dict[str, str], wikipayam_server: ServedEmulator, wikipayam_emulator: Emulator
) -> None:
    """During the test the environment points to the server, whose emulator is the test's."""
    assert wikipayam_environ == emulator_environ(wikipayam_server)
    async with AsyncWikipayam() as client:
        await client.sms.send("09123456789", "سلام")
    assert [entry.message for entry in wikipayam_emulator.sent_to("09123456789")] == ["سلام"]


def test_without_uvicorn_the_server_fixture_fails(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The test fails instead of being skipped, and the message names the extra to install."""
    monkeypatch.setitem(sys.modules, "wikipayam_async.emulator.server.uvicorn_server", None)
    with pytest.raises(pytest.fail.Exception) as caught:
        request.getfixturevalue("wikipayam_server")
    hint = "wikipayam_server: serving the emulator needs uvicorn: pip install 'wikipayam_async[emulator]'"
    assert caught.value.msg == hint


class TestOverridden:
    """A test module, class or conftest.py may override the emulator."""

    @pytest.fixture
    def wikipayam_emulator(self) -> Emulator:
        """Return an emulator with other prices."""
        return Emulator(price=7)

    @pytest.mark.anyio
    async def test_the_other_fixtures_use_the_override(
        self, wikipayam_client: AsyncWikipayam, wikipayam_emulator: Emulator
    ) -> None:
        """The client sends to the overridden emulator."""
        await wikipayam_client.sms.send("09123456789", "سلام")
        assert [entry.cost for entry in wikipayam_emulator.sent_to("09123456789")] == [7]


def test_the_fixtures_are_listed_with_their_docstrings(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`pytest --fixtures` lists each fixture with its docstring."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    listed = pytester.runpytest_subprocess("-p", "wikipayam", "--fixtures").stdout.str()
    assert [name for name in NAMES if f"\n{name} -- " not in listed] == []
    assert "moves only by `wikipayam_clock.advance(seconds)`" in listed


def test_the_plugin_can_be_turned_off(pytester: pytest.Pytester) -> None:
    """`-p no:wikipayam` turns the plugin off."""
    others = [word for name in ("asyncio", "trio", "hypothesispytest") for word in ("-p", f"no:{name}")]
    listed = pytester.runpytest_subprocess("--fixtures", "-p", "no:wikipayam", *others).stdout.str()
    assert "anyio_backend" in listed
    assert [name for name in NAMES if name in listed] == []
