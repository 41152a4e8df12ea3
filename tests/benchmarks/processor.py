"""The CPU time of other processes, which Linux alone shows."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from attrs import frozen

__all__ = ["Usage", "children_of", "cpu_of", "parent_of", "read_usage"]

_PARENT, _USER, _SYSTEM, _CHILDREN_USER, _CHILDREN_SYSTEM = 1, 11, 12, 13, 14
"""The places of fields of /proc/PID/stat, counted from the state, which follows the name in brackets."""


@frozen
class Usage:
    """What a line of /proc says of a process.

    Attributes:
        parent: The parent's id.
        own: Its ticks, user and system.
        ended: The ticks of its children that have ended.
    """

    parent: int
    own: int
    ended: int


def read_usage(stat: str) -> Usage:
    """Read the text of /proc/PID/stat; the name of the process may contain anything."""
    fields = stat.rpartition(")")[2].split()
    ticks = [int(fields[place]) for place in (_USER, _SYSTEM, _CHILDREN_USER, _CHILDREN_SYSTEM)]
    return Usage(int(fields[_PARENT]), sum(ticks[:2]), sum(ticks[2:]))


def parent_of(pid: int) -> int:
    """Return the id of the parent; 0 if the system does not provide it."""
    usage = _usage(pid)
    return 0 if usage is None else usage.parent


def children_of(pid: int) -> list[int]:
    """Return the processes that a process has started and that run now."""
    found = ((int(path.name), _usage(int(path.name))) for path in Path("/proc").glob("[0-9]*"))
    return [child for child, usage in found if usage is not None and usage.parent == pid]


def cpu_of(pids: Iterable[int]) -> float:
    """Return the CPU seconds of some processes and of their children that have ended."""
    usages = filter(None, map(_usage, pids))
    return sum(one.own + one.ended for one in usages) / os.sysconf("SC_CLK_TCK")


def _usage(pid: int) -> Usage | None:
    try:
        return read_usage(Path(f"/proc/{pid}/stat").read_text("utf-8", "replace"))
    except OSError:
        return None
