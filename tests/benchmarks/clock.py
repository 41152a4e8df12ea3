"""What a stretch of work took: time, this process's CPU, and what the gateway did meanwhile."""

from __future__ import annotations

import gc
import http.client
import json
import time

__all__ = ["SATURATED", "Clock", "ask_books"]

SATURATED = 0.8
"""The share of its core from which on the gateway may be what holds a client up."""


def ask_books(port: int) -> dict[str, float]:
    """Ask the gateway what it has done since the last time."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", "/")
        figures: dict[str, float] = json.loads(connection.getresponse().read())
        return figures
    finally:
        connection.close()


class Clock:
    """Runs from its making to `stop`. What lives by then is kept out of the way of the garbage collector.

    Args:
        books: The port where the gateway tells what it did.
    """

    def __init__(self, books: int) -> None:
        gc.collect()
        gc.freeze()
        self._books = books
        self._gateway = ask_books(books)
        self._cpu = time.process_time()
        self._wall = time.perf_counter()

    def stop(self, items: int) -> dict[str, float]:
        """Return the figures: seconds, items a second, CPU µs an item, and the gateway's.

        Args:
            items: What was done in the meantime.
        """
        seconds = time.perf_counter() - self._wall
        cpu = time.process_time() - self._cpu
        gc.unfreeze()
        gateway = ask_books(self._books)
        figures = {
            "done": float(items),
            "seconds": seconds,
            "rate": items / seconds,
            "server": (gateway["cpu"] - self._gateway["cpu"]) / seconds,
            "requests": gateway["requests"],
            "peak": gateway["peak"],
            "received": gateway["received"],
            "sent": gateway["sent"],
        }
        return figures | {"cpu": cpu / items * 1e6} if items else figures
