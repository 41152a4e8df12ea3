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
    assert files.has_lost_its_log() is False
    if replaced:
        (folder / "new").touch()
        (folder / "new").replace(folder / name)
    else:
        (folder / name).unlink()
    assert files.has_lost_its_log() is name.endswith(("-wal", "-shm"))
    with pytest.raises(OSError, match=f"{name} was removed or replaced while it was in use. Put it back"):
        files.check()


def test_what_was_not_there_is_not_missed(folder: Path) -> None:
    """Also if it comes later."""
    (folder / "eid.db-shm").unlink()
    files = OpenFiles(folder / "eid.db", folder / "eid.db.lock")
    files.check()
    (folder / "eid.db-shm").touch()
    files.check()
