from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from tests.cli.bulk.results_files import (
    ACCEPTED,
    PATH,
    fill,
    new_file,
    outcomes,
    row_record,
)
from wikipayam_async.cli.bulk.appender import sync_directory
from wikipayam_async.cli.bulk.outcomes import RowOutcome


def test_a_failed_claim_leaves_nothing() -> None:
    """A partial claim is removed, so that later records can be read; its rows are not claimed."""
    with new_file() as results:
        full = fill(results)
        before = PATH.read_bytes()
        with pytest.raises(OSError, match="No space left"):
            results.claim([2], [])
        assert PATH.read_bytes() == before
        full.room = 1000
        results.record([row_record(3, ACCEPTED)])
    assert outcomes(2, 3) == [RowOutcome.NONE, RowOutcome.ACCEPTED]


def test_nothing_is_written_after_a_partial_record(monkeypatch: pytest.MonkeyPatch) -> None:
    """If a partial record cannot be removed, nothing is written after it, so that it stays the last."""

    def refuse(number: int, size: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with new_file() as results:
        full = fill(results)
        with monkeypatch.context() as patch:
            patch.setattr(os, "ftruncate", refuse)
            with pytest.raises(OSError, match="No space left"):
                results.claim([2], [])
        full.room = 1000
        with pytest.raises(OSError, match="No space left"):
            results.record([row_record(3, ACCEPTED)])
    assert PATH.read_bytes().endswith(b'{"line":"claimed","r')
    assert outcomes(2, 3) == [RowOutcome.NONE, RowOutcome.NONE]


def test_a_directory_that_cannot_be_opened_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some systems cannot open directories; the file itself is still synced."""
    real = os.open

    def refuse(path: Any, flags: int, mode: int = 0o777) -> int:
        if Path(path).is_dir():
            raise PermissionError(errno.EACCES, "Permission denied")
        return real(path, flags, mode)

    monkeypatch.setattr(os, "open", refuse)
    new_file().close()
    assert outcomes(2) == [RowOutcome.NONE]


def test_the_name_of_a_new_file_is_on_the_disk_before_it_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """The directory of a new results file is synced."""
    synced: list[int] = []
    real = os.fsync

    def sync(number: int) -> None:
        real(number)
        synced.append(os.fstat(number).st_ino)

    monkeypatch.setattr(os, "fsync", sync)
    sync_directory(PATH.parent)
    assert synced == [PATH.parent.stat().st_ino]
    del synced[:]
    with new_file():
        assert PATH.parent.stat().st_ino in synced
