from __future__ import annotations

import os
import shutil
from pathlib import Path
from unittest import mock

import httpx
import pytest

from wikipayam_async import AsyncWikipayam, RateLimitError, RetryPolicy, testing
from wikipayam_async.testing import (
    DEFAULT_LINE,
    DEFAULT_PATTERN,
    Emulator,
    Fault,
    LedgerEntry,
    emulator_client,
    emulator_environ,
    serve,
)

DOCS = Path(__file__).parent.parent / "docs"
EXAMPLES = DOCS / "examples" / "testing"
LOOP_SCOPE = ["-o", "asyncio_default_fixture_loop_scope=function"]  # avoids a warning


def only(entries: list[LedgerEntry]) -> LedgerEntry:
    """Return the only entry of a list."""
    (entry,) = entries
    return entry


def test_the_public_names_exist_and_are_sorted() -> None:
    """Constants come first, then classes, then functions, as the linter sorts them."""
    names = testing.__all__
    assert [hasattr(testing, name) for name in names] == [True] * len(names)
    assert names == sorted(set(names), key=lambda name: (not name.isupper(), name.islower(), name))


@pytest.mark.anyio
async def test_the_client_needs_only_the_emulator(monkeypatch: pytest.MonkeyPatch) -> None:
    """The client uses the emulator's line and pattern, and ignores the environment."""
    monkeypatch.setenv("SMS_AUTH_TOKEN", "a-real-token")
    monkeypatch.setenv("SMS_SENDER", "30001")
    monkeypatch.setenv("WIKIPAYAM_SMS_API_BASE_URL", "https://wikipayam.ir")
    monkeypatch.setenv("WIKIPAYAM_SMS_API_PREFIX", "api/v9")
    emulator = Emulator()
    async with emulator_client(emulator) as client:
        await client.sms.send("09123456789", "سلام")
        await client.otp.send("09351234567", "12345")
        assert await client.balance() == await client.with_options(timeout=1).balance()
    assert only(emulator.sent_to("+989123456789")).sender == DEFAULT_LINE
    assert emulator.last_code("09351234567") == "12345"
    assert emulator.requests == 4


@pytest.mark.anyio
async def test_the_client_supports_the_holoo_endpoint() -> None:
    """The account's user name is set, which the Holoo endpoint requires."""
    emulator = Emulator()
    async with emulator_client(emulator) as client:
        await client.holoo.send("09123456789", "سلام")
    assert only(emulator.sent_to("09123456789")).message == "سلام"


@pytest.mark.anyio
async def test_options_replace_the_defaults() -> None:
    """Token, line and retry policy can be passed as arguments."""
    emulator = Emulator()
    emulator.add_account(token="other", lines=["30005"])
    emulator.faults.arm(Fault.status(429), on="POST /sms/send")
    async with emulator_client(emulator, token="other", sender="30005", retry=RetryPolicy(max_attempts=1)) as client:
        with pytest.raises(RateLimitError):
            await client.sms.send("09123456789", "سلام")
        await client.sms.send("09123456789", "سلام")
    assert only(emulator.sent_to("09123456789")).sender == "30005"


@pytest.mark.anyio
async def test_the_prefix_is_an_option() -> None:
    """A client with the emulator's prefix reaches it."""
    emulator = Emulator(prefix="/sms/v2")
    async with emulator_client(emulator, api_prefix="sms/v2") as client:
        assert (await client.balance()).balance == emulator.account.balance


@pytest.mark.anyio
async def test_the_client_s_host_does_not_exist() -> None:
    """The base URL of the client cannot be resolved."""
    client = emulator_client(Emulator())
    assert repr(client) == f"AsyncWikipayam(base_url='https://emulator.invalid', sender={DEFAULT_LINE!r})"


@pytest.mark.anyio
async def test_the_environment_points_a_client_to_the_port() -> None:
    """A client without arguments sends to the served emulator."""
    emulator = Emulator()
    with serve(emulator) as server, mock.patch.dict(os.environ, emulator_environ(server)):
        async with AsyncWikipayam() as client:
            await client.otp.send("09123456789", "12345", otp_pattern_id=DEFAULT_PATTERN)
            await client.holoo.send("09123456789", "سلام")
    assert [entry.sender for entry in emulator.sent_to("09123456789")] == [DEFAULT_LINE] * 2


