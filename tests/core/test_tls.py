from __future__ import annotations

import ssl

import pytest

from tests.support.net import client_tls, server_tls
from wikipayam_async.core.tls import TlsSession


class Server:
    """The other side of a session, without I/O too."""

    def __init__(self) -> None:
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.session = server_tls().wrap_bio(self._incoming, self._outgoing, server_side=True)

    def take(self, data: bytes) -> None:
        """Receive bytes."""
        self._incoming.write(data)

    def give(self) -> bytes:
        """Return what is to be sent."""
        return self._outgoing.read()


def established() -> tuple[TlsSession, Server]:
    """Return a session and its other side after the handshake."""
    client, server = TlsSession(client_tls(), "localhost"), Server()
    assert client.feed(b"") == b""
    server.take(client.pending())
    with pytest.raises(ssl.SSLWantReadError):
        server.session.do_handshake()
    assert not client.is_established
    assert client.feed(server.give()) == b""
    server.take(client.pending())
    server.session.do_handshake()
    return client, server


def test_plain_bytes_go_both_ways() -> None:
    """However the encrypted ones are cut, and however many there are."""
    client, server = established()
    server.take(client.encrypt(b"x" * 100_000))
    got = b""
    while len(got) < 100_000:
        got += server.session.read(100_000)
    server.session.write(b"answer")
    data = server.give()
    assert b"".join(client.feed(data[at : at + 1]) for at in range(len(data))) == b"answer"
    assert (got, client.is_established, client.has_ended, client.error) == (b"x" * 100_000, True, False, None)


def test_a_session_is_ended_by_the_other_side() -> None:
    """What came before it is returned, and there is no error."""
    client, server = established()
    server.session.write(b"last")
    with pytest.raises(ssl.SSLWantReadError):
        server.session.unwrap()
    assert client.feed(server.give()) == b"last"
    assert (client.has_ended, client.error) == (True, None)


def test_a_session_is_ended_by_nonsense() -> None:
    """What came before it is returned, and the error is kept."""
    client, server = established()
    server.session.write(b"last")
    assert client.feed(server.give() + b"HTTP/1.1 400 Bad Request\r\n\r\n") == b"last"
    assert client.has_ended
    assert isinstance(client.error, ssl.SSLError)


def test_a_certificate_of_another_host_ends_the_handshake() -> None:
    """The error says so."""
    client, server = TlsSession(client_tls(), "other.example"), Server()
    client.feed(b"")
    server.take(client.pending())
    with pytest.raises(ssl.SSLWantReadError):
        server.session.do_handshake()
    assert client.feed(server.give()) == b""
    assert isinstance(client.error, ssl.SSLCertVerificationError)
    assert not client.is_established
