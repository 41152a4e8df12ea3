"""What the installed distributions tell without being run: versions, `py.typed`, and the public names of their sources."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution, distribution, distributions
from pathlib import Path

import wikipayam_async
from tests.peers.claims import sounding_like
from tests.peers.job import Facts
from tests.peers.peers import OURS, PEERS

__all__ = ["facts_of_all", "public_names"]


def facts_of_all(site: str) -> dict[str, Facts]:
    """Look into this project, and into every peer that is installed in a folder."""
    there = {one.name.lower().replace("_", "-"): one for one in distributions(path=[site])}
    package = Path(wikipayam_async.__file__).parent
    found = {OURS: _facts(distribution(OURS).version, [*package.rglob("*.py"), *package.rglob("py.typed")])}
    for name in PEERS:
        if name in there:
            # Vonage's SDK is a family of distributions.
            family = [one for other, one in there.items() if other == name or other.startswith(f"{name}-")]
            found[name] = _facts(there[name].version, [path for one in family for path in _files(one)])
    return found


def public_names(source: str) -> Iterator[str]:
    """Find the functions, methods and classes that a source defines for others."""
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
    return Facts(version, typed, len(names), sounding_like(names))
