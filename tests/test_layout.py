"""The layout of the package, beside the rules of imports in pyproject.toml (`[tool.importlinter]`)."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import wikipayam_async

PACKAGE = Path(wikipayam_async.__file__).parent
TESTS = Path(__file__).parent
MODULES = sorted(path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py"))
# A module that only lists or describes has nothing to test: the version, the public names, the Persian help and sentences.
WITHOUT_TESTS = {
    Path("version.py"),
    Path("public.py"),
    Path("cli/translations_fa.py"),
    Path("cli/speech_fa.py"),
    Path("cli/speech_fa_checks.py"),
    Path("cli/speech_fa_errors.py"),
    Path("cli/speech_fa_values.py"),
    Path("demo/words_fa.py"),
}


def private_imports(path: Path) -> Iterator[str]:
    """Yield the private names that a module imports from another."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom):
            parts = [*(node.module or "").split("."), *(alias.name for alias in node.names)]
            yield from (part for part in parts if part.startswith("_") and not part.startswith("__"))


def find_tests(module: Path) -> Path:
    """Return where the tests of a module belong."""
    name = "main" if module.stem == "__main__" else module.stem
    return TESTS / module.parent / f"test_{name}.py"


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_no_private_name_is_imported(module: Path) -> None:
    """A name with a leading underscore is used in its own file only."""
    assert list(private_imports(PACKAGE / module)) == []


@pytest.mark.parametrize(
    "module", [module for module in MODULES if module.stem != "__init__" and module not in WITHOUT_TESTS], ids=str
)
def test_every_module_has_a_test_module(module: Path) -> None:
    """The tests mirror the package: the tests of `a/b.py` are in `tests/a/test_b.py`."""
    assert find_tests(module).is_file()
