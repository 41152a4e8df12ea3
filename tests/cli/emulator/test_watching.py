from __future__ import annotations

from collections.abc import Sequence
from io import StringIO

import pytest

from wikipayam_async.cli.emulator.watching import Listing, show_all
from wikipayam_async.cli.output import Output


class Closed(StringIO):
    """A stream whose reader has gone."""

    def write(self, text: str, /) -> int:
        """Fail as a closed pipe does."""
        raise BrokenPipeError


def numbers(*pages: Sequence[int]) -> Listing[int]:
    """Return a list that is read page by page."""
    left = [*pages]

    def read(last: int | None) -> tuple[Sequence[int], bool]:
        page = left.pop(0)
        assert (last or 0) == (page[0] - 1 if page else last or 0)
        return page, bool(left)

    return Listing(read, ("number",), lambda number: (str(number),))


def test_pages_are_read_to_the_end() -> None:
    """Each page is read after the last item of the one before."""
    out = StringIO()
    show_all(Output(stdout=out), numbers([1, 2], [], [3]), follow=False)
    assert out.getvalue() == "number\n1\n2\n3\n"


def test_following_ends_with_the_output(monkeypatch: pytest.MonkeyPatch) -> None:
    """A closed pipe ends the command, as with `head`."""
    show_all(Output(stdout=Closed()), numbers([1]), follow=True)
