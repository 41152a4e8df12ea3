"""The examples that use the emulator from other languages, and its container."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx
import pytest

from tests.docs.pages import DOCS, ROOT
from wikipayam_async.emulator import Emulator, ServedEmulator, create_server_app, serve
from wikipayam_async.emulator.server.control.routes import find
from wikipayam_async.testing import emulator_environ

if not DOCS.is_dir():
    pytest.skip("the documentation is not in this tree", allow_module_level=True)

EXAMPLES = DOCS / "examples" / "emulator"
TOKEN = "secret"


@pytest.fixture(params=[None, TOKEN], ids=["loopback", "token"])
def served(request: pytest.FixtureRequest) -> Iterator[ServedEmulator]:
    """An emulator on a port, once without and once with a control token."""
    emulator = Emulator()
    with serve(emulator, app=create_server_app(emulator, control_token=request.param)) as served:
        yield served


@pytest.fixture
def environ(served: ServedEmulator, request: pytest.FixtureRequest) -> Mapping[str, str]:
    """The environment of a program that uses the emulator."""
    token = request.node.callspec.params["served"]
    own = {} if token is None else {"WIKIPAYAM_EMULATOR_CONTROL_TOKEN": token}
    return {**os.environ, **emulator_environ(served), **own}


def program(name: str) -> str:
    """Return the path of a program; without it the test is skipped."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed: install it to run the example for it")
    return found


def test_the_tests_of_the_shop_in_node_pass(served: ServedEmulator, environ: Mapping[str, str]) -> None:
    """All five tests pass, and the emulator has what they sent."""
    command = [program("node"), "--test", "--test-reporter=tap", str(EXAMPLES / "orders.test.mjs")]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False, timeout=60)  # noqa: S603 - our own
    assert done.returncode == 0, done.stdout
    assert "# pass 5\n" in done.stdout
    assert [message.message for message in served.emulator.inbox()] == ["لغو"]


def test_the_tests_of_the_shop_in_php_pass(environ: Mapping[str, str]) -> None:
    """All assertions hold."""
    options = ("-d", "zend.assertions=1", "-d", "assert.exception=1")
    command = [program("php"), *options, str(EXAMPLES / "orders_test.php")]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False, timeout=60)  # noqa: S603 - our own
    assert (done.returncode, done.stdout) == (0, "ok\n"), done.stdout


def test_the_example_in_php_calls_what_there_is() -> None:
    """Every call of the control API in the PHP file exists, also where there is no PHP to run it."""
    source = (EXAMPLES / "orders_test.php").read_text("utf-8")
    calls = re.findall(r"control\('([A-Z]+)', '(/[a-z]+)", source)
    assert [call for call in calls if call[0] not in find(call[1]).calls] == []
    assert len(calls) == source.count("control('") == 5


@pytest.mark.skipif(os.name == "nt", reason="Windows has no sh")
def test_the_calls_with_curl_succeed(tmp_path: Path) -> None:
    """Every call of the script succeeds, and the emulator is then as they left it."""
    emulator = Emulator()
    with serve(emulator, app=create_server_app(emulator)) as served:
        command = [program("sh"), str(EXAMPLES / "control.sh")]
        program("curl")
        environ = {**os.environ, **emulator_environ(served)}
        subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, check=True, timeout=60)  # noqa: S603 - our own
    assert (emulator.account.balance, emulator.faults.pending, len(emulator.inbox())) == (5_000, 1, 1)
    assert json.loads((tmp_path / "state.json").read_bytes())["version"] == 1


def instructions() -> dict[str, str]:
    """Return the instructions of the container file; of those with the same name, the last."""
    lines = (EXAMPLES / "Containerfile").read_text("utf-8").replace("\\\n", "").splitlines()
    return dict(line.split(" ", 1) for line in lines if line and not line.startswith("#"))


def test_the_container_installs_what_there_is() -> None:
    """The package has the extra, and supports the version of Python of the image."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    found = instructions()
    assert found["RUN"].endswith(f"--no-index --find-links /wheels '{project['name']}[emulator]'")
    assert "emulator" in project["optional-dependencies"]
    version = re.fullmatch(r"docker\.io/library/python:(3\.[0-9]+)-slim", found["FROM"])
    assert version is not None
    assert f"Programming Language :: Python :: {version[1]}" in project["classifiers"]
    assert found["USER"] == "nobody"


@pytest.mark.skipif(os.name == "nt", reason="Windows processes cannot receive SIGTERM")
def test_the_container_s_commands_work() -> None:
    """The emulator starts by the entry point and is healthy; other machines need the token, and SIGTERM ends it."""
    found = instructions()
    python, *arguments = json.loads(found["ENTRYPOINT"])
    healthy = json.loads(found["HEALTHCHECK"].partition("CMD ")[2])
    assert (python, healthy[:2], found["EXPOSE"] in healthy[2]) == ("python", ["python", "-c"], True)
    command = [sys.executable, *arguments, "--port", "0"]
    environ = {**os.environ, "WIKIPAYAM_EMULATOR_CONTROL_TOKEN": TOKEN}
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own
        assert process.stdout is not None
        port = process.stdout.readline().strip().rpartition(":")[2]
        check = [sys.executable, "-c", healthy[2].replace(found["EXPOSE"], port)]
        subprocess.run(check, check=True, timeout=30)  # noqa: S603 - our own
        headers = {"Host": "emulator:8026", "Authorization": f"Bearer {TOKEN}"}
        url = f"http://127.0.0.1:{port}/_emulator/"
        assert httpx.get(url, headers=headers, trust_env=False).status_code == 200
        process.terminate()
        assert process.wait(30) == 0
