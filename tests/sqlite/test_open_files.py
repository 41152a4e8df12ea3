"""Files of an open database that somebody removes or replaces."""

from __future__ import annotations

from pathlib import Path

import pytest

from wikipayam_async.sqlite.open_files import OpenFiles

NAMES = ("eid.db", "eid.db-wal", "eid.db-shm", "eid.db.lock")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the files of a database."""
    for name in NAMES:
        (tmp_path / name).touch()
    return tmp_path


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("replaced", [False, True])
def test_each_file_is_looked_after(name: str, replaced: bool, folder: Path) -> None:
    """The text names it, and what to do."""
    files = OpenFiles(folder / "eid.db", folder / "eid.db.lock")
    files.check()
    if replaced:
        (folder / "new").touch()
        (folder / "new").replace(folder / name)
    else:
        (folder / name).unlink()
    with pytest.raises(OSError, match=f"{name} was removed or replaced while it was in use. Put it back"):
        files.check()


def test_what_is_missing_from_the_beginning_is_missed(folder: Path) -> None:
    """As in a forked process, whose parent has removed the log with its index."""
    (folder / "eid.db-shm").unlink()
    files = OpenFiles(folder / "eid.db", folder / "eid.db.lock")
    with pytest.raises(OSError, match=r"eid\.db-shm was removed or replaced"):
        files.check()
