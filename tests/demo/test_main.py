import io
import re
import runpy
import sys
from importlib.resources import files
from pathlib import Path

import pytest

from wikipayam_async.demo import __main__ as demo
from wikipayam_async.demo.__main__ import main
from wikipayam_async.demo.audit import Audit
from wikipayam_async.emulator import Emulator, LedgerEntry

QUICK = ["--messages", "12", "--batch-size", "4", "--no-faults"]


@pytest.fixture(autouse=True)
def quick_delivery(monkeypatch: pytest.MonkeyPatch) -> None:
    """Deliver messages at once instead of after the usual delay."""
    monkeypatch.setattr(demo, "DELIVERED_AFTER", 0.0)
    monkeypatch.setattr(demo, "FAILED_AFTER", 0.1)


def test_a_run_with_faults_agrees_with_the_ledger(capsys: pytest.CaptureFixture[str]) -> None:
    """Every fault strikes, every message has one outcome, and the ledger agrees."""
    code = main(["--messages", "300", "--batch-size", "5", "--seed", "3", "--concurrency", "6"])
    printed = capsys.readouterr()
    lines = [re.sub(r"\s+", " ", line).strip() for line in printed.out.splitlines()]
    assert code == 0
    assert lines[1] == "5 messages per request, 6 requests in flight, with faults (seed 3)"
    assert "messages with one outcome each 300 300 ok" in lines
    assert "doubled: accepted more than once 0 0 ok" in lines
    assert sum("accepting 1" in line for line in lines) == 6
    assert printed.err.splitlines()[-1].startswith("Delivery: ")


def test_no_number_and_no_token_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """Neither the report nor the progress shows a full number or the token."""
    assert main(["--messages", "60", "--batch-size", "4"]) == 0
    printed = "".join(capsys.readouterr())
    assert re.findall(r"\d{3}[ \u200c-]?\d{3}[ \u200c-]?\d{4}", printed) == []
    assert "emulator-token" not in printed


def test_a_run_without_faults_has_nothing_unknown(capsys: pytest.CaptureFixture[str]) -> None:
    """Without faults every valid message is accepted and delivered."""
    assert main(QUICK) == 0
    out = capsys.readouterr().out
    assert "without faults" in out
    assert re.search(r"accepted +12\s", out)
    assert re.search(r"unknown +0\s", out)


def test_a_disagreement_ends_with_1(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A message that the gateway accepted twice is listed, and the exit code is 1."""
    real = vars(Emulator)["ledger"].fget

    def doubled(emulator: Emulator) -> list[LedgerEntry]:
        entries = real(emulator)
        return [*entries, entries[0]]

    monkeypatch.setattr(Emulator, "ledger", property(doubled))
    assert main(QUICK) == 1
    assert "1 accepted more than once: demo-000" in capsys.readouterr().out


@pytest.mark.parametrize("missing", ["rich", "uvicorn"])
def test_a_missing_extra_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], missing: str
) -> None:
    """Without a package of the extra the demo says how to install it."""
    monkeypatch.setitem(sys.modules, missing, None)
    assert main([]) == 2
    assert capsys.readouterr().err == f"the demo needs {missing}: python -m pip install 'wikipayam_async[demo]'\n"


def test_it_can_be_interrupted(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Ctrl-C ends the demo without a traceback."""

    def interrupt() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(demo, "read_receivers", interrupt)
    assert main([]) == 130
    assert capsys.readouterr().err == "interrupted\n"


@pytest.mark.parametrize("count", ["0", "-3"])
def test_counts_start_at_one(capsys: pytest.CaptureFixture[str], count: str) -> None:
    """A smaller count is refused before anything is sent."""
    with pytest.raises(SystemExit) as caught:
        main([f"--messages={count}"])
    assert caught.value.code == 2
    assert "--messages: expected at least 1" in capsys.readouterr().err


def test_a_terminal_without_persian_gets_question_marks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Characters that cannot be encoded are replaced, and other streams are unchanged."""
    written = io.BytesIO()
    terminal = io.TextIOWrapper(written, encoding="cp1252")
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    assert main(QUICK) == 0
    terminal.flush()
    assert b"????? ????" in written.getvalue()


def test_the_module_runs_as_a_program(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """`python -m` reads its options from the command line and exits with the exit code."""
    monkeypatch.setattr(sys, "argv", ["demo", *QUICK])
    monkeypatch.delitem(sys.modules, "wikipayam_async.demo.__main__")
    with pytest.raises(SystemExit) as caught:
        runpy.run_path(str(files("wikipayam_async.demo") / "__main__.py"), run_name="__main__")
    assert caught.value.code == 0
    assert "12 messages to an emulated gateway" in capsys.readouterr().out


def test_the_output_can_be_drawn(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The picture has the report, and the same address in every run."""
    picture = tmp_path / "demo.svg"
    assert main([*QUICK, "--svg", str(picture)]) == 0
    drawn = picture.read_text("utf-8").replace("&#160;", " ")
    assert "12 messages to an emulated gateway at http://127.0.0.1:8026<" in drawn
    assert "The ledger agrees with the report" in drawn
    assert "The ledger agrees with the report" in capsys.readouterr().out


@pytest.mark.parametrize(("disagreements", "code"), [([], 2), (["x"], 1)])
def test_a_picture_that_cannot_be_written_is_reported(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    disagreements: list[str],
    code: int,
) -> None:
    """The report is still printed, and a disagreement outweighs the error."""
    monkeypatch.setattr(Audit, "disagreements", property(lambda _: disagreements))
    assert main([*QUICK, "--svg", str(tmp_path / "nowhere" / "demo.svg")]) == code
    printed = capsys.readouterr()
    assert "The ledger" in printed.out
    assert printed.err.splitlines()[-1].startswith("the picture cannot be written: ")
