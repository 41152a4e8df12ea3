"""Turns among the processes that write to one file."""

from __future__ import annotations

import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from wikipayam_async.sqlite.turn import ProcessTurn


def test_one_holder_at_a_time(tmp_path: Path) -> None:
    """Of the threads of one object, and of several objects, as in several processes."""
    turns = [ProcessTurn(tmp_path / "lock"), ProcessTurn(tmp_path / "lock")]
    inside, most = [0], [0]

    def work(turn: ProcessTurn) -> None:
        for _ in range(20):
            with turn:
                inside[0] += 1
                most[0] = max(most[0], inside[0])
                time.sleep(0.0001)
                inside[0] -= 1

    threads = [threading.Thread(target=work, args=(turns[number % 2],)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1]
    assert stat.S_IMODE((tmp_path / "lock").stat().st_mode) == 0o600
    for turn in turns:
        turn.close()


def test_a_turn_that_does_not_come_is_an_error(tmp_path: Path) -> None:
    """After the longest wait, with growing pauses; the object can be used afterwards."""
    holder, pauses = ProcessTurn(tmp_path / "lock"), list[float]()
    turn = ProcessTurn(tmp_path / "lock", 0.03, pauses.append)
    with holder, pytest.raises(TimeoutError, match="has kept the file locked"):
        turn.__enter__()
    assert pauses == [0.0005, 0.001, 0.002, 0.004, 0.008, 0.01, 0.01]
    with turn:
        pass
    holder.close()
    turn.close()


def test_the_system_ends_the_turn_of_a_process_that_dies(tmp_path: Path) -> None:
    """However it dies."""
    code = (
        "import os, sys; from pathlib import Path; from wikipayam_async.sqlite.turn import ProcessTurn; "
        "ProcessTurn(Path(sys.argv[1])).__enter__(); os._exit(1)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "lock")], check=False)  # noqa: S603 - our own program
    turn = ProcessTurn(tmp_path / "lock", 0.0)
    with turn:
        pass
    turn.close()
