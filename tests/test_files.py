"""Files that a caller named."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from wikipayam_async.errors import InvalidInputError
from wikipayam_async.files import replacing


def test_only_the_owner_can_read_a_file(tmp_path: Path) -> None:
    """Also where another file with another mode was before."""
    path = tmp_path / "out.csv"
    path.write_text("old")
    path.chmod(0o644)
    with replacing(path, "path") as file:
        file.write("سلام\r\n")
        assert path.read_text() == "old"
    assert (path.read_bytes().decode(), stat.S_IMODE(path.stat().st_mode)) == ("سلام\r\n", 0o600)


def test_an_unfinished_file_leaves_nothing(tmp_path: Path) -> None:
    """If the block ends with an error, the old file stays as it was."""
    path = tmp_path / "out.csv"
    path.write_text("old")
    with pytest.raises(ZeroDivisionError), replacing(path, "path") as file:
        file.write(str(1 / 0))
    assert {one.name: one.read_text() for one in tmp_path.iterdir()} == {"out.csv": "old"}


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """With the argument, and why."""
    path = tmp_path / "missing" / "out.csv"
    with pytest.raises(InvalidInputError) as caught, replacing(path, "file"):
        pytest.fail("the block ran")
    assert str(caught.value) == (f"file: expected a file that can be written: No such file or directory; got {path}")


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_what_is_no_file_is_not_replaced(tmp_path: Path, make: object) -> None:
    """A pipe is what others write to, and `/dev/stdout` that of the whole machine."""
    path = tmp_path / "out.csv"
    assert callable(make)
    make(path)
    before = path.stat().st_mode
    with pytest.raises(InvalidInputError, match="it is a directory, a device or a pipe"), replacing(path, "path"):
        pytest.fail("the block ran")
    assert path.stat().st_mode == before
