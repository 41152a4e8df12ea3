import re
import runpy
import sys
import time
from importlib.resources import files

import httpx
import pytest

from wikipayam_async.emulator.__main__ import main


def test_the_command_serves_until_interrupted(capsys: pytest.CaptureFixture[str]) -> None:
    """It prints where it listens and the token, answers there, and ends with Ctrl-C."""
    answers: list[int] = []

    def wait() -> None:
        printed = capsys.readouterr().out
        found = re.fullmatch(r"url:   (http://127\.0\.0\.1:[0-9]+)\ntoken: (\S+)\nlines: 10002000 100010000\n", printed)
        assert found
        headers = {"Authorization": f"Bearer {found[2]}"}
        answers.append(httpx.get(f"{found[1]}/api/v1/user/balance", headers=headers, trust_env=False).status_code)
        raise KeyboardInterrupt

    main(["--port", "0"], wait=wait)
    assert answers == [200]


def test_the_module_runs_as_a_program(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """`python -m` takes its options from the command line and sleeps until interrupted."""
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(sys, "argv", ["emulator", "--host", "127.0.0.1", "--port", "0"])
    monkeypatch.setattr(time, "sleep", sleep)
    monkeypatch.delitem(sys.modules, "wikipayam_async.emulator.__main__", raising=False)
    runpy.run_path(str(files("wikipayam_async.emulator") / "__main__.py"), run_name="__main__")
    assert slept == [3600, 3600]
    assert capsys.readouterr().out.startswith("url:   http://127.0.0.1:")
