"""What a killed process leaves."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

from wikipayam_async.sqlite.connection import remove_files

__all__ = ["kill_while_written"]


def kill_while_written(path: Path) -> None:
    """Leave the files of a process that was killed in the first transaction of a file, before its write-ahead log."""
    whole = path.with_name("whole.db")
    connection = sqlite3.connect(whole, isolation_level=None)
    connection.executescript("PRAGMA cache_size = 1; BEGIN; CREATE TABLE meta (value);")
    connection.executemany("INSERT INTO meta VALUES (zeroblob(3000))", [()] * 10)
    for suffix in ("", "-journal"):
        shutil.copy(whole.with_name(whole.name + suffix), path.with_name(path.name + suffix))
    connection.close()
    remove_files(whole)
