"""Why a file is not sent, or not read on."""

from __future__ import annotations

from pathlib import Path

from wikipayam_async.errors import ConfigurationError

__all__ = ["InputFileError", "ResultsFileError", "cannot"]


class InputFileError(ConfigurationError):
    """The file with the messages cannot be read as it is said to be, or is another one than before."""


class ResultsFileError(ConfigurationError):
    """The results file cannot be used; nothing is sent without one."""


def cannot(path: Path, what: str, error: OSError) -> str:
    """Return the words for what the system refused.

    Args:
        path: The file.
        what: What could not be done, as in `read`.
        error: What the system said.
    """
    return f"{path}: cannot be {what} ({error.strerror or type(error).__name__})"
