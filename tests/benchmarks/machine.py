"""The machine: pinning to cores, memory of the process, and facts for the page."""

from __future__ import annotations

import os
import re
import sys
import tempfile
from datetime import date
from pathlib import Path
from typing import Literal

from tests.support.run_facts import cores, run_facts, version_of

__all__ = ["disk_folder", "facts", "load", "memory_now", "memory_peak", "pin"]

_LIBRARIES = (
    "aiohttp", "anyio", "attrs", "cattrs", "httpcore", "httptools", "httpx", "httpx-aiohttp", "httpx2",
    "msgspec", "orjson", "trio",
)  # fmt: skip
_KIB = 1024


def pin(role: Literal["client", "server"]) -> None:
    """Pin this process to the core of its role, if the system supports that and there are two cores."""
    available = cores()
    if len(available) > 1:
        os.sched_setaffinity(0, {available[-1] if role == "client" else available[0]})


def memory_now() -> float:
    """Return this process's memory in MiB; its peak if the system provides no other figure."""
    return _status("VmRSS") or memory_peak()


def memory_peak() -> float:
    """Return this process's peak memory in MiB; 0 if the system does not provide it."""
    # The kernel's figure is preferred: that of `getrusage` for a child starts with its parent's memory.
    return _status("VmHWM") or _resource_peak()


def _status(field: str) -> float:
    path = Path("/proc/self/status")
    found = re.search(rf"{field}:\s+(\d+) kB", path.read_text("ascii")) if path.exists() else None
    return int(found[1]) / _KIB if found else 0.0


def _resource_peak() -> float:
    try:
        import resource  # noqa: PLC0415 - not on every system
    except ImportError:
        return 0.0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / _KIB**2 if sys.platform == "darwin" else peak / _KIB


def facts(today: date) -> dict[str, str]:
    """Return the date, the version, and facts about the machine that do not identify it."""
    pinned = len(cores()) > 1
    return {
        **run_facts(today),
        "Processes": f"client and server {'pinned to a core each' if pinned else 'not pinned'}",
        "Disk of the campaigns": _file_system(disk_folder()),
        "Load average before the run": f"{load()['load']:.1f}" if load() else "unknown",
        "Libraries": ", ".join(f"{name} {found}" for name in _LIBRARIES if (found := version_of(name))),
    }


def disk_folder() -> Path:
    """Return a folder for files that are synchronized with a disk; a folder for temporary files may be in memory."""
    lasting = Path("/var/tmp")  # noqa: S108 - a new folder of its own is made in it
    return lasting if lasting.is_dir() else Path(tempfile.gettempdir())


def load() -> dict[str, float]:
    """Return the load average of the last minute as a figure; nothing if the system does not provide it."""
    return {"load": os.getloadavg()[0]} if hasattr(os, "getloadavg") else {}


def _file_system(folder: Path) -> str:
    from wikipayam_async.sqlite.filesystem import mount_type_of  # noqa: PLC0415 - not in a measuring process

    mounts = Path("/proc/mounts")
    found = mount_type_of(folder.resolve(), mounts.read_text("utf-8")) if mounts.exists() else None
    return found or "unknown"
