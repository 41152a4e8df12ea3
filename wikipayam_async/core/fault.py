"""What goes wrong between this machine and the gateway, as the connection knows it."""

from __future__ import annotations

import enum

__all__ = ["ExchangeFault", "ExchangeFaultKind"]


class ExchangeFaultKind(enum.StrEnum):
    """What goes wrong between this machine and the gateway."""

    CONNECT = "connect"
    """No connection: refused, unreachable, name not found, proxy refused, handshake broken off."""
    CERTIFICATE = "certificate"
    """The gateway's certificate is not to be trusted. Never retried: it does not heal in a second."""
    TIMEOUT = "timeout"
    DISCONNECTED = "disconnected"
    UNREADABLE = "unreadable"
    """What came is not HTTP, is encoded, or breaks off."""
    TOO_LARGE = "too_large"


class ExchangeFault(Exception):  # noqa: N818 - it is the wire's word for what went wrong, and never reaches a user
    """A failed exchange, as the wire knows it. Never leaves the package; carries no data of the exchange.

    Attributes:
        kind: What went wrong.
        handed_over: Whether the gateway may have got the whole request. True unless the contrary is known.
        detail: A few words for the error's text.
        status_code: The answer's status, if it got that far.
    """

    def __init__(
        self, kind: ExchangeFaultKind, detail: str, *, handed_over: bool, status_code: int | None = None
    ) -> None:
        super().__init__(f"{kind}: {detail}")
        self.kind = kind
        self.detail = detail
        self.handed_over = handed_over
        self.status_code = status_code
