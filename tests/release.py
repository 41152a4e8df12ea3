"""Check the files of a release: `python -m tests.release dist/*`.

No URL of the metadata leads to an error, and the wheel, installed alone into a new environment, has its version and runs
the demo.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import tomllib
import venv
from collections.abc import Sequence
from pathlib import Path

import httpx

ROOT = Path(__file__).parents[1]


def check_urls(urls: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the URLs that lead to no page, and those that this machine cannot reach, which says nothing about them."""
    wrong, unreached = [], []
    for url in urls:
        try:
            httpx.get(url, follow_redirects=True, timeout=20).raise_for_status()
        except httpx.TransportError as error:
            unreached.append(f"{url} was not checked, open it yourself: {error}")
        except httpx.HTTPError as error:
            wrong.append(f"{url}: {error}")
    return wrong, unreached


def run_installed(wheel: Path) -> str:
    """Install a wheel into a new environment, run the demo there, and return the version that its program prints."""
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        programs = Path(folder) / ("Scripts" if os.name == "nt" else "bin")

        def run(program: str, *arguments: str) -> str:
            command = [str(programs / program), *arguments]
            return subprocess.run(command, cwd=folder, check=True, text=True, stdout=subprocess.PIPE).stdout  # noqa: S603

        run("python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", f"{wheel}[cli]")
        run("wikipayam", "demo")
        return run("wikipayam", "--version").strip()


def main(files: Sequence[str]) -> int:
    """Check the files; return the exit code."""
    (wheel,) = (Path(file).resolve() for file in files if file.endswith(".whl"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    problems, unreached = check_urls(list(project["urls"].values()))
    version = run_installed(wheel)
    if not re.search(rf"^wikipayam_async-{re.escape(version)}-", wheel.name):
        problems.append(f"{wheel.name}: its program says that it is {version}")
    sys.stderr.write("".join(f"{line}\n" for line in [*unreached, *problems]))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
