"""The process that runs one event with one peer: reads a job and writes a record, both as JSON.

An audit hook, which cannot be removed, refuses every connection and every host name except the loopback's.
"""

from __future__ import annotations

import inspect
import json
import logging
import os
import sys
import time
import traceback
from base64 import b64encode
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import anyio
import attrs

from tests.peers.clients import ACCOUNT, CLIENTS, USER, Client, trust
from tests.peers.job import KEY, Job, Record, read, write

__all__ = ["block_network", "main", "run_job"]

_LOOPBACK = ("127.0.0.1", "::1", "localhost", b"127.0.0.1", b"localhost", None)
_SHOWN = 300
_OF_PYTHON = {"object", "BaseException", "Exception"}


def block_network() -> None:
    """Refuse every connection and host name outside the loopback, for the rest of the process."""

    def refuse(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "socket.connect" and isinstance(arguments[1], tuple) and arguments[1][0] not in _LOOPBACK:
            raise RuntimeError(f"refused: a connection to {arguments[1]!r}")
        if event == "socket.getaddrinfo" and arguments[0] not in _LOOPBACK:
            raise RuntimeError(f"refused: the name {arguments[0]!r}")

    sys.addaudithook(refuse)


class _KeyDetector(logging.Handler):
    """A log handler that keeps the level and the logger of every record that holds the key."""

    def __init__(self) -> None:
        super().__init__(logging.NOTSET)
        self.seen: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        if shows_key(self.format(record)):
            self.seen.add(f"{record.levelname} {record.name}")


def shows_key(text: str) -> bool:
    """Return whether a text holds the key, in plain or in the base64 of Basic authentication."""
    encoded = (b64encode(f"{user}:{KEY}".encode()).decode() for user in (USER, ACCOUNT))
    return KEY in text or any(one in text for one in encoded)


async def _send(job: Job, client: Client) -> object:
    """Send as the job says; return the result of the first send."""

    async def once() -> object:
        answer = client.send(job.receiver)
        return await answer if inspect.isawaitable(answer) else answer

    if job.mode != "at once":
        first = await once()
        for _ in range(job.sends - 1):
            await once()
        return first
    answers: list[object] = []

    async def one_of_many() -> None:
        answers.append(await once())

    async with anyio.create_task_group() as group:
        for _ in range(job.sends):
            group.start_soon(one_of_many)
    return answers[0]


def _as_text(answer: Any) -> str:
    """Format the result of a send."""
    if type(answer).__name__ == "Response" and hasattr(answer, "status_code"):
        return f"Response {answer.status_code}"
    plain = answer.model_dump() if hasattr(answer, "model_dump") else answer
    try:
        return json.dumps(plain, ensure_ascii=False)[:_SHOWN]
    except (TypeError, ValueError):
        return repr(answer)[:_SHOWN]


def _describe(error: BaseException) -> dict[str, Any]:
    """Return an error's class, text and base classes, and whether it shows the key."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    kind = type(error)
    parents = [parent.__name__ for parent in kind.__mro__ if parent.__name__ not in _OF_PYTHON]
    text = "".join(traceback.format_exception(error)) + repr(error)
    return {
        "error": f"{kind.__module__}.{kind.__qualname__}",
        "message": str(error).replace(KEY, "<key>")[:_SHOWN],
        "family": tuple(parents),
        "shown": ("error",) if shows_key(text) else (),
    }


async def run_job(job: Job, make: Callable[[Job], Client]) -> Record:
    """Run the event, and record what the caller gets."""
    record = Record(job.peer, "")
    try:
        client = make(job)
    except Exception as error:  # noqa: BLE001 - a caller's transport may raise anything
        return attrs.evolve(record, **_describe(error))
    if job.mode == "at once":
        await _send(attrs.evolve(job, sends=1, mode="one by one"), client)  # imports what the peer imports on demand
    begun = time.perf_counter()
    try:
        with anyio.fail_after(job.limit):
            answer = await _send(job, client)
        record = attrs.evolve(record, returned=_as_text(answer))
    except Exception as error:  # noqa: BLE001 - a caller's transport may raise anything
        timed_out = time.perf_counter() - begun >= job.limit
        record = attrs.evolve(record, note="still waiting") if timed_out else attrs.evolve(record, **_describe(error))
    record = attrs.evolve(record, seconds=time.perf_counter() - begun)
    if shows_key(repr(client.client)):
        record = attrs.evolve(record, shown=(*record.shown, "repr"))
    await _close(client)
    return record


async def _close(client: Client) -> None:
    closing: Awaitable[object] | None = client.close() if client.close is not None else None
    if closing is not None:
        with anyio.move_on_after(1):
            await closing


def main() -> None:
    """Run the job from the standard input."""
    job = read(Job, sys.stdin.readline())
    sys.path.append(job.site)  # only now, because a peer ships a package `tests`
    block_network()
    trust(job.authority)
    detector = _KeyDetector()
    logging.basicConfig(level=logging.DEBUG, handlers=[detector])
    record = anyio.run(partial(run_job, job, CLIENTS[job.peer]), backend="trio" if job.mode == "trio" else "asyncio")
    sys.stdout.write("\n" + write(attrs.evolve(record, logged=tuple(sorted(detector.seen)))) + "\n")
    sys.stdout.flush()
    os._exit(0)  # a peer may have left threads running


if __name__ == "__main__":
    main()
