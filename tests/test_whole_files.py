"""Files that are written whole or not at all."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from wikipayam_async.whole_files import replaced


def test_a_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    """The older one, which others could read, stays until then."""
    path = tmp_path / "out.csv"
    path.write_bytes(b"old")
    path.chmod(0o644)
    with replaced(path) as file:
        file.write(b"new")
        assert path.read_bytes() == b"old"
    assert {one.name: one.read_bytes() for one in tmp_path.iterdir()} == {"out.csv": b"new"}
    assert os.name == "nt" or stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
def test_a_full_disk_leaves_the_older_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """And no other."""

    def fail(_: int) -> None:
        raise OSError(number, os.strerror(number))

    path = tmp_path / "out.csv"
    path.write_bytes(b"old")
    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match=os.strerror(number)), replaced(path) as file:
        file.write(b"new")
    assert {one.name: one.read_bytes() for one in tmp_path.iterdir()} == {"out.csv": b"old"}


def test_what_a_killed_process_left_is_removed(tmp_path: Path) -> None:
    """Once nothing was written to it for a week; other files and folders stay, and so do those that cannot be removed."""
    stale = ".out.csv.abcd_123.part"
    others = [".out.csv.12345678.part", ".other.csv.abcd1234.part", ".out.csv.mine.part", "out.csv.abcd1234.part"]
    for name in [stale, *others]:
        (tmp_path / name).write_text("09120000001")
        if name != others[0]:
            os.utime(tmp_path / name, (0, 0))
    folder = tmp_path / ".out.csv.folder12.part"
    folder.mkdir()
    os.utime(folder, (0, 0))
    with replaced(tmp_path / "out.csv"):
        pass
    assert {one.name for one in tmp_path.iterdir()} == {*others, "out.csv", folder.name}
