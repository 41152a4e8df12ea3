"""Every implementation of bulk sends sends the same, whenever its messages are built."""

from __future__ import annotations

import pytest

from tests.benchmarks.implementations import registry
from tests.benchmarks.job import Built, Job
from tests.benchmarks.memory import memory
from tests.benchmarks.probes import bulk, burst
from tests.benchmarks.sections import MEMORY_METHODS

_OPTIONAL = {registry.AIOHTTP: "aiohttp", registry.HTTPX2: "httpx2", registry.ON_AIOHTTP: "httpx_aiohttp"}
_OPTIONAL |= {registry.AIOHTTP_ONE_TEXT: "aiohttp", registry.AIOHTTP_TEMPLATE: "aiohttp"}


def job(port: int, name: str, built: Built = "before") -> Job:
    """Return a job of a few batches for the gateway of the tests."""
    if name in _OPTIONAL:
        pytest.importorskip(_OPTIONAL[name])
    url = f"http://127.0.0.1:{port}"
    return Job(
        kind="bulk",
        implementation=name,
        url=url,
        statistics_port=port,
        messages=45,
        tasks=9,
        connections=8,
        batch=10,
        built=built,
    )


@pytest.mark.parametrize("built", ["before", "inside"])
@pytest.mark.parametrize("name", registry.BULK)
def test_messages_built_before_and_inside_are_all_sent(port: int, name: str, built: Built) -> None:
    """Each message is accepted once, in requests of the job's size."""
    (measurement,) = bulk(job(port, name, built))
    assert (measurement.note, measurement.figures["done"], measurement.figures["requests"]) == ("", 45, 5)


@pytest.mark.parametrize("name", [name for names in registry.COLUMNS.values() for name in names])
def test_columns_are_all_sent(port: int, name: str) -> None:
    """Each number is sent one message."""
    (measurement,) = bulk(job(port, name, "inside"))
    assert (measurement.note, measurement.figures["done"], measurement.figures["requests"]) == ("", 45, 5)


@pytest.mark.parametrize("name", [registry.HTTPX2, registry.ON_AIOHTTP, registry.SDK])
def test_the_time_of_each_single_send_is_measured(port: int, name: str) -> None:
    """The slowest hundredth takes at least as long as the median."""
    (measurement,) = burst(job(port, name))
    assert (measurement.note, measurement.figures["requests"]) == ("", 45)
    assert 0 < measurement.figures["p50"] <= measurement.figures["p99"]


@pytest.mark.parametrize("method", MEMORY_METHODS)
def test_the_memory_of_each_method_is_measured(port: int, method: str) -> None:
    """All messages are accepted, and the curve reaches the last one."""
    (measurement,) = memory(job(port, method))
    assert (measurement.note, measurement.figures["done"]) == ("", 45)
    assert measurement.figures["bytes"] == measurement.figures["growth"] * 1024**2 / 45
