"""Which process made a claim, and whether it has ended."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from wikipayam_async.idempotency.process import has_ended, process_name

linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells when a process began")


@linux
def test_this_process_lives() -> None:
    """Its name stays the same."""
    name = process_name()
    assert process_name() == name
    assert name.split("/")[1] == str(os.getpid())
    assert has_ended(name) is False


@linux
def test_a_process_that_ended_is_recognized() -> None:
    """As soon as it is killed, although its parent has not noticed yet, and afterwards."""
    code = "from wikipayam_async.idempotency.process import process_name; print(process_name(), flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:  # noqa: S603
        assert child.stdout is not None
        name = child.stdout.readline().decode().strip()
        assert has_ended(name) is False
        child.kill()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert has_ended(name) is True
    assert has_ended(name) is True


@linux
@pytest.mark.parametrize(
    ("number", "started", "ended"),
    [
        ("this", "1", True),  # another process had this number
        ("99999999999999999999", "1", True),
        ("4999999", "1", True),
        ("x", "1", False),
        ("this", "", False),
    ],
)
def test_a_number_is_not_enough(number: str, started: str, ended: bool) -> None:
    """Processes get the numbers of those that ended; what cannot be read is not known to have ended."""
    machine = process_name().partition("/")[0]
    number = str(os.getpid()) if number == "this" else number
    assert has_ended(f"{machine}/{number}/{started}") is ended
    assert has_ended(f"another/{number}/{started}") is False


def test_a_system_that_tells_nothing(tmp_path: Path) -> None:
    """No process of it is known to have ended."""
    name = process_name(tmp_path)
    assert name == f"/{os.getpid()}/"
    assert has_ended(name, tmp_path) is False


@pytest.mark.parametrize("stat", [None, "7 (python) S 1"])
def test_a_process_that_is_hidden_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stat: str | None
) -> None:
    """Where a system hides the processes of other users, or their start, a signal tells whether there is one."""
    (tmp_path / "sys/kernel/random").mkdir(parents=True)
    (tmp_path / "sys/kernel/random/boot_id").write_text("boot")
    (tmp_path / "self/ns").mkdir(parents=True)
    (tmp_path / "self/ns/pid").symlink_to("pid:[1]")
    if stat is not None:
        (tmp_path / str(os.getpid())).mkdir()
        (tmp_path / str(os.getpid()) / "stat").write_text(stat)
    machine = process_name(tmp_path).partition("/")[0]
    name = f"{machine}/{os.getpid()}/7"
    assert has_ended(name, tmp_path) is False

    def kill(error: type[OSError]) -> None:
        def refuse(*_: int) -> None:
            raise error

        monkeypatch.setattr(os, "kill", refuse)

    kill(PermissionError)
    assert has_ended(name, tmp_path) is False
    kill(ProcessLookupError)
    assert has_ended(name, tmp_path) is True
