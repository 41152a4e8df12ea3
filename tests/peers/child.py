"""The process that plays one event to one peer: a job comes in as JSON, and what the caller got goes out likewise.

Nothing can leave the machine from here: an audit hook, which cannot be taken back, refuses every connection and every
name but those of the loopback.
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

__all__ = ["main", "play", "stay_at_home"]

_HOME = ("127.0.0.1", "::1", "localhost", b"127.0.0.1", b"localhost", None)
_SHOWN = 300
_OF_PYTHON = {"object", "BaseException", "Exception"}


def stay_at_home() -> None:
    """Refuse for good whatever would leave the machine."""

    def refuse(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "socket.connect" and isinstance(arguments[1], tuple) and arguments[1][0] not in _HOME:
            raise RuntimeError(f"refused: a connection to {arguments[1]!r}")
        if event == "socket.getaddrinfo" and arguments[0] not in _HOME:
            raise RuntimeError(f"refused: the name {arguments[0]!r}")

    sys.addaudithook(refuse)


class _Ear(logging.Handler):
    """Hears every log record, and keeps those that show the key."""

    def __init__(self) -> None:
        super().__init__(logging.NOTSET)
        self.heard: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        said = self.format(record)
        if shows_key(said):
            self.heard.add(f"{record.levelname} {record.name}")


def shows_key(text: str) -> bool:
    """Tell whether a text has the key in it, as it is or in the base64 of a Basic authentication."""
    encoded = (b64encode(f"{user}:{KEY}".encode()).decode() for user in (USER, ACCOUNT))
    return KEY in text or any(one in text for one in encoded)


async def _send(job: Job, client: Client) -> object:
    """Send as the job says; what the first send gives is what is told."""

    async def once() -> object:
        answer = client.send(job.receiver)
        return await answer if inspect.isawaitable(answer) else answer

    if job.way != "at once":
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
    """Write down what a send returned, so that one who never saw the peer knows it."""
    if type(answer).__name__ == "Response" and hasattr(answer, "status_code"):
        return f"Response {answer.status_code}"
    plain = answer.model_dump() if hasattr(answer, "model_dump") else answer
    try:
        return json.dumps(plain, ensure_ascii=False)[:_SHOWN]
    except (TypeError, ValueError):
        return repr(answer)[:_SHOWN]


def _about(error: BaseException) -> dict[str, Any]:
    """Tell an error's class, its text and whom it descends from."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    kind = type(error)
    parents = [parent.__name__ for parent in kind.__mro__ if parent.__name__ not in _OF_PYTHON]
    story = "".join(traceback.format_exception(error)) + repr(error)
    return {
        "error": f"{kind.__module__}.{kind.__qualname__}",
        "message": str(error).replace(KEY, "<key>")[:_SHOWN],
        "family": tuple(parents),
        "shown": ("error",) if shows_key(story) else (),
    }


async def play(job: Job, make: Callable[[Job], Client]) -> Record:
    """Play the event, and tell what the caller got."""
    found = Record(job.peer, "")
    try:
        client = make(job)
    except Exception as error:  # noqa: BLE001 - as below
        return attrs.evolve(found, **_about(error))
    if job.way == "at once":
        await _send(attrs.evolve(job, sends=1, way="one by one"), client)  # what is imported late is imported now
    begun = time.perf_counter()
    try:
        with anyio.fail_after(job.limit):
            answer = await _send(job, client)
        found = attrs.evolve(found, returned=_as_text(answer))
    except Exception as error:  # noqa: BLE001 - whatever comes is what is asked for
        waited = time.perf_counter() - begun >= job.limit
        found = attrs.evolve(found, note="still waiting") if waited else attrs.evolve(found, **_about(error))
    found = attrs.evolve(found, seconds=time.perf_counter() - begun)
    if shows_key(repr(client.client)):
        found = attrs.evolve(found, shown=(*found.shown, "repr"))
    await _close(client)
    return found


async def _close(client: Client) -> None:
    ending: Awaitable[object] | None = client.close() if client.close is not None else None
    if ending is not None:
        with anyio.move_on_after(1):
            await ending


def main() -> None:
    """Play the job that stands on the standard input."""
    job = read(Job, sys.stdin.readline())
    sys.path.append(job.site)  # only now: a peer ships a package `tests` of its own
    stay_at_home()
    trust(job.authority)
    ear = _Ear()
    logging.basicConfig(level=logging.DEBUG, handlers=[ear])
    found = anyio.run(partial(play, job, CLIENTS[job.peer]), backend="trio" if job.way == "trio" else "asyncio")
    sys.stdout.write("\n" + write(attrs.evolve(found, logged=tuple(sorted(ear.heard)))) + "\n")
    sys.stdout.flush()
    os._exit(0)  # whatever a peer left running


if __name__ == "__main__":
    main()
