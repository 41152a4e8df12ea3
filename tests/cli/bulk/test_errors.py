from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.bulk.results_files import (
    PATH,
    info,
)
from wikipayam_async.cli.bulk.errors import ResultsFileError
from wikipayam_async.cli.bulk.results_file import ResultsFile


def test_operating_system_errors_are_reported(tmp_path: Path) -> None:
    """A file that is missing or cannot be written is named in the error."""
    with pytest.raises(ResultsFileError) as caught:
        ResultsFile.existing(PATH)
    assert str(caught.value) == "r.jsonl: cannot be read (No such file or directory)"
    with pytest.raises(ResultsFileError) as caught:
        ResultsFile.fresh(Path("none/r.jsonl"))
    assert str(caught.value) == "none/r.jsonl: the directory does not exist"
    with pytest.raises(ResultsFileError) as caught:
        ResultsFile.fresh(Path("a" * 252))
    assert str(caught.value) == "a" * 252 + ": cannot be locked (File name too long)"
    folder = tmp_path / "folder"
    folder.mkdir()
    with ResultsFile.fresh(folder / "r.jsonl") as results:
        (folder / "r.jsonl.lock").unlink()
        folder.rmdir()
        with pytest.raises(ResultsFileError) as caught:
            results.begin(info())
    assert str(caught.value) == f"{folder}/r.jsonl: cannot be written (No such file or directory)"
