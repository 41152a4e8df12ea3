from __future__ import annotations

import io

import pytest

from tests.cli.conftest import Terminal
from wikipayam_async import InvalidInputError
from wikipayam_async.cli.asking import confirm, read_text
from wikipayam_async.cli.output import Output


@pytest.mark.parametrize(
    ("answer", "agreed"),
    [("y\n", True), (" YES \n", True), ("بله\n", True), ("\n", False), ("n\n", False), ("", False), ("yea\n", False)],
)
def test_only_a_yes_is_a_yes(answer: str, agreed: bool) -> None:
    """English and Persian words agree; everything else, and no answer at all, does not."""
    err = io.StringIO()
    assert confirm("Delete 3", Output(stderr=err), instead="--yes", stdin=Terminal(answer)) is agreed
    assert err.getvalue() == "Delete 3? [y/N]\n"


def test_who_cannot_be_asked_is_told_the_option() -> None:
    """Without a terminal nothing is taken for a yes: the error names the option that is one."""
    with pytest.raises(InvalidInputError) as caught:
        confirm("Delete 3", Output(), instead="--yes", stdin=io.StringIO("y\n"))
    assert "--yes" in str(caught.value)


class Noise(Terminal):
    def read(self, size: int | None = -1, /) -> str:
        """Fail as bytes of another encoding do."""
        return b"\xff".decode()

    def readline(self, size: int | None = -1, /) -> str:  # type: ignore[override] # as a text stream has it
        """Fail in the same way."""
        return self.read()


def test_bytes_that_are_no_text_agree_to_nothing() -> None:
    """An answer that cannot be read is no yes."""
    assert not confirm("Delete 3", Output(stderr=io.StringIO()), instead="--yes", stdin=Noise())


@pytest.mark.parametrize("stdin", [None, Noise()])
def test_a_text_that_cannot_be_read_is_a_mistake(monkeypatch: pytest.MonkeyPatch, stdin: Noise | None) -> None:
    """Without stdin, or with bytes of another encoding in it, there is no text to send."""
    monkeypatch.setattr("sys.stdin", stdin)
    with pytest.raises(InvalidInputError) as caught:
        read_text("-")
    assert caught.value.field == "stdin"
