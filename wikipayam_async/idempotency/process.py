"""Which process made a claim, and whether it is known to have ended."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

__all__ = ["has_ended", "process_name"]

_PROC = Path("/proc")
_ENDED = frozenset("ZXx")
_STATE, _STARTED = 0, 19
"""The places of the state and of the start in `/proc/PID/stat`, counted behind the name of the program."""

_names: dict[tuple[Path, int], str] = {}


def process_name(proc: Path = _PROC) -> str:
    """Return a name of this process that no other has: machine, number and start. Parts that the system does not tell are empty.

    Args:
        proc: The system's list of processes; only Linux has one.
    """
    number = os.getpid()
    name = _names.get((proc, number))
    if name is None:
        fields = _fields_of(proc, number)
        name = f"{_machine(proc)}/{number}/{fields[_STARTED] if fields else ''}"
        _names[proc, number] = name
    return name


def has_ended(name: str, proc: Path = _PROC) -> bool:
    """Return whether a process has ended, as far as this machine knows: False for those of other machines.

    Args:
        name: The name, from `process_name`.
        proc: The system's list of processes.
    """
    machine, _, rest = name.partition("/")
    number, _, started = rest.partition("/")
    if not machine or not started or not number.isdecimal() or machine != _machine(proc):
        return False
    fields = _fields_of(proc, int(number))
    if fields is None:
        return not _exists(int(number))  # some systems hide the processes of other users
    return fields[_STATE] in _ENDED or fields[_STARTED] != started


def _exists(number: int) -> bool:
    try:
        os.kill(number, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def _machine(proc: Path) -> str:
    """Return a digest of the machine's boot and of the processes that it shows: containers have their own numbers."""
    try:
        boot = (proc / "sys/kernel/random/boot_id").read_text("ascii").strip()
        space = (proc / "self/ns/pid").readlink()
    except OSError:
        return ""
    return hashlib.sha256(f"{boot} {space}".encode()).hexdigest()[:16]


def _fields_of(proc: Path, number: int) -> list[str] | None:
    try:
        text = (proc / str(number) / "stat").read_text("ascii", "replace")
    except OSError:
        return None
    fields = text.rpartition(")")[2].split()
    return fields if len(fields) > _STARTED else None
