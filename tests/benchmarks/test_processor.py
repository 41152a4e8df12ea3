"""The CPU time of other processes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.benchmarks.processor import Usage, children_of, cpu_of, parent_of, read_usage

STAT = "71 (a) b (c)) S 7 71 71 0 -1 4194304 1 2 3 4 50 25 8 2 20 0 1 0 100 200 300"
needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="the system has no /proc")


def test_a_name_may_contain_anything() -> None:
    """The fields are counted after the last bracket."""
    assert read_usage(STAT) == Usage(parent=7, own=75, ended=10)


@needs_proc
def test_children_are_found_and_counted() -> None:
    """A child is among the children of its parent until it has ended; a process that is gone counts 0."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        assert child.pid in children_of(os.getpid())
        assert parent_of(child.pid) == os.getpid()
        child.communicate(b"\n")
    assert child.pid not in children_of(os.getpid())
    assert (parent_of(child.pid), cpu_of([child.pid])) == (0, 0.0)
    assert cpu_of([os.getpid()]) > 0
