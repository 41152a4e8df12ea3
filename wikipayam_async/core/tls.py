"""A TLS session without I/O: bytes of the socket in, plain bytes out, and the other way."""

from __future__ import annotations

import ssl

__all__ = ["TlsSession"]

_READ_SIZE = 65_536


class TlsSession:
    """The client's side of a session. Who uses it moves the bytes, and so knows which of them the socket has taken.

    Args:
        context: The settings of TLS.
        host: The host whose certificate is expected.

    Attributes:
        is_established: Whether the handshake is complete.
        has_ended: Whether no more plain bytes will come.
        error: What ended it, unless the other side closed it.
    """

    __slots__ = ("_incoming", "_outgoing", "_session", "error", "has_ended", "is_established")

    def __init__(self, context: ssl.SSLContext, host: str) -> None:
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._session = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)
        self.is_established = False
        self.has_ended = False
        self.error: ssl.SSLError | None = None

    def feed(self, data: bytes) -> bytes:
        """Return the plain bytes of received ones, which may also continue the handshake or end the session."""
        self._incoming.write(data)
        plain: list[bytes] = []
        try:
            if not self.is_established:
                self._session.do_handshake()
                self.is_established = True
            while chunk := self._session.read(_READ_SIZE):
                plain.append(chunk)
            self.has_ended = True
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError as error:
            self.has_ended = True
            self.error = error
        return b"".join(plain)

    def encrypt(self, data: bytes) -> bytes:
        """Return the bytes to be sent for plain ones.

        Raises:
            ssl.SSLError: The session takes no more.
        """
        rest = memoryview(data)
        while rest:
            rest = rest[self._session.write(rest) :]
        return self._outgoing.read()

    def pending(self) -> bytes:
        """Return the bytes to be sent by the session itself, such as those of the handshake."""
        return self._outgoing.read()
