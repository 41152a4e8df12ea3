"""A client of the control API, for commands: blocking, without a proxy, without redirects."""

import os
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import TypeVar
from urllib.parse import urlencode, urlsplit

import msgspec
from attrs import define, field

from wikipayam_async.emulator.server.control.guard import TOKEN_VARIABLE
from wikipayam_async.emulator.server.control.problem import Problem
from wikipayam_async.emulator.server.control.routes import PREFIX

T = TypeVar("T")

TIMEOUT = 10.0


class ControlError(Exception):
    """A call of the control API failed.

    Attributes:
        status: The status of the response; None without a response of an emulator.
        problem: What is wrong, and what to do about it.
    """

    def __init__(self, status: int | None, problem: Problem) -> None:
        super().__init__(f"{problem.message} {problem.hint}")
        self.status = status
        self.problem = problem


@define
class ControlClient:
    """Calls the control API of an emulator.

    Attributes:
        url: The base URL of the emulator, without the prefix of the control API.
        token: The control token; None without one.
    """

    url: str
    token: str | None = field(factory=lambda: os.environ.get(TOKEN_VARIABLE) or None, repr=False)

    def get(self, path: str, answer: type[T], **query: str | int | None) -> T:
        """Look at something.

        Args:
            path: The path below the prefix.
            answer: The shape of the response.
            query: The query; None is left out.

        Raises:
            ControlError: The call failed.
        """
        given = urlencode({name: value for name, value in query.items() if value is not None})
        return self._decoded(self._exchange("GET", f"{path}?{given}" if given else path), answer)

    def send(self, method: str, path: str, body: object, answer: type[T]) -> T:
        """Change something.

        Args:
            method: The method.
            path: The path below the prefix.
            body: The body: a shape of the control API, or the bytes of a state document.
            answer: The shape of the response.

        Raises:
            ControlError: The call failed.
        """
        content = body if isinstance(body, bytes) else msgspec.json.encode(body)
        return self._decoded(self._exchange(method, path, content), answer)

    def state(self) -> bytes:
        """Return the state document.

        Raises:
            ControlError: The call failed.
        """
        return self._exchange("GET", "/state")

    def _exchange(self, method: str, path: str, body: bytes | None = None) -> bytes:
        try:
            status, content = self._response(method, path, body)
        except (OSError, HTTPException, ValueError):
            raise ControlError(None, _no_emulator(self.url)) from None
        if status >= 400:  # noqa: PLR2004 - an error
            raise ControlError(status, self._decoded(content, Problem))
        return content

    def _response(self, method: str, path: str, body: bytes | None) -> tuple[int, bytes]:
        parts = urlsplit(self.url)
        kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        connection = kind(parts.hostname or "", parts.port, timeout=TIMEOUT)
        try:
            connection.request(method, PREFIX + path, body, self._headers())
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def _headers(self) -> Mapping[str, str]:
        headers = {"content-type": "application/json"}
        return headers if self.token is None else {**headers, "authorization": f"Bearer {self.token}"}

    def _decoded(self, content: bytes, answer: type[T]) -> T:
        try:
            return msgspec.json.decode(content, type=answer)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise ControlError(None, _no_emulator(self.url)) from None


def _no_emulator(url: str) -> Problem:
    return Problem(f"No emulator answers at {url}.", "Start one with `wikipayam emulator`, or pass its --url.")
