"""Answers in Laravel's manner: the ``data`` envelope, and the bodies of its errors."""

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
"""What Laravel says of its own accord, by status."""

_encode = msgspec.json.Encoder().encode


class Refused(Exception):  # noqa: N818 - a refusal is an answer, not an error of the emulator
    """Raised by a handler to answer with an error; nothing has been changed when it is raised.

    Attributes:
        response: The answer.
    """

    def __init__(self, response: Response) -> None:
        super().__init__(response.status)
        self.response = response


def json_response(status: int, payload: object, headers: Mapping[str, str] | None = None) -> Response:
    """Answer with a JSON body.

    Args:
        status: The status code.
        payload: What to encode.
        headers: Further headers.

    Returns:
        The answer.
    """
    return Response(status, {"content-type": JSON_TYPE, **(headers or {})}, _encode(payload))


def data(payload: object) -> Response:
    """Answer a success: everything wrapped in ``data``.

    Args:
        payload: What to wrap.

    Returns:
        The answer, with status 200.
    """
    return json_response(200, {"data": payload})


def error(status: int, message: str | None = None, headers: Mapping[str, str] | None = None) -> Response:
    """Answer an error with a message.

    Args:
        status: The status code.
        message: The message; by default what Laravel says with this status.
        headers: Further headers.

    Returns:
        The answer.
    """
    return json_response(status, {"message": message or MESSAGES.get(status, "Error")}, headers)


def html(status: int, title: str) -> Response:
    """Answer with a page of the proxy in front.

    Args:
        status: The status code.
        title: What the page says.

    Returns:
        The answer.
    """
    page = (
        f"<html>\r\n<head><title>{status} {title}</title></head>\r\n<body>\r\n<center><h1>{status} {title}</h1></center>\r\n"
        "<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
    )
    return Response(status, {"content-type": HTML_TYPE}, page.encode())


def too_large() -> Response:
    """Answer as the proxy does when a body is too large.

    Returns:
        The answer: 413 and a page.
    """
    return html(413, "Request Entity Too Large")


def no_route(path: str) -> Response:
    """Answer for a path that leads nowhere.

    Args:
        path: The path.

    Returns:
        The answer: 404 and a message.
    """
    return error(404, f"The route {path.lstrip('/')} could not be found.")


def wrong_method(method: str, path: str, supported: Sequence[str]) -> Response:
    """Answer for a path that exists, but not with this method.

    Args:
        method: The method of the request.
        path: The path.
        supported: The methods the path takes.

    Returns:
        The answer: 405, a message and the ``Allow`` header.
    """
    listed = ", ".join(supported)
    return error(
        405,
        f"The {method} method is not supported for route {path.lstrip('/')}. Supported methods: {listed}.",
        {"Allow": listed},
    )


def invalid(errors: Mapping[str, Sequence[str]]) -> Response:
    """Answer for a body or query that does not hold.

    Args:
        errors: What is wrong, by the path of the field.

    Returns:
        The answer: 422, the first error as the message, and all of them.
    """
    found = [text for texts in errors.values() for text in texts]
    more = len(found) - 1
    tail = f" (and {more} more error{'s' if more > 1 else ''})" if more else ""
    payload: Json = {"message": found[0] + tail, "errors": {key: list(texts) for key, texts in errors.items()}}
    return json_response(422, payload)
