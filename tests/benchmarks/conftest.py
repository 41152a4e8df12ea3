"""The gateway of the benchmarks, for the tests of the probes."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest

from tests.benchmarks.server import Connection, Statistics


@pytest.fixture
def port() -> Iterator[int]:
    """Run the gateway of the benchmarks in a thread, without latency."""
    loop = asyncio.new_event_loop()
    statistics = Statistics()
    server = loop.run_until_complete(loop.create_server(lambda: Connection(statistics, 0), "127.0.0.1", 0))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield server.sockets[0].getsockname()[1]
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    server.close()
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()
