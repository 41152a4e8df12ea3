"""The lock of a journal: one holder, released with its process, and no file left behind."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from wikipayam_async.sqlite import lock as module
from wikipayam_async.sqlite.lock import FileLock, lock_functions


def test_one_object_holds_the_lock(tmp_path: Path) -> None:
    """Another object of the same process is another holder; the file exists while the lock is held."""
    path = tmp_path / "eid.db.lock"
    first, second = FileLock(path), FileLock(path)
    assert not first.is_held_elsewhere()
    assert first.acquire()
    assert first.acquire()
    assert (first.held, second.held, second.acquire()) == (True, False, False)
    assert (first.is_held_elsewhere(), second.is_held_elsewhere()) == (False, True)
    assert second.owner() == str(os.getpid())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    first.release()
    first.release()
    assert (path.exists(), second.owner(), second.acquire()) == (False, "", True)
    second.release()


def test_a_file_of_a_process_that_has_ended_is_no_lock(tmp_path: Path) -> None:
    """The operating system has released it; whoever looks, or comes next, removes the file."""
    path = tmp_path / "eid.db.lock"
    code = "import sys, os; from pathlib import Path; from wikipayam_async.sqlite.lock import FileLock; FileLock(Path(sys.argv[1])).acquire(); os._exit(1)"  # fmt: skip
    subprocess.run([sys.executable, "-c", code, str(path)], check=False)  # noqa: S603 - own code
    assert path.exists()
    assert not FileLock(path).is_held_elsewhere()
    assert not path.exists()


def test_a_file_that_was_removed_meanwhile_is_opened_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between opening and locking, its last holder may remove it, and another process make a new one."""
    path = tmp_path / "eid.db.lock"
    lock = FileLock(path)
    taken: list[int] = []

    def lock_late(number: int) -> None:
        taken.append(number)
        if len(taken) == 1:
            path.unlink()
        elif len(taken) == 2:
            path.rename(tmp_path / "old")
            path.touch()

    monkeypatch.setattr(lock, "_lock", lock_late)
    assert lock.acquire()
    assert len(taken) == 3
    assert path.read_text() == str(os.getpid())


def test_windows_locks_a_byte(monkeypatch: pytest.MonkeyPatch) -> None:
    """There, the file is locked by `msvcrt`, which has no locks on whole files."""
    calls: list[tuple[int, str, int]] = []
    windows = SimpleNamespace(LK_NBLCK="lock", LK_UNLCK="unlock", locking=lambda *call: calls.append(call))
    monkeypatch.setattr(module, "import_module", {"msvcrt": windows}.__getitem__)
    acquire, release = lock_functions("nt")
    acquire(7)
    release(7)
    assert calls == [(7, "lock", 1), (7, "unlock", 1)]


def test_a_file_that_cannot_be_removed_while_it_is_open_is_removed_afterwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on Windows."""
    path = tmp_path / "eid.db.lock"
    lock = FileLock(path)
    lock.acquire()
    unlink, calls = Path.unlink, iter([PermissionError("in use")])

    def refuse_once(target: Path, *, missing_ok: bool = False) -> None:
        for error in calls:
            raise error
        unlink(target, missing_ok=missing_ok)

    monkeypatch.setattr(Path, "unlink", refuse_once)
    lock.release()
    assert not path.exists()


def test_an_owner_that_cannot_be_read_is_unknown(tmp_path: Path) -> None:
    """The error then says "another process"."""
    path = tmp_path / "eid.db.lock"
    path.write_bytes(b"\xff")
    found: Any = FileLock(path).owner()
    assert found == ""


def test_a_full_disk_keeps_nobody_from_the_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The name of its holder is missing then; and the lock is given back as a whole, so that another may take it."""

    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    path = tmp_path / "eid.db.lock"
    lock = FileLock(path)
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", fail)
        assert lock.acquire()
    assert (lock.held, lock.owner(), FileLock(path).acquire()) == (True, "", False)
    lock.release()
    other = FileLock(path)
    assert (other.acquire(), other.owner()) == (True, str(os.getpid()))
    other.release()
    assert list(tmp_path.iterdir()) == []
