from __future__ import annotations

import errno
import io
from datetime import UTC, datetime

import pytest

from tests.cli.conftest import Terminal
from wikipayam_async import (
    Balance,
    Delivery,
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
    """Control characters are escaped; line ends, tabs and Persian text are kept."""
    assert visible("\x1b[31mسلام\u200c\n\t\x07\x9b") == "\\x1b[31mسلام\u200c\n\t\\x07\\x9b"


def test_a_warning_cannot_control_the_terminal() -> None:
    """A name from a stranger's file, such as that of a sheet, is written with its control characters escaped."""
    out, err = io.StringIO(), io.StringIO()
    for output in (Output(stdout=out, stderr=err), Output(json=True, stdout=out, stderr=err)):
        output.warn("sheet \x1b[2Jevil\u202e is ignored")
    assert (out.getvalue(), err.getvalue()) == ("", "sheet \\x1b[2Jevil\\u202e is ignored\n" * 2)


def test_direction_overrides_become_visible() -> None:
    """Direction overrides, isolates and Unicode line separators are escaped; plain direction marks are kept."""
    assert visible("\u202eabc\u2066\u2029\u200f") == "\\u202eabc\\u2066\\u2029\u200f"


def test_models_become_plain_values() -> None:
    """Models become objects, enums their values, times ISO 8601; an empty `extra` is left out."""
    status = Delivery("a1", DeliveryStatus("NEW_WORD"), None, {"since": 5})
    assert plain([status]) == [{"id": "a1", "status": "NEW_WORD", "track_id": None, "extra": {"since": 5}}]
    assert plain(Balance(7)) == {"balance": 7, "currency": "IRR", "user_id": None, "user_name": None}
    assert plain(datetime(2026, 1, 2, tzinfo=UTC)) == "2026-01-02T00:00:00+00:00"


def test_json_goes_to_stdout_and_text_to_stderr() -> None:
    """With `--json` stdout gets a line, and stderr only warnings."""
    out, err = io.StringIO(), io.StringIO()
    output = Output(json=True, stdout=out, stderr=err)
    output.say("text")
    output.table(["a"], [["b"]])
    output.emit({"متن": 1})
    output.warn("warned")
    assert (out.getvalue(), err.getvalue()) == ('{"متن":1}\n', "warned\n")


def test_results_go_to_stdout_and_the_rest_to_stderr() -> None:
    """Without `--json` results pipe: tables have a line per row, cells separated by tabs, control characters escaped."""
    out, err = io.StringIO(), io.StringIO()
    output = Output(stdout=out, stderr=err)
    output.emit({"a": 1})
    output.say("progress")
    output.answer("text", {"a": 1})
    output.table(["head", "id"], [["\x1bcell", "a\tb\nc"]])
    output.table(["head", "id"], [], headed=False)
    output.table(["head", "id"], [["name", "value"]], headed=False)
    assert out.getvalue() == "text\nhead\tid\n\\x1bcell\ta b c\nname\tvalue\n"
    assert err.getvalue() == "progress\n"


def test_a_terminal_gets_aligned_columns_that_are_never_cut() -> None:
    """An id is whole and on one line, however long it is."""
    out = Terminal()
    Output(stdout=out).table(["id", "status"], [["a" * 200, "SENT"], ["b", "DELIVERED"]])
    assert out.getvalue().splitlines() == [
        f"{'id':<200}  status",
        f"{'a' * 200}  SENT",
        f"{'b':<200}  DELIVERED",
    ]


def test_a_broken_pipe_is_ignored() -> None:
    """After a broken pipe the rest of the data is dropped without an error."""
    output = Output(json=True, stdout=Gone())
    output.emit(1)
    output.emit(2)
    assert output.closed


def test_only_terminals_are_live() -> None:
    """Progress is drawn only on a terminal, and not with `--json`."""
    assert Output(stderr=Terminal()).is_live
    assert not Output(json=True, stderr=Terminal()).is_live
    assert not Output(stderr=io.StringIO()).is_live


def test_errors_go_to_both_streams() -> None:
    """An error is a line on stderr and an object with its fields on stdout."""
    out, err = io.StringIO(), io.StringIO()
    output = Output(json=True, stdout=out, stderr=err)
    output.fail(RateLimitError("slow down", status_code=429, retry_after=3))
    output.fail(UnknownOutcomeError("perhaps", track_ids=["a"]))
    assert err.getvalue() == "error: slow down\nerror: perhaps\n"
    assert out.getvalue() == (
        '{"error":{"type":"RateLimitError","message":"slow down","status_code":429,"errors":{},"retry_after":3}}\n'
        '{"error":{"type":"UnknownOutcomeError","message":"perhaps","track_ids":["a"]}}\n'
    )


def test_a_closed_terminal_raises_nothing() -> None:
    """Text, tables and drawings for a closed terminal are dropped."""
    output = Output(stdout=Gone(), stderr=Gone())
    assert not output.is_lost
    output.say("text")
    output.console.print("drawn")
    assert not output.is_live
    output.table(["head"], [["cell"]])
    assert output.is_lost


def test_a_command_needs_no_streams(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a process without stdout and stderr all output is dropped."""
    monkeypatch.setattr("sys.stdout", None)
    monkeypatch.setattr("sys.stderr", None)
    output = Output(json=True)
    output.warn("text")
    output.emit(1)
    assert (output.is_lost, output.is_live, output.console.is_terminal) == (True, False, False)


class Full(io.StringIO):
    def write(self, _: str, /) -> int:
        """Fail as a full disk does."""
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_is_reported() -> None:
    """Lost JSON of a finished command is a warning; lost data is an error."""
    err = io.StringIO()
    Output(json=True, stdout=Full(), stderr=err).emit(1)
    assert err.getvalue() == "stdout: cannot be written; got No space left on device\n"
    with pytest.raises(InvalidInputError):
        Output(stdout=Full()).data("data")
