"""The time limit of every test."""

from __future__ import annotations

import json

import pytest

LOOPS = """
import asyncio
import re

def test_that_waits():
    asyncio.run(asyncio.sleep(60))

def test_that_loops_in_c_and_holds_the_interpreter():
    re.fullmatch(r"(a+)+b", "a" * 60)

def test_that_ends():
    pass
"""


def test_a_test_that_never_ends_fails(
    pytester: pytest.Pytester, pytestconfig: pytest.Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The test fails by name, the stack shows where it was, and the other tests run."""
    assert 0 < float(pytestconfig.getini("faulthandler_timeout")) <= 300
    exits = json.dumps(pytestconfig.getini("faulthandler_exit_on_timeout"))
    pytester.makepyprojecttoml(
        f"[tool.pytest.ini_options]\nfaulthandler_timeout = 1\nfaulthandler_exit_on_timeout = {exits}"
    )
    pytester.makepyfile(test_loops=LOOPS)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    done = pytester.runpytest_subprocess("-p", "xdist", "-n", "1")
    done.assert_outcomes(passed=1, failed=2)
    for name in ("test_that_waits", "test_that_loops_in_c_and_holds_the_interpreter"):
        done.stdout.fnmatch_lines([f"*crashed while running 'test_loops.py::{name}'*"])
        done.stderr.fnmatch_lines(["*Timeout (0:00:01)!*", f'*test_loops.py", line * in {name}*'])
