"""Facts about installed distributions: versions, `py.typed`, and the public names of their sources."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution, distribution, distributions
from pathlib import Path

import wikipayam_async
from tests.peers.claims import matching_names
from tests.peers.job import Facts
from tests.peers.peers import OURS, PEERS

__all__ = ["facts_of_all", "public_names"]


def facts_of_all(site: str) -> dict[str, Facts]:
    """Return the facts about this project and the peers installed in a folder."""
    installed = {one.name.lower().replace("_", "-"): one for one in distributions(path=[site])}
    package = Path(wikipayam_async.__file__).parent
    found = {OURS: _facts(distribution(OURS).version, [*package.rglob("*.py"), *package.rglob("py.typed")])}
    for name in PEERS:
        if name in installed:
            # Vonage's SDK consists of several distributions.
            family = [one for other, one in installed.items() if other == name or other.startswith(f"{name}-")]
            found[name] = _facts(installed[name].version, [path for one in family for path in _files(one)])
    return found


def public_names(source: str) -> Iterator[str]:
    """Yield the public functions, methods and classes that a source defines."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            yield node.name


def _files(one: Distribution) -> Iterator[Path]:
    for path in one.files or ():
        if path.parts[0] != "tests":
            yield Path(str(one.locate_file(path)))


def _facts(version: str, files: Iterable[Path]) -> Facts:
    paths = list(files)
    sources = (path for path in paths if path.suffix == ".py")
    names = {name for path in sources for name in public_names(path.read_text("utf-8"))}
    typed = any(path.name == "py.typed" for path in paths)
    return Facts(version, typed, len(names), matching_names(names))
