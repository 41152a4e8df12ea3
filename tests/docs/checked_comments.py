"""Comments that promise a value: the code of a page is changed so that it checks them while it runs."""

from __future__ import annotations

import ast
import io
from collections.abc import Iterator

__all__ = ["Promises", "starts_a_loop"]

_PRINTED = "_printed_as_promised"
_SHOWN = "_shown_as_promised"


class Promises(ast.NodeTransformer):
    """Checks `print(...)  # what it prints` and `expression  # its repr`. Where a page has one of these, it has all.

    Attributes:
        kept: How many there were.
    """

    def __init__(self) -> None:
        self.kept = 0
        self._lines: list[bytes] = []

    @property
    def names(self) -> dict[str, object]:
        """What the changed code calls."""
        return {_PRINTED: self._printed, _SHOWN: self._shown}

    def put_into(self, tree: ast.Module, source: str) -> ast.Module:
        """Change a block's code; the source is the one it was parsed from."""
        self._lines = source.encode().split(b"\n")
        self.visit(tree)
        return ast.fix_missing_locations(tree)

    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        """Let a statement that has a comment beside it check what the comment says."""
        end = self._lines[(node.end_lineno or 0) - 1][node.end_col_offset :].decode()
        if not end.startswith("  # "):
            raise AssertionError(f"line {node.lineno}: nothing says what it gives")
        promise = ast.Constant(end.removeprefix("  # ").strip())
        value = node.value
        if isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == "print":
            check = ast.Call(ast.Name(_PRINTED, ast.Load()), [promise, *value.args], value.keywords)
        else:
            check = ast.Call(ast.Name(_SHOWN, ast.Load()), [promise, value], [])
        return ast.copy_location(ast.Expr(ast.copy_location(check, node)), node)

    def _printed(self, promise: str, *values: object, sep: str = " ") -> None:
        said = io.StringIO()
        print(*values, sep=sep, end="", file=said)
        self._compare(said.getvalue(), promise)

    def _shown(self, promise: str, value: object) -> None:
        self._compare(repr(value), promise)

    def _compare(self, said: str, promise: str) -> None:
        assert said == promise
        self.kept += 1


def starts_a_loop(statements: list[ast.stmt]) -> bool:
    """Tell whether a block is a program: it calls `anyio.run` or the like itself, and not in a function."""
    return any(_runs(node) for statement in statements for node in _outside_of_functions(statement))


def _outside_of_functions(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
        return
    yield node
    for child in ast.iter_child_nodes(node):
        yield from _outside_of_functions(child)


def _runs(node: ast.AST) -> bool:
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "run"):
        return False
    return isinstance(node.func.value, ast.Name) and node.func.value.id in {"anyio", "asyncio", "trio"}
