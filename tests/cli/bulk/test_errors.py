from __future__ import annotations

from pathlib import Path

import pytest

from wikipayam_async.cli.bulk.errors import os_error_text


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (PermissionError(13, "Permission denied"), "f.csv: cannot be read (Permission denied)"),
        (OSError(), "f.csv: cannot be read (OSError)"),
    ],
)
def test_the_text_names_the_file_and_the_reason(error: OSError, text: str) -> None:
    """The system says why; an error without a text is named by its type."""
    assert os_error_text(Path("f.csv"), "read", error) == text
