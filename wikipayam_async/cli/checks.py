"""The result of one check of `wikipayam doctor`."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import field, frozen

from wikipayam_async.cli.exits import Exit

__all__ = ["Check"]


@frozen
class Check:
    """The result of one check.

    Attributes:
        name: The subject of the check.
        code: `OK`, or the exit code that a command would have because of it.
        text: The result, and how to fix it.
        facts: The result for `--json`.
    """

    name: str
    code: Exit
    text: str
    facts: Mapping[str, object] = field(factory=dict)

    @property
    def line(self) -> str:
        """The result as a line."""
        return f"{'ok   ' if self.code is Exit.OK else 'FAILS'}  {self.name}: {self.text}"
