"""The errors of the input file and the results file."""

from __future__ import annotations

from pathlib import Path

from wikipayam_async.errors import ConfigurationError

__all__ = ["InputFileError", "ResultsFileError", "os_error_text"]


class InputFileError(ConfigurationError):
    """The input file cannot be read with the given options, or has changed since it was checked."""


class ResultsFileError(ConfigurationError):
    """The results file cannot be used. Nothing is sent without one."""


def os_error_text(path: Path, what: str, error: OSError) -> str:
    """Return the text of an error for a refused system call.

    Args:
        path: The file.
        what: What failed, as in `read`.
        error: The error of the system.
    """
    return f"{path}: cannot be {what} ({error.strerror or type(error).__name__})"
