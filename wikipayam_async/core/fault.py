"""The faults of an exchange with the gateway."""

from __future__ import annotations

import enum

__all__ = ["ExchangeFault", "ExchangeFaultKind"]


class ExchangeFaultKind(enum.StrEnum):
    """The kind of a fault."""

    CONNECT = "connect"
    """No connection: refused, unreachable, name not resolved, refused by the proxy, failed TLS handshake."""
    CERTIFICATE = "certificate"
    """The gateway's certificate is not trusted. Never retried."""
    TIMEOUT = "timeout"
    DISCONNECTED = "disconnected"
    UNREADABLE = "unreadable"
    """The answer is not valid HTTP, or it is compressed."""
    TOO_LARGE = "too_large"


class ExchangeFault(Exception):  # noqa: N818 - internal; users get a `WikipayamError`
    """A failed exchange. Internal to the package; holds no data of the exchange.

    Its cause, if it has one, is shown to the caller.

    Attributes:
        kind: The kind of the fault.
        handed_over: Whether the gateway may have the whole request. False only if it provably has not.
        detail: A short description for the text of the error.
        status_code: The HTTP status, if an answer arrived.
        cause: The error of the operating system or of TLS that prevented a connection.
    """

    def __init__(
        self,
        kind: ExchangeFaultKind,
        detail: str,
        *,
        handed_over: bool,
        status_code: int | None = None,
        cause: OSError | None = None,
    ) -> None:
        super().__init__(f"{kind}: {detail}")
        self.kind = kind
        self.detail = detail
        self.handed_over = handed_over
        self.status_code = status_code
        self.cause = cause
