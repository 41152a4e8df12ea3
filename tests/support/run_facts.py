"""When, with which version and on which machine figures were measured, and the line of a page that says so."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Mapping
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

__all__ = ["RUN_FACTS", "cores", "run_facts", "run_line", "runs_of", "version_of", "write_run"]

RUN_FACTS = ("Date", "Version", "Python", "System", "Processor")
"""The names of the facts of `run_facts`."""

_LINES = {
    "en": "Measured on {Date}: version {Version}, {Python}, {System}, {Processor}.",
    "fa": "اندازه‌گیری در `{Date}`: نسخه‌ی {Version}، `{Python}`، `{System}`، `{Processor}`.",
}
_RUN = re.compile(r"<!-- run:(\w+) -->\n(.*?)<!-- /run:\1 -->", re.DOTALL)


def run_facts(today: date) -> dict[str, str]:
    """Return the date, the version, and facts about the machine that do not identify it."""
    count = len(cores()) or os.cpu_count() or 1
    return {
        "Date": today.isoformat(),
        "Version": version_of("wikipayam_async") or "unknown",
        "Python": f"{platform.python_implementation()} {platform.python_version()}",
        "System": f"{platform.system()} {_numbers(platform.release())}",
        "Processor": f"{_processor()}, {count} {'core' if count == 1 else 'cores'}",
    }


def run_line(facts: Mapping[str, str], language: str = "en") -> str:
    """Return the facts of a run as a sentence.

    Args:
        facts: What `run_facts` returned; what is missing is "unknown".
        language: That of the page, `en` or `fa`.
    """
    return _LINES[language].format_map({name: facts.get(name, "unknown") for name in RUN_FACTS})


def runs_of(page: str) -> dict[str, str]:
    """Return the lines of a page that say when its figures were measured, by the name of the run."""
    return {found[1]: found[2].strip() for found in _RUN.finditer(page)}


def write_run(docs: Path, page: str, name: str, facts: Mapping[str, str]) -> None:
    """Put the line of a run between its markers in a page of every language.

    Args:
        docs: The folder of the languages. A page that does not exist, or has no such markers, is left alone.
        page: The name of the page, such as `reliability.md`.
        name: The name of the run, as in `<!-- run:faults -->`.
        facts: What `run_facts` returned.
    """
    for language in _LINES:
        path = docs / language / page
        if path.exists():
            path.write_text(_with_run(path.read_text("utf-8"), name, run_line(facts, language)), encoding="utf-8")


def _with_run(text: str, name: str, line: str) -> str:
    return _RUN.sub(
        lambda found: f"<!-- run:{name} -->\n{line}\n<!-- /run:{name} -->" if found[1] == name else found[0], text
    )


def cores() -> list[int]:
    """Return the cores that this process may use; empty if the system does not provide them."""
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []


def version_of(name: str) -> str | None:
    """Return the version of an installed distribution; None if it is not installed."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _numbers(release: str) -> str:
    """Return the release number without the builder's suffix."""
    found = re.match(r"[\d.]*\d", release)
    return found[0] if found else ""


def _processor() -> str:
    path = Path("/proc/cpuinfo")
    found = re.search(r"model name\s*: (.+)", path.read_text("utf-8")) if path.exists() else None
    return re.sub(r"\s+", " ", found[1]).strip() if found else platform.machine()
