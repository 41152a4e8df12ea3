from __future__ import annotations

import io
import threading

import pytest

from tests.cli.conftest import Terminal
from wikipayam_async import InvalidInputError
from wikipayam_async.cli.output import Output
from wikipayam_async.cli.prompts import confirm, read_line, read_text


@pytest.mark.parametrize(
    ("answer", "confirmed"),
    [
        ("y\n", True),
        (" YES \n", True),
        ("بله\n", True),
        ("بلي\n", True),
        ("\u200fباشه\u200c\n", True),
        ("\n", False),
        ("n\n", False),
        ("", False),
        ("yea\n", False),
        ("\u200f\n", False),
    ],
)
def test_only_a_yes_is_a_yes(answer: str, confirmed: bool) -> None:
    """English and Persian words for yes confirm; every other answer, or none, does not."""
    err = io.StringIO()
    assert confirm("Delete 3", Output(stderr=err), instead="--yes", stdin=Terminal(answer)) is confirmed
    assert err.getvalue() == "Delete 3? [y/N]\n"


def test_without_a_terminal_the_error_names_the_option() -> None:
    """Without a terminal nothing counts as yes: the error names the option that confirms."""
    with pytest.raises(InvalidInputError) as caught:
        confirm("Delete 3", Output(), instead="--yes", stdin=io.StringIO("y\n"))
    assert "--yes" in str(caught.value)


class UndecodableInput(Terminal):
    def read(self, size: int | None = -1, /) -> str:
        """Fail as bytes of another encoding do."""
        return b"\xff".decode()

    def readline(self, size: int | None = -1, /) -> str:  # type: ignore[override] # as a text stream has it
        """Fail in the same way."""
        return self.read()


def test_an_undecodable_answer_counts_as_no() -> None:
    """An answer in another encoding does not confirm."""
    assert not confirm("Delete 3", Output(stderr=io.StringIO()), instead="--yes", stdin=UndecodableInput())


@pytest.mark.parametrize("stdin", [None, UndecodableInput()])
def test_a_text_that_cannot_be_read_is_a_usage_error(
    monkeypatch: pytest.MonkeyPatch, stdin: UndecodableInput | None
) -> None:
    """A missing stdin, or bytes of another encoding, are an error."""
    monkeypatch.setattr("sys.stdin", stdin)
    with pytest.raises(InvalidInputError) as caught:
        read_text("-")
    assert caught.value.field == "stdin"


def test_a_question_may_be_asked_in_a_thread() -> None:
    """Only the main thread may change how a signal is handled."""
    answers: list[bool] = []

    def ask() -> None:
        answers.append(confirm("Go", Output(stderr=io.StringIO()), instead="--yes", stdin=Terminal("y\n")))

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
    assert answers == [True]


@pytest.mark.parametrize(
    ("stdin", "expected"),
    [(Terminal(" 123\n"), "123"), (io.StringIO("\n"), ""), (io.StringIO(""), None), (UndecodableInput(), "?")],
)
def test_a_line_is_read(stdin: io.StringIO, expected: str | None) -> None:
    """Also without a terminal; bytes of another encoding are a line that means nothing."""
    err = io.StringIO()
    assert read_line("Code", Output(stderr=err), stdin=stdin) == expected
    assert err.getvalue() == "Code:\n"


def test_without_a_stdin_there_is_no_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """As at the end of the input."""
    monkeypatch.setattr("sys.stdin", None)
    assert read_line("Code", Output(stderr=io.StringIO())) is None
