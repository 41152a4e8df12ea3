"""The hook by which PyInstaller finds the modules that the package imports on first use."""

from pathlib import Path

__all__ = ["hook_directories"]


def hook_directories() -> list[str]:
    """Return the directories of the hooks; PyInstaller calls this through an entry point."""
    return [str(Path(__file__).parent)]
