from __future__ import annotations

import importlib
import runpy
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.support.effort import LONG
from wikipayam_async.pyinstaller import hook_directories

HOOK = Path(hook_directories()[0]) / "hook-wikipayam_async.py"
PROGRAM = """
import wikipayam_async

print(wikipayam_async.AsyncWikipayam.__name__, issubclass(wikipayam_async.ServerError, wikipayam_async.WikipayamError))
"""


def test_the_hook_names_modules_that_exist() -> None:
    """PyInstaller only warns of a hidden import that it does not find."""
    hidden = runpy.run_path(str(HOOK), run_name="wikipayam_async.pyinstaller.hook")["hiddenimports"]
    assert [importlib.import_module(name).__name__ for name in hidden] == ["wikipayam_async.public"]


def test_the_hook_brings_the_files_beside_the_modules() -> None:
    """The description of the gateway and the page of the lab exist, and go where their modules look for them."""
    package = HOOK.parents[1]
    datas = runpy.run_path(str(HOOK), run_name="wikipayam_async.pyinstaller.hook")["datas"]
    assert [
        (Path(source).exists(), Path(source).relative_to(package).as_posix(), folder) for source, folder in datas
    ] == [
        (True, "emulator/openapi.json", "wikipayam_async/emulator"),
        (True, "lab/static", "wikipayam_async/lab/static"),
    ]


def test_pyinstaller_finds_the_hook() -> None:
    """It is announced by an entry point, so that a program needs no option."""
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))["project"]
    module, _, function = project["entry-points"]["pyinstaller40"]["hook-dirs"].partition(":")
    assert getattr(importlib.import_module(module), function) is hook_directories


@pytest.mark.skipif(not LONG, reason="PyInstaller takes a minute; set WIKIPAYAM_EFFORT=1")
def test_a_frozen_program_finds_the_public_names(tmp_path: Path) -> None:
    """The public names are imported on first use, where PyInstaller's analysis does not see them."""
    pytest.importorskip("PyInstaller")
    program = tmp_path / "shop.py"
    program.write_text(PROGRAM)
    options = ["--log-level", "ERROR", "--additional-hooks-dir", str(HOOK.parent), "--paths", str(HOOK.parents[2])]
    excluded = [word for name in ("django", "fastapi", "pydantic", "trio") for word in ("--exclude-module", name)]
    command = [sys.executable, "-m", "PyInstaller", "--noconfirm", *options, *excluded, str(program)]
    subprocess.run(command, check=True, cwd=tmp_path, capture_output=True, timeout=170)  # noqa: S603 - as above
    done = subprocess.run([tmp_path / "dist/shop/shop"], check=True, capture_output=True, text=True)  # noqa: S603
    assert done.stdout == "AsyncWikipayam True\n"
