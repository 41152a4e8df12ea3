"""A request log: one line per request, without texts, numbers, ids or tokens."""

from collections.abc import Callable
from time import perf_counter

from wikipayam_async.emulator.app import AsgiApp, Message, Receive, Send
from wikipayam_async.emulator.gateway import routes
from wikipayam_async.emulator.gateway.gateway import DEFAULT_PREFIX

_METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})


def with_log(
    app: AsgiApp,
    write: Callable[[str], object],
    *,
    prefix: str = DEFAULT_PREFIX,
    clock: Callable[[], float] = perf_counter,
) -> AsgiApp:
    """Return an application that logs its requests.

    A line is written when a request ends: its method, its path without the prefix, the status, and the milliseconds it
    took. The status is a hyphen if no response was sent. An unknown path is not shown, since it may contain anything.

    Args:
        app: The application.
        write: Receives every line, with its line end.
        prefix: The prefix of every path.
        clock: A monotonic clock in seconds.
    """

    async def logged(scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        status = "-"

        async def send_and_note(message: Message) -> None:
            nonlocal status
            status = str(message.get("status", status))
            await send(message)

        started = clock()
        try:
            await app(scope, receive, send_and_note)
        finally:
            elapsed = (clock() - started) * 1000
            write(f"{_target(scope['method'], scope['path'], prefix)} {status} {elapsed:.1f} ms\n")

    return logged


def _target(method: str, path: str, prefix: str) -> str:
    inside = path.removeprefix(prefix) if path.startswith(f"{prefix}/") else ""
    if inside not in routes.ROUTES:
        inside = "/receives/{id}" if routes.find(inside).methods else "(unknown path)"
    return f"{method if method in _METHODS else '(unknown method)'} {inside}"
