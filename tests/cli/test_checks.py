from __future__ import annotations

from wikipayam_async.cli.checks import Check
from wikipayam_async.cli.exits import Exit


def test_a_line_begins_with_the_result() -> None:
    """So that failures are seen, and can be searched for."""
    assert Check("proxy", Exit.OK, "none").line == "ok     proxy: none"
    assert Check("token", Exit.AUTH, "not found").line == "FAILS  token: not found"
