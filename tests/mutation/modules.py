"""Which modules are mutated, and which tests must notice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fnmatch import fnmatch
from pathlib import Path

__all__ = ["ROOMS", "modules", "own_tests", "room_tests"]

ROOMS = (
    "batching", "bulk", "campaigns", "checks.py", "cli/bulk", "cli/campaign", "core", "cost", "dates.py", "idempotency",
    "integrations", "loopback.py", "messages", "numbers", "optout.py", "outcomes.py", "redact", "services", "sqlite",
    "templates", "text", "verification",
)  # fmt: skip
"""What decides: what is sent, how a response is read, whether to retry, what is told."""

_SHARED = dict.fromkeys(
    ("core/asyncio_connection.py", "core/asyncio_wire.py", "core/wire.py"), "tests/core/test_lane_contract.py"
)
"""Where a module's promises are tested together with those of others like it."""


def modules(package: Path, patterns: Sequence[str] = ()) -> Iterator[str]:
    """Yield the modules of the rooms as paths such as `core/retry.py`.

    Args:
        package: The folder of the package.
        patterns: Only modules that match one of them: `core`, `core/retry.py` or `services/*/models.py`; none means all.
    """
    for room in ROOMS:
        path = package / room
        for found in [path] if path.is_file() else sorted(path.rglob("*.py")):
            name = found.relative_to(package).as_posix()
            wanted = not patterns or any(fnmatch(name, one) or name.startswith(f"{one}/") for one in patterns)
            if wanted and found.stem != "__init__":
                yield name


def own_tests(module: str) -> list[str]:
    """Return the test module of a module, and the one that it shares with others like it."""
    path = Path(module)
    own = f"tests/{path.with_name(f'test_{path.name}').as_posix()}"
    return [own, *([_SHARED[module]] if module in _SHARED else [])]


def room_tests(module: str) -> list[str]:
    """Return the tests that may notice what the module's own tests miss: those of its room."""
    return [f"tests/{room}" for room in ROOMS if module.startswith(f"{room}/")]
