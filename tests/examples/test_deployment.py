"""The deployment of the documentation: its compose file, its unit of systemd, and its commands with two workers."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from configparser import RawConfigParser
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml

from tests.docs.shell import CommandResult, commands, run_command
from wikipayam_async.cli.exits import Exit
from wikipayam_async.emulator import DEFAULT_LINE, DEFAULT_TOKEN, Emulator, Fault, serve

DOCS = Path(__file__).parent.parent.parent / "docs"
DEPLOYMENT = DOCS / "examples" / "deployment"
UNIT = DEPLOYMENT / "wikipayam-worker@.service"
PAGES = {"en": DOCS / "en" / "deployment.md", "fa": DOCS / "fa" / "deployment.md"}

if not DOCS.is_dir():
    pytest.skip("the documentation is not part of what is tested here", allow_module_level=True)

DEADLINE = 60.0
MESSAGES = 2400
SETTINGS = {"SMS_AUTH_TOKEN", "SMS_SENDER", "WIKIPAYAM_DATABASE_URL"}


def compose() -> dict[str, Any]:
    """Return the compose file."""
    content: dict[str, Any] = yaml.safe_load((DEPLOYMENT / "compose.yaml").read_text("utf-8"))
    return content


def unit() -> RawConfigParser:
    """Return the unit of systemd."""
    parser = RawConfigParser()
    parser.optionxform = str  # type: ignore[assignment, method-assign]  # its names have capitals
    parser.read_string(UNIT.read_text("utf-8"))
    return parser


def settings(name: str) -> set[str]:
    """Return the names of the variables in a file."""
    lines = (DEPLOYMENT / name).read_text("utf-8").splitlines()
    return {line.partition("=")[0] for line in lines if line and not line.startswith("#")}


def worker_command() -> list[str]:
    """Return the arguments of the program in the worker's container."""
    command: list[str] = compose()["services"]["worker"]["command"]
    return command


def test_the_compose_file_has_a_whole_deployment() -> None:
    """Its services refer to what is there, and their program is that of the image."""
    services = compose()["services"]
    assert set(services) == {"postgres", "migrate", "worker", "campaign"}
    for service in services.values():
        assert set(service.get("depends_on", {})) <= set(services)
        assert (DEPLOYMENT / service["env_file"]).is_file()
    assert settings("wikipayam.env") == SETTINGS
    assert settings("postgres.env") == {"POSTGRES_DB", "POSTGRES_USER", "POSTGRES_PASSWORD"}
    (entrypoint,) = re.findall(r"^ENTRYPOINT (.+)$", (DEPLOYMENT / "Dockerfile").read_text("utf-8"), re.MULTILINE)
    assert yaml.safe_load(entrypoint) == ["wikipayam"]
    assert services["campaign"]["entrypoint"] == ["wikipayam", "campaign"]
    assert services["migrate"]["command"] == ["campaign", "migrate"]