@pytest.fixture
def examples(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """Copy the examples to a directory without this project's settings, and disable plugin autoloading."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    shutil.copytree(EXAMPLES, pytester.path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    return pytester


@pytest.mark.parametrize(
    ("runner", "marked", "passed"),
    [
        (["-p", "anyio.pytest_plugin", "-o", "anyio_mode=auto"], "test_inbound.py", 4),  # each on asyncio and on trio
        (["-p", "pytest_asyncio.plugin", *LOOP_SCOPE, "-o", "asyncio_mode=auto"], "test_login_unittest.py", 2),
        (["-p", "pytest_trio.plugin", "-o", "trio_mode=true"], "test_faults.py", 3),
    ],
    ids=["anyio", "pytest-asyncio", "pytest-trio"],
)
def test_the_login_example_passes_under_every_runner(
    examples: pytest.Pytester, runner: list[str], marked: str, passed: int
) -> None:
    """The same test passes under all three runners, beside one that was written for the runner."""
    done = examples.runpytest_subprocess("-p", "wikipayam", *runner, "test_login.py", marked)
    done.assert_outcomes(passed=passed)


def test_examples_for_several_runners_pass_side_by_side(examples: pytest.Pytester) -> None:
    """Tests for pytest-asyncio in strict mode, anyio, FastAPI, mocks and unittest pass in one run."""
    files = [
        "test_delivery.py", "test_inbound.py", "test_login_mock.py", "test_login_web.py", "test_login_unittest.py",
    ]  # fmt: skip
    plugins = ["-p", "wikipayam", "-p", "anyio.pytest_plugin", "-p", "pytest_asyncio.plugin"]
    examples.runpytest_subprocess(*plugins, *LOOP_SCOPE, *files).assert_outcomes(passed=6)


def test_examples_with_mocks_of_httpx_pass(examples: pytest.Pytester) -> None:
    """respx, pytest-httpx and vcrpy answer a client over httpx's own transport, which the plugin lets through."""
    files = ["test_login_respx.py", "test_login_pytest_httpx.py", "test_login_vcr.py"]
    plugins = ["-p", "wikipayam", "-p", "respx", "-p", "pytest_httpx", "-p", "pytest_asyncio.plugin"]
    examples.runpytest_subprocess(*plugins, *LOOP_SCOPE, *files).assert_outcomes(passed=3)


def test_a_mock_of_httpx_does_not_see_the_clients_own_transport(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without httpx's transport the request would leave the machine; the plugin refuses it."""
    pytester.makeini("[pytest]")
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makepyfile("""
        import anyio, pytest, vcr
        from wikipayam_async import AsyncWikipayam, ConfigurationError

        @pytest.fixture
        def cassette(tmp_path):
            with vcr.use_cassette(str(tmp_path / "cassette.yaml")) as cassette:
                yield cassette

        @pytest.mark.parametrize("mock", ["respx_mock", "httpx_mock", "cassette"])
        def test_it(mock, request):
            request.getfixturevalue(mock)
            with pytest.raises(ConfigurationError, match="is another machine, and tests must not reach it"):
                anyio.run(AsyncWikipayam("a-real-token", base_url="https://gateway.invalid").balance)
    """)
    done = pytester.runpytest_subprocess("-p", "wikipayam", "-p", "respx", "-p", "pytest_httpx")
    done.assert_outcomes(passed=3)


def test_httpx_can_use_the_port(wikipayam_server: testing.ServedEmulator) -> None:
    """Any HTTP client can send requests to the port."""
    headers = {"Authorization": f"Bearer {testing.DEFAULT_TOKEN}"}
    answer = httpx.get(f"{wikipayam_server.url}/api/v1/user/balance", headers=headers, trust_env=False)
    assert answer.status_code == 200
    assert wikipayam_server.emulator.requests_to("GET /user/balance") == 1
