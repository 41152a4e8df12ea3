"""A proxy between a client and a server of a test, which can stop passing bytes on without closing anything."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from urllib.parse import urlsplit, urlunsplit

from tests.support.servers import wait_until

__all__ = ["TcpProxy", "tcp_proxy"]


class _Connection:
    """A connection through the proxy.

    Args:
        client: The client's end.
        server: The server's end.
    """

    def __init__(self, client: socket.socket, server: socket.socket) -> None:
        self.ends = (client, server)
        self.asks, self.answers = threading.Event(), threading.Event()
        self.held = 0
        self.resume()
        ways = ((client, server, self.asks), (server, client, self.answers))
        self._threads = [threading.Thread(target=self._pass_on, args=way, daemon=True) for way in ways]
        for thread in self._threads:
            thread.start()

    def resume(self) -> None:
        """Pass on what was kept, and all that comes."""
        self.asks.set()
        self.answers.set()

    def close(self) -> None:
        """End it on both sides."""
        self._shut_down()
        self.resume()
        for thread in self._threads:
            thread.join()
        for one in self.ends:
            one.close()

    def _shut_down(self) -> None:
        for one in self.ends:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def _pass_on(self, source: socket.socket, target: socket.socket, gate: threading.Event) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                if not gate.is_set():
                    self.held += 1
                    gate.wait()
                target.sendall(data)
        gate.wait()  # nor does the other end learn that this one is gone
        self._shut_down()


class TcpProxy:
    """Passes bytes on between clients and one server. Connections may become silent: their bytes are received and kept.

    Args:
        port: The port of the server, on this machine.
    """

    def __init__(self, port: int) -> None:
        self._server = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._connections: list[_Connection] = []
        self._acceptor = threading.Thread(target=self._accept, daemon=True)
        self._acceptor.start()

    @property
    def port(self) -> int:
        """Its port."""
        port: int = self._listener.getsockname()[1]
        return port

    @property
    def held(self) -> int:
        """The number of pieces that were received by silent connections."""
        return sum(one.held for one in self._connections)

    def silence(self, *, answers_only: bool = False) -> None:
        """Pass nothing on over the connections of now, or only what clients send: it is done, and nobody learns of it."""
        for one in self._connections:
            one.answers.clear()
            if not answers_only:
                one.asks.clear()

    def resume(self) -> None:
        """Pass on what was kept, and all that comes."""
        for one in self._connections:
            one.resume()

    def wait_until_held(self, count: int = 1) -> None:
        """Wait until so many pieces were kept."""
        wait_until(lambda: self.held >= count)

    def close(self) -> None:
        """End it."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._acceptor.join()
        for one in self._connections:
            one.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                try:
                    server = socket.create_connection(("127.0.0.1", self._server))
                except OSError:
                    client.close()
                else:
                    self._connections.append(_Connection(client, server))


@contextlib.contextmanager
def tcp_proxy(url: str) -> Iterator[tuple[TcpProxy, str]]:
    """Run a proxy to the server of a URL; yield it, and the URL through it."""
    parts = urlsplit(url)
    proxy = TcpProxy(parts.port or 0)
    user, at, _ = parts.netloc.rpartition("@")
    try:
        yield proxy, urlunsplit(parts._replace(netloc=f"{user}{at}127.0.0.1:{proxy.port}"))
    finally:
        proxy.close()
