"""Measure work: time, this process's CPU, and the gateway's load."""

from __future__ import annotations

import gc
import http.client
import json
import time

from tests.benchmarks.machine import load

__all__ = ["SATURATED", "Stopwatch", "read_statistics"]

SATURATED = 0.8
"""The share of its core above which the gateway may be the bottleneck."""


def read_statistics(port: int) -> dict[str, float]:
    """Return the gateway's statistics since the last call."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", "/")
        figures: dict[str, float] = json.loads(connection.getresponse().read())
        return figures
    finally:
        connection.close()


class Stopwatch:
    """Runs from its construction to `stop`. Objects that exist at its start are hidden from the garbage collector.

    Args:
        port: The gateway's port for statistics.
    """

    def __init__(self, port: int) -> None:
        gc.collect()
        gc.freeze()
        self._port = port
        self._gateway = read_statistics(port)
        self._cpu = time.process_time()
        self._wall = time.perf_counter()

    def stop(self, items: int) -> dict[str, float]:
        """Return the figures: seconds, items per second, CPU µs per item, the gateway's, and the load average.

        Args:
            items: The number of items done.
        """
        seconds = time.perf_counter() - self._wall
        cpu = time.process_time() - self._cpu
        gc.unfreeze()
        gateway = read_statistics(self._port)
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
        figures |= load()
        return figures | {"cpu": cpu / items * 1e6} if items else figures
