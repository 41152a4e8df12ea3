"""The errors of the input file."""

from __future__ import annotations

from pathlib import Path

from wikipayam_async.errors import ConfigurationError

__all__ = ["InputFileError", "os_error_text"]


class InputFileError(ConfigurationError):
    """The input file cannot be read with the given options."""


def os_error_text(path: Path, what: str, error: OSError) -> str:
    """Return the text of an error for a refused system call.

    Args:
        path: The file.
        what: What failed, as in `read`.
        error: The error of the system.
    """
    return f"{path}: cannot be {what} ({error.strerror or type(error).__name__})"
