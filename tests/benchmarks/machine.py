"""The machine: which core is whose, what memory a process takes, and what the figures were measured on."""

from __future__ import annotations

import os
import platform
import re
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

__all__ = ["cores", "facts", "memory_now", "memory_peak", "pin"]

_LIBRARIES = (
    "aiohttp", "anyio", "attrs", "cattrs", "httpcore", "httptools", "httpx", "msgspec", "orjson", "trio", "wikipayam_async",
)  # fmt: skip
_KIB = 1024


def cores() -> list[int]:
    """Return the cores that this process may use; empty where the system does not tell."""
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []


def pin(role: Literal["client", "server"]) -> None:
    """Keep this process on the core of its role, where the system can do that and there are two."""
    mine = cores()
    if len(mine) > 1:
        os.sched_setaffinity(0, {mine[-1] if role == "client" else mine[0]})


def memory_now() -> float:
    """Return the MiB of memory that this process holds now; where only its peak can be known, that."""
    return _status("VmRSS") or memory_peak()


def memory_peak() -> float:
    """Return the most MiB of memory that this process ever held; 0 where the system does not tell."""
    # The kernel's own figure goes first: what `getrusage` says of a child begins with what its parent had.
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


def facts() -> dict[str, str]:
    """Return what a reader has to know of the machine; nothing that names it."""
    count = len(cores()) or os.cpu_count() or 1
    pinned = "client and server on a core each" if len(cores()) > 1 else "client and server not pinned apart"
    return {
        "Processor": f"{_processor()}, {count} {'core' if count == 1 else 'cores'}; {pinned}",
        "System": f"{platform.system()} {_numbers(platform.release())}",
        "Python": f"{platform.python_implementation()} {platform.python_version()}",
        "Libraries": ", ".join(f"{name} {found}" for name in _LIBRARIES if (found := _version(name))),
    }


def _numbers(release: str) -> str:
    """Return the release without what its builder added."""
    found = re.match(r"[\d.]*\d", release)
    return found[0] if found else ""


def _processor() -> str:
    path = Path("/proc/cpuinfo")
    found = re.search(r"model name\s*: (.+)", path.read_text("utf-8")) if path.exists() else None
    return re.sub(r"\s+", " ", found[1]).strip() if found else platform.machine()


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