def test_the_unit_of_systemd_runs_the_same_worker() -> None:
    """What it does not restart after are the exit codes that a restart does not mend."""
    service = unit()["Service"]
    assert shlex.split(service["ExecStart"])[1:] == worker_command()
    assert set(map(int, service["RestartPreventExitStatus"].split())) == {Exit.USAGE, Exit.AUTH}
    assert int(service["SuccessExitStatus"]) == Exit.INTERRUPTED


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    """With a program that is on this machine."""
    path = tmp_path / UNIT.name
    program = shlex.split(unit()["Service"]["ExecStart"])[0]
    path.write_text(UNIT.read_text("utf-8").replace(program, sys.executable), "utf-8")
    done = subprocess.run(  # noqa: S603 - our own command
        [str(shutil.which("systemd-analyze")), "verify", str(path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def page_commands(page: Path) -> list[list[str]]:
    """Return the commands of a page that a test runs, from the first to the last."""
    _, _, part = page.read_text("utf-8").partition("<!--- skip: start")
    part, _, _ = part.partition("<!--- skip: end")
    blocks = re.findall(r"^```sh\n(.+?)^```", part, re.MULTILINE | re.DOTALL)
    return [command.words for block in blocks for command in commands(block)]


@pytest.fixture
def deployed(postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Emulator]:
    """An emulated gateway on a port, an empty database, and a file of customers; the settings are in the environment."""
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE deployment")
    emulator = Emulator()
    monkeypatch.chdir(tmp_path)
    lines = ["mobile,order,name", *(f"0912{row:07},{row},Sara" for row in range(MESSAGES))]
    (tmp_path / "customers.csv").write_text("\n".join(lines), "utf-8")
    with serve(emulator) as served:
        for name, value in (
            ("SMS_AUTH_TOKEN", DEFAULT_TOKEN),
            ("SMS_SENDER", DEFAULT_LINE),
            ("WIKIPAYAM_SMS_API_BASE_URL", served.url),
            ("WIKIPAYAM_DATABASE_URL", postgres_url.rpartition("/")[0] + "/deployment"),
        ):
            monkeypatch.setenv(name, value)
        yield emulator
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("DROP DATABASE deployment WITH (FORCE)")


@contextmanager
def worker(log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a worker as its container does, until the block ends."""
    command = [sys.executable, "-m", "wikipayam_async", *worker_command()]
    with log.open("wb") as output, subprocess.Popen(command, stderr=output) as process:  # noqa: S603 - our own command
        try:
            yield process
        finally:
            process.kill()


def test_the_whole_way(deployed: Emulator, tmp_path: Path) -> None:
    """The page's commands, one after the other; the workers stop when they are asked to, and nothing is sent twice."""
    logs = [tmp_path / f"worker-{number}.log" for number in range(2)]
    results: dict[str, CommandResult] = {}
    deployed.faults.every(Fault.delay(0.4), 1, on="POST /sms/send")
    with ExitStack() as stack:
        workers: list[subprocess.Popen[bytes]] = []
        for words in page_commands(PAGES["en"]):
            name = " ".join(words[1:3]) if words[1] == "campaign" else words[1]
            name += " --watch" if "--watch" in words else ""
            if name == "campaign pause":
                wait_until(lambda: deployed.requests_to("POST /sms/send") > 0)
            if name == "campaign resume":
                deployed.faults.reset()
            result = results[name] = run_command(words)
            assert result.exit_code == 0, f"{words}: {result.out}{result.err}"
            if name == "campaign migrate":
                workers = [stack.enter_context(worker(log)) for log in logs]
        for process in workers:
            process.send_signal(signal.SIGTERM)
        assert [process.wait(DEADLINE) for process in workers] == [Exit.INTERRUPTED, Exit.INTERRUPTED]
    assert "paused; to go on: wikipayam campaign resume --name eid" in results["campaign pause"].err
    assert re.search(r"enqueued: \d[\d,]* messages", results["campaign resume"].err)
    assert results["campaign status --watch"].out.splitlines()[0] == "completed"
    assert len(results["campaign results"].out.splitlines()) == 1 + MESSAGES
    assert len((tmp_path / "eid.csv").read_text("utf-8-sig").splitlines()) == 1 + MESSAGES
    assert sorted(entry.receiver[-10:] for entry in deployed.ledger) == [f"912{row:07}" for row in range(MESSAGES)]
    for log in logs:
        assert log.read_text("utf-8").splitlines()[0].endswith("8 requests at once; Ctrl-C or SIGTERM ends it")


def wait_until(condition: Any) -> None:
    """Wait until a condition holds."""
    end = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < end, [log.read_text() for log in Path.cwd().glob("*.log")]
        time.sleep(0.02)


def test_the_pages_have_the_same_commands() -> None:
    """The Persian page has another template, and every command of the English one."""
    english, persian = (
        [[word for word in words if "{" not in word] for words in page_commands(page)] for page in PAGES.values()
    )
    assert english == persian
    assert os.environ.get("WIKIPAYAM_DATABASE_URL") is None
