"""Responses in Laravel's format: the `data` envelope, and its error bodies."""

from collections.abc import Mapping, Sequence

import msgspec

from wikipayam_async.emulator.exchange import Json, Response

JSON_TYPE = "application/json"
HTML_TYPE = "text/html; charset=UTF-8"

MESSAGES: Mapping[int, str] = {
    401: "Unauthenticated.",
    402: "The balance of the account is not sufficient.",
    403: "This action is unauthorized.",
    404: "Not Found",
    429: "Too Many Attempts.",
    500: "Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
}
"""Laravel's default error messages, by status."""

_encode = msgspec.json.Encoder().encode


class Refused(Exception):  # noqa: N818 - a refusal is a response, not an error of the emulator
    """Raised by a handler to respond with an error. The state is unchanged when it is raised.

    Attributes:
        response: The response.
    """

    def __init__(self, response: Response) -> None:
        super().__init__(response.status)
        self.response = response


def json_response(status: int, payload: object, headers: Mapping[str, str] | None = None) -> Response:
    """Return a response with a JSON body."""
    return Response(status, {"content-type": JSON_TYPE, **(headers or {})}, _encode(payload))


def data(payload: object) -> Response:
    """Return a success (200), with the payload under `data`."""
    return json_response(200, {"data": payload})


def error(status: int, message: str | None = None, headers: Mapping[str, str] | None = None) -> Response:
    """Return an error with a message, by default Laravel's for this status."""
    return json_response(status, {"message": message or MESSAGES.get(status, "Error")}, headers)


def html(status: int, title: str) -> Response:
    """Return an error page of the proxy in front of Laravel."""
    page = (
        f"<html>\r\n<head><title>{status} {title}</title></head>\r\n<body>\r\n<center><h1>{status} {title}</h1></center>\r\n"
        "<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
    )
    return Response(status, {"content-type": HTML_TYPE}, page.encode())


def too_large() -> Response:
    """Return the proxy's page for a body that is too large (413)."""
    return html(413, "Request Entity Too Large")


def no_route(path: str) -> Response:
    """Return the error for an unknown path (404)."""
    return error(404, f"The route {path.lstrip('/')} could not be found.")


def wrong_method(method: str, path: str, supported: Sequence[str]) -> Response:
    """Return the error for a known path with an unsupported method: 405, with an `Allow` header."""
    listed = ", ".join(supported)
    return error(
        405,
        f"The {method} method is not supported for route {path.lstrip('/')}. Supported methods: {listed}.",
        {"Allow": listed},
    )


def invalid(errors: Mapping[str, Sequence[str]]) -> Response:
    """Return the error for an invalid body or query: 422, with the first error as the message, and all errors.

    Args:
        errors: The errors by the path of their field; at least one.
    """
    found = [text for texts in errors.values() for text in texts]
    more = len(found) - 1
    tail = f" (and {more} more error{'s' if more > 1 else ''})" if more else ""
    payload: Json = {"message": found[0] + tail, "errors": {key: list(texts) for key, texts in errors.items()}}
    return json_response(422, payload)
