"""A request to the gateway as a curl command and as raw HTTP, without the token."""

from __future__ import annotations

import json
import re
import shlex
from urllib.parse import urlencode

from attrs import field, frozen

from wikipayam_async.emulator.exchange import Request

__all__ = ["TOKEN_VARIABLE", "ShownRequest"]

TOKEN_VARIABLE = "$SMS_AUTH_TOKEN"  # noqa: S105 - its name in a shell
"""What is shown in place of the token."""

_SHOWN_HEADERS = ("authorization", "accept", "content-type")
_ANYTHING = "*/*"  # curl's default
_PLAIN = re.compile(r"[0-9A-Za-z_.-]*")
_HARMLESS = re.compile(r"[0-9A-Za-z =:_-]*")


@frozen
class ShownRequest:
    """A request that is shown with a shell variable in place of the token.

    Attributes:
        request: The request.
        base_url: The URL of the gateway, without the prefix.
        token: The token in the request.
    """

    request: Request
    base_url: str
    token: str = field(repr=False)

    def curl(self) -> str:
        """Return the curl command for the request."""
        query = self.request.query
        url = self.base_url + self.request.path
        fields: list[str] = []
        if all(map(_PLAIN.fullmatch, query.values())):
            url += "".join(f"{'&' if n else '?'}{name}={value}" for n, (name, value) in enumerate(query.items()))
        else:
            fields = [f"--data-urlencode {self._quoted(f'{name}={value}')}" for name, value in query.items()]
        method = f"-X {self.request.method} " if self.request.method != "GET" else "-G " if fields else ""
        arguments = [
            f"curl {method}{self._quoted(url)}",
            *(f"-H {self._quoted(header)}" for header in self._headers()),
            *fields,
            *([f"-d {self._quoted(_json(self.request.body))}"] if self.request.body else []),
        ]
        return " \\\n  ".join(arguments) + "\n"

    def http(self) -> str:
        """Return the request as HTTP/1.1, without the headers that describe the client."""
        query = f"?{urlencode(self.request.query)}" if self.request.query else ""
        body = self.request.body.decode()
        length = [f"Content-Length: {len(self.request.body)}"] if body else []
        lines = [
            f"{self.request.method} {self.request.path}{query} HTTP/1.1",
            f"Host: {self.base_url.partition('://')[2]}",
            *self._headers(),
            *length,
            "",
            body,
        ]
        return "\n".join(lines).replace(self.token, TOKEN_VARIABLE)

    def _headers(self) -> list[str]:
        found = [(name, self.request.headers.get(name, _ANYTHING)) for name in _SHOWN_HEADERS]
        return [f"{name.title()}: {value}" for name, value in found if value != _ANYTHING]

    def _quoted(self, value: str) -> str:
        """Quote a word for a shell, with a variable in place of the token."""
        parts = value.split(self.token)
        if len(parts) == 1:
            return f"'{value}'" if shlex.quote(value) == value else shlex.quote(value)
        if all(map(_HARMLESS.fullmatch, parts)):
            return f'"{TOKEN_VARIABLE.join(parts)}"'
        return f'"{TOKEN_VARIABLE}"'.join(map(shlex.quote, parts))


def _json(body: bytes) -> str:
    """Return a JSON body on one line."""
    return json.dumps(json.loads(body), ensure_ascii=False)
