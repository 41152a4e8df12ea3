from __future__ import annotations

import importlib.metadata
import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator

import anyio
import pytest

from wikipayam_async import AsyncWikipayam, ClosedError
from wikipayam_async.emulator import DELIVERED, WAITING_FOR_UPDATE, Emulator, ManualClock, ServedEmulator
from wikipayam_async.loopback import is_refused
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
    assert done.stdout.split() == [
        "wikipayam_async",
        "wikipayam_async.loopback",
        "wikipayam_async.pytest_plugin",
        "wikipayam_async.version",
    ]


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


SEND = """
    import anyio, os, subprocess, sys
    import pytest
    from unittest import mock
    from wikipayam_async import APIConnectionError, AsyncWikipayam, ConfigurationError, RetryPolicy

    async def send():
        # The name does not exist, so a request that is not refused fails to connect.
        async with AsyncWikipayam("t", sender="1", base_url="https://gateway.invalid", retry=RetryPolicy(max_attempts=1),
                                  timeout=5) as client:
            await client.sms.send("09123456789", "text")

    def outcome():
        try:
            anyio.run(send)
        except Exception as error:
            return type(error).__name__
"""


def run_tests(pytester: pytest.Pytester, body: str, *options: str) -> pytest.RunResult:
    """Run tests in another process, with only this plugin and those of the options.

    Their own settings file keeps them from those of a directory above, such as this project's.
    """
    pytester.makeini("[pytest]")
    pytester.makepyfile(textwrap.dedent(SEND) + textwrap.dedent(body))
    return pytester.runpytest_subprocess("-p", "wikipayam", *options)


class TestOtherMachines:
    """Requests to other machines while tests run."""

    @pytest.fixture(autouse=True)
    def alone(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Load no other plugins, and set a token as a developer's machine may have it."""
        monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
        monkeypatch.setenv("SMS_AUTH_TOKEN", "a-real-token")

    @pytest.mark.parametrize("options", [(), ("-p", "xdist", "-n", "2")], ids=["one process", "xdist"])
    def test_they_are_refused(self, pytester: pytest.Pytester, options: tuple[str, ...]) -> None:
        """In tests, in their fixtures, in the import of a test module, and in the workers of xdist."""
        body = """
            at_import = outcome()

            @pytest.fixture(scope="session")
            def in_fixture():
                return outcome()

            def test_one(in_fixture):
                assert [at_import, in_fixture, outcome()] == ["ConfigurationError"] * 3

            def test_two():
                with mock.patch.dict(os.environ, {"SMS_AUTH_TOKEN": "t"}, clear=True):
                    assert outcome() == "ConfigurationError"
        """
        run_tests(pytester, body, *options).assert_outcomes(passed=2)

    def test_the_error_says_what_to_do(self, pytester: pytest.Pytester) -> None:
        """The report of the failed test names the fixtures and the way to allow it, and no token."""
        shown = run_tests(pytester, "def test_one():\n    anyio.run(send)\n").stdout.str()
        assert "ConfigurationError: base_url: https://gateway.invalid is another machine" in shown
        for word in ("wikipayam_environ", "@pytest.mark.wikipayam_network", "wikipayam_network = true"):
            assert word in shown
        assert "a-real-token" not in shown

    def test_subprocesses_are_refused_too(self, pytester: pytest.Pytester) -> None:
        """A process that inherits the environment refuses, too, also one of multiprocessing."""
        body = """
            import multiprocessing
            CODE = "import sys; sys.path.insert(0, '.'); import test_subprocesses_are_refused_too as one; print(one.outcome())"

            def test_program():
                done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
                assert done.stdout.split() == ["ConfigurationError"]

            def test_multiprocessing():
                with multiprocessing.get_context("spawn").Pool(1) as pool:
                    assert pool.apply(outcome) == "ConfigurationError"
        """
        run_tests(pytester, body).assert_outcomes(passed=2)

    def test_a_marked_test_may_reach_them(self, pytester: pytest.Pytester) -> None:
        """The marker allows it for a test and its fixtures, and for no test after it."""
        body = """
            @pytest.fixture
            def fixture():
                return outcome()

            @pytest.mark.wikipayam_network
            def test_one(fixture):
                assert [fixture, outcome()] == ["APIConnectionError"] * 2

            def test_two(fixture):
                assert [fixture, outcome()] == ["ConfigurationError"] * 2
        """
        run_tests(pytester, body, "--strict-markers").assert_outcomes(passed=2)

    @pytest.mark.parametrize("options", [("-o", "wikipayam_network=true"), ("-p", "no:wikipayam")])
    def test_a_setting_allows_it_for_all_tests(self, pytester: pytest.Pytester, options: tuple[str, ...]) -> None:
        """The setting, and leaving the plugin out, allow it for the whole run."""
        body = "def test_one():\n    assert outcome() == 'APIConnectionError'\n"
        run_tests(pytester, body, *options).assert_outcomes(passed=1)

    def test_a_run_within_a_run_restores_its_state(self, pytester: pytest.Pytester) -> None:
        """After a nested run of pytest the settings of the outer one hold again."""
        pytester.makeini("[pytest]")
        pytester.makepyfile(
            "def test_one():\n    from wikipayam_async.loopback import is_refused\n    assert is_refused('a.example')\n"
        )
        before = is_refused("a.example")
        pytester.inline_run("-p", "wikipayam", "-o", "wikipayam_network=false").assertoutcome(passed=1)
        assert is_refused("a.example") is before
