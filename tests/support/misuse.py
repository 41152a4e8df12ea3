"""Using an asynchronous object like a plain one."""

from __future__ import annotations

from typing import Any

__all__ = ["misuse"]


async def misuse(value: Any, keyword: str) -> None:
    """Use a value with a plain `with`, a plain `for` or `await`."""
    if keyword == "with":
        with value:
            pass
    elif keyword == "for":
        for _ in value:
            pass
    else:
        await value
