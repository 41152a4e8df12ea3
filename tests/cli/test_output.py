from __future__ import annotations

import errno
import io
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.cli.conftest import Terminal
from wikipayam_async import (
    Balance,
    DeliveryState,
    DeliveryStatus,
    InvalidInputError,
    RateLimitError,
    UnknownOutcomeError,
)
from wikipayam_async.cli.output import Output, plain, visible


class Gone(io.StringIO):
    def write(self, _: str, /) -> int:
        """Fail as a broken pipe does."""
        raise BrokenPipeError


def test_control_characters_become_visible() -> None:
    """What a stranger writes cannot steer the terminal; line ends, tabs and Persian stay."""
    assert visible("\x1b[31mسلام\u200c\n\t\x07\x9b") == "\\x1b[31mسلام\u200c\n\t\\x07\\x9b"


def test_nothing_turns_the_order_of_its_neighbours_around() -> None:
    """Overrides and isolates of direction become visible, as does what some take for a line end; plain marks stay."""
    assert visible("\u202eabc\u2066\u2029\u200f") == "\\u202eabc\\u2066\\u2029\u200f"


def test_models_become_plain_values() -> None:
    """Models are objects, enums their values, times ISO 8601; an empty `extra` is left out."""
    status = DeliveryStatus("a1", DeliveryState("NEW_WORD"), None, {"since": 5})
    assert plain([status]) == [{"id": "a1", "status": "NEW_WORD", "track_id": None, "extra": {"since": 5}}]
    assert plain(Balance(7)) == {"balance": 7, "currency": "IRR", "user_id": None, "user_name": None}
    assert plain(datetime(2026, 1, 2, tzinfo=UTC)) == "2026-01-02T00:00:00+00:00"


def test_json_goes_to_stdout_and_words_to_stderr() -> None:
    """With `--json` a program gets a line, and the human warnings alone."""
    out, err = io.StringIO(), io.StringIO()
    output = Output(json=True, stdout=out, stderr=err)
    output.say("told")
    output.table(["a"], [["b"]])
    output.emit({"متن": 1})
    output.warn("warned")
    assert (out.getvalue(), err.getvalue()) == ('{"متن":1}\n', "warned\n")


def test_humans_get_words_and_tables() -> None:
    """Without `--json` nothing goes to stdout, and control characters are visible in tables too."""
    out, err = io.StringIO(), io.StringIO()
    output = Output(stdout=out, stderr=err)
    output.emit({"a": 1})
    output.say("told")
    output.table(["head"], [["\x1bcell"]])
    assert out.getvalue() == ""
    assert [line.strip() for line in err.getvalue().splitlines()] == ["told", "head", "────────", "\\x1bcell"]


def test_a_reader_that_went_away_ends_nothing() -> None:
    """After a broken pipe the rest of the data is dropped without an error."""
    output = Output(json=True, stdout=Gone())
    output.emit(1)
    output.emit(2)
    assert output.closed


@pytest.fixture
def pipe() -> Iterator[io.TextIOWrapper]:
    """The writing end of a pipe that nobody reads, in a small encoding."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w", encoding="ascii") as stream:
        yield stream


def test_a_real_pipe_is_let_go(pipe: io.TextIOWrapper) -> None:
    """A closed pipe is written to in UTF-8, and closing it afterwards raises nothing."""
    output = Output(json=True, stdout=pipe)
    output.emit("سلام")
    assert (pipe.encoding, output.closed) == ("utf-8", True)


def test_a_terminal_that_lacks_letters_gets_others(tmp_path: Path) -> None:
    """Where stderr cannot write Persian, it writes question marks and does not fail."""
    with (tmp_path / "err").open("w", encoding="ascii") as stream:
        Output(stderr=stream).say("سلام")
    assert (tmp_path / "err").read_text(encoding="ascii") == "????\n"


def test_progress_is_for_terminals_alone() -> None:
    """Progress is drawn where a human looks on, and not beside JSON."""
    assert Output(stderr=Terminal()).is_live
    assert not Output(json=True, stderr=Terminal()).is_live
    assert not Output(stderr=io.StringIO()).is_live


def test_errors_are_told_to_both() -> None:
    """An error is a line for the human and an object with its fields for the program."""
    out, err = io.StringIO(), io.StringIO()
    output = Output(json=True, stdout=out, stderr=err)
    output.fail(RateLimitError("slow down", status_code=429, retry_after=3))
    output.fail(UnknownOutcomeError("perhaps", track_ids=["a"]))
    assert err.getvalue() == "RateLimitError: slow down\nUnknownOutcomeError: perhaps\n"
    assert out.getvalue() == (
        '{"error":{"type":"RateLimitError","message":"slow down","status_code":429,"errors":{},"retry_after":3}}\n'
        '{"error":{"type":"UnknownOutcomeError","message":"perhaps","track_ids":["a"]}}\n'
    )


def test_a_terminal_that_was_closed_ends_nothing() -> None:
    """What cannot be told to a human is dropped, in words, in tables and in what is drawn."""
    output = Output(stderr=Gone())
    assert not output.is_lost
    output.say("told")
    output.table(["head"], [["cell"]])
    output.console.print("drawn")
    assert output.is_lost
    assert not output.is_live


def test_a_command_needs_no_streams(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a process was started without stdout and stderr, all is dropped."""
    monkeypatch.setattr("sys.stdout", None)
    monkeypatch.setattr("sys.stderr", None)
    output = Output(json=True)
    output.warn("told")
    output.emit(1)
    assert (output.is_lost, output.is_live, output.console.is_terminal) == (True, False, False)


class Full(io.StringIO):
    def write(self, _: str, /) -> int:
        """Fail as a full disk does."""
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_disk_that_is_full_is_told() -> None:
    """What a command did is done, so that its JSON is missed with a warning; missing data is an error."""
    err = io.StringIO()
    Output(json=True, stdout=Full(), stderr=err).emit(1)
    assert err.getvalue() == "stdout: cannot be written; got No space left on device\n"
    with pytest.raises(InvalidInputError):
        Output(stdout=Full()).data("data")
