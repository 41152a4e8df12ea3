"""The error handlers of an app."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import cast

from fastapi import FastAPI, Request, Response, WebSocket
from fastapi.encoders import jsonable_encoder
from fastapi.requests import HTTPConnection
from fastapi.responses import JSONResponse
from fastapi.websockets import WebSocketState

from wikipayam_async.errors import InvalidInputError, WikipayamError
from wikipayam_async.integrations.fastapi.answers import Answer, RateLimitStatus, answer_to, location_of

__all__ = ["install_error_handlers", "response_of", "response_to"]

logger = logging.getLogger("wikipayam_async")

_INTERNAL_ERROR, _TRY_AGAIN_LATER = 1011, 1013
_CLOSE_CODES = {409: 1008, 422: 1008, 503: _TRY_AGAIN_LATER}
"""Close codes of web sockets: 1008 is a policy violation."""


def install_error_handlers(app: FastAPI, *, rate_limit_status: RateLimitStatus = 503) -> None:
    """Map this package's errors to HTTP responses that reveal no internals.

    | error | status |
    | --- | --- |
    | invalid input | 422, in FastAPI's own form |
    | an unknown outcome | 502, with the track ids |
    | the gateway fails or refuses | 502 |
    | the gateway does not answer | 504 |
    | the gateway limits the rate, or the outbox is full | 503 with Retry-After |
    | the account is empty, the client or outbox is closed, or the store of idempotency keys fails | 503 |
    | the idempotency key is another message's; or a call with it is in progress, with Retry-After | 409 |
    | a limit of one-time codes is reached | 429 with Retry-After |
    | a code is resent whose challenge is over | 401, or 429 after too many wrong codes |
    | the store of one-time codes fails | 503 |
    | the service is at fault, for example a bad token | 500, without details |

    The full error goes to the logger `wikipayam_async`, and so to stderr where no logging is configured: as INFO for
    invalid input, ERROR for what somebody has to fix or look up, WARNING for the rest. A web socket is closed with the error's text as its reason.

    Handlers for subclasses, added with `app.exception_handler(...)`, take precedence. Mounted apps need handlers of
    their own.

    Args:
        app: The app.
        rate_limit_status: The status for the gateway's 429. 503 by default: the service sent too much, not the caller.
    """

    async def handle(connection: Request | WebSocket, error: Exception) -> JSONResponse | None:
        answer = _answer(connection, cast("WikipayamError", error), rate_limit_status)
        if isinstance(connection, WebSocket):
            await _close(connection, answer)
            return None
        return response_of(answer)

    # Starlette's types allow a handler for requests or for web sockets, but not for both.
    app.add_exception_handler(WikipayamError, cast("Callable[[Request, Exception], Awaitable[Response]]", handle))


def response_to(request: Request, error: WikipayamError) -> JSONResponse:
    """Return the response to an error, and log the error."""
    return response_of(_answer(request, error, 503))


def response_of(answer: Answer) -> JSONResponse:
    """Return the response of an answer."""
    headers = None if answer.retry_after is None else {"Retry-After": str(answer.retry_after)}
    return JSONResponse(jsonable_encoder(answer.body), answer.status, headers)


def _answer(connection: HTTPConnection, error: WikipayamError, rate_limit_status: RateLimitStatus) -> Answer:
    """Map an error to its response, and log the error, which holds no texts, codes, full numbers or secrets."""
    loc: list[str | int] = []
    if isinstance(error, InvalidInputError):
        loc = location_of(error.field, connection.path_params, connection.query_params)
    answer = answer_to(error, loc=loc, rate_limit_status=rate_limit_status)
    name, route = type(error).__name__, _route_of(connection)
    fields = {"wikipayam_error": name, "wikipayam_status_code": answer.status, "wikipayam_route": route}
    logger.log(answer.level, "fastapi: answered %d to %s: %s (%s)", answer.status, name, error, route, extra=fields)
    return answer


def _route_of(connection: HTTPConnection) -> str:
    """Return the method and the template of the route, such as `POST /orders/{order}`; the path itself may hold a number."""
    path = getattr(connection.scope.get("route"), "path", "unknown route")
    return f"{connection.scope.get('method', 'websocket')} {path}"


async def _close(web_socket: WebSocket, answer: Answer) -> None:
    """Close a web socket, unless it is closed already."""
    if WebSocketState.DISCONNECTED not in {web_socket.client_state, web_socket.application_state}:
        code = _CLOSE_CODES.get(answer.status, _INTERNAL_ERROR) if answer.retry_after is None else _TRY_AGAIN_LATER
        await web_socket.close(code, answer.reason)
