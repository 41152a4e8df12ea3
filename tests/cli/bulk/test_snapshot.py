from __future__ import annotations

import hashlib
import io
import sys
from contextlib import closing
from pathlib import Path

import pytest

from wikipayam_async.cli.bulk.errors import InputFileError
from wikipayam_async.cli.bulk.snapshot import FileSnapshot, open_checked, take_snapshot

BLOCK = 1 << 18
CHANGED = "f: changed after it was checked; nothing from the changed part was sent"


def read(before: FileSnapshot) -> bytes:
    """Read the whole file."""
    with closing(io.BufferedReader(open_checked(Path("f"), before))) as file:
        return file.read()


def test_an_unchanged_file_can_be_read_repeatedly() -> None:
    """An unchanged file gives the same bytes, and its digest is the SHA-256 of its content."""
    content = bytes(range(256)) * 2500
    Path("f").write_bytes(content)
    before = take_snapshot(Path("f"))
    assert before.digest == hashlib.sha256(content).hexdigest()
    assert read(before) == content
    assert read(before) == content


@pytest.mark.parametrize(
    "changed",
    [
        b"a" * BLOCK + b"c" * 10,
        b"a" * BLOCK + b"b" * 11,
        b"a" * BLOCK + b"b" * 9,
        b"a" * BLOCK,
        b"a" * BLOCK + b"b" * BLOCK,
        b"a" * BLOCK + b"b" * 10 + b"a" * BLOCK,
    ],
)
def test_no_byte_of_a_changed_block_is_returned(changed: bytes) -> None:
    """Of a changed, shortened or extended file only the unchanged blocks are returned."""
    Path("f").write_bytes(b"a" * BLOCK + b"b" * 10)
    before = take_snapshot(Path("f"))
    Path("f").write_bytes(changed)
    with closing(open_checked(Path("f"), before)) as file:
        assert file.read(BLOCK) == b"a" * BLOCK
        with pytest.raises(InputFileError) as caught:
            file.read(1)
    assert str(caught.value) == CHANGED


def test_a_file_that_grew_by_whole_blocks_has_changed() -> None:
    """Bytes after the end of the first reading are not returned."""
    Path("f").write_bytes(b"a" * BLOCK)
    before = take_snapshot(Path("f"))
    Path("f").write_bytes(b"a" * BLOCK + b"b")
    with pytest.raises(InputFileError) as caught:
        read(before)
    assert str(caught.value) == CHANGED


def test_anything_but_a_regular_file_is_refused(tmp_path: Path) -> None:
    """A directory or a missing file cannot be sent."""
    with pytest.raises(InputFileError) as caught:
        take_snapshot(tmp_path)
    assert str(caught.value) == f"{tmp_path}: is not a regular file (it is read more than once)"
    with pytest.raises(InputFileError) as caught:
        take_snapshot(Path("missing"))
    assert str(caught.value) == "missing: cannot be read (No such file or directory)"


@pytest.mark.skipif(sys.platform != "linux", reason="it needs a file that cannot be read")
def test_a_disk_error_is_reported() -> None:
    """A disk error stops the reading."""
    with pytest.raises(InputFileError) as caught:
        take_snapshot(Path("/proc/self/mem"))
    assert str(caught.value) == "/proc/self/mem: cannot be read (Input/output error)"
