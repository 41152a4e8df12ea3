"""A log of requests for those who look on: one line each, without texts, numbers, ids or tokens."""

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
    """Put a log around an application.

    A line is written when a request is over: its method, its path without the prefix, the status, or a hyphen where no
    answer went out, and how long it took. A path that the API does not have is not shown, for anything may stand in it.

    Args:
        app: The application.
        write: Is given every line, its end included.
        prefix: What stands before every path.
        clock: Seconds that only rise.

    Returns:
        The application with the log.
    """

    async def logged(scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        status = "-"

        async def noted(message: Message) -> None:
            nonlocal status
            status = str(message.get("status", status))
            await send(message)

        began = clock()
        try:
            await app(scope, receive, noted)
        finally:
            took = (clock() - began) * 1000
            write(f"{_target(scope['method'], scope['path'], prefix)} {status} {took:.1f} ms\n")

    return logged


def _target(method: str, path: str, prefix: str) -> str:
    inside = path.removeprefix(prefix) if path.startswith(f"{prefix}/") else ""
    if inside not in routes.ROUTES:
        inside = "/receives/{id}" if routes.find(inside).methods else "(unknown path)"
    return f"{method if method in _METHODS else '(unknown method)'} {inside}"
