"""Check comments that state a value: the code of a page is rewritten to compare them while it runs."""

from __future__ import annotations

import ast
import io
from collections.abc import Iterator

__all__ = ["CheckedComments", "starts_a_loop"]

_PRINTED = "_check_printed"
_SHOWN = "_check_shown"


class CheckedComments(ast.NodeTransformer):
    """Checks `print(...)  # what it prints` and `expression  # its repr`; every such statement needs a comment.

    Attributes:
        checked: The number of comments that were true.
    """

    def __init__(self) -> None:
        self.checked = 0
        self._lines: list[bytes] = []

    @property
    def names(self) -> dict[str, object]:
        """The functions that the rewritten code calls."""
        return {_PRINTED: self._printed, _SHOWN: self._shown}

    def put_into(self, tree: ast.Module, source: str) -> ast.Module:
        """Rewrite a block's code.

        Args:
            tree: The code.
            source: The text it was parsed from.
        """
        self._lines = source.encode().split(b"\n")
        self.visit(tree)
        return ast.fix_missing_locations(tree)

    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        """Rewrite a statement so that it checks its comment."""
        end = self._lines[(node.end_lineno or 0) - 1][node.end_col_offset :].decode()
        if not end.startswith("  # "):
            raise AssertionError(f"line {node.lineno}: no comment states the value")
        comment = ast.Constant(end.removeprefix("  # ").strip())
        value = node.value
        if isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == "print":
            check = ast.Call(ast.Name(_PRINTED, ast.Load()), [comment, *value.args], value.keywords)
        else:
            check = ast.Call(ast.Name(_SHOWN, ast.Load()), [comment, value], [])
        return ast.copy_location(ast.Expr(ast.copy_location(check, node)), node)

    def _printed(self, comment: str, *values: object, sep: str = " ") -> None:
        printed = io.StringIO()
        print(*values, sep=sep, end="", file=printed)
        self._compare(printed.getvalue(), comment)

    def _shown(self, comment: str, value: object) -> None:
        self._compare(repr(value), comment)

    def _compare(self, value: str, comment: str) -> None:
        assert value == comment
        self.checked += 1


def starts_a_loop(statements: list[ast.stmt]) -> bool:
    """Return whether a block calls `anyio.run`, `asyncio.run` or `trio.run` outside of functions."""
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
