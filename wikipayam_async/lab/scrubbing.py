"""Keeps the token out of what is sent to the browser."""

from __future__ import annotations

import json
from urllib.parse import quote, quote_plus

from attrs import define, field

from wikipayam_async.lab.curl import TOKEN_VARIABLE
from wikipayam_async.redact.sealed import Secret

__all__ = ["TokenScrubber"]


@define
class TokenScrubber:
    """Replaces the token by the name of its variable.

    A gateway may repeat the token in an answer: as text, within JSON, or in a URL.

    Attributes:
        token: The token.
    """

    token: Secret = field(repr=False)

    def clean(self, body: bytes) -> bytes:
        """Return a body of JSON without the token.

        Args:
            body: The body.
        """
        token = self.token.reveal()
        once, twice = json.dumps(token)[1:-1], json.dumps(json.dumps(token)[1:-1])[1:-1]
        for form in sorted({token, once, twice, quote(token, safe=""), quote_plus(token)}, key=len, reverse=True):
            body = body.replace(form.encode(), TOKEN_VARIABLE.encode())
        return body
