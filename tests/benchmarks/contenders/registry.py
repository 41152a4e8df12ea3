"""The contenders by name. Each is imported by the process that measures it, so that none pays for another."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

from tests.benchmarks.contenders.road import Contender

__all__ = [
    "AIOHTTP",
    "BATCHER",
    "BULK",
    "CATTRS",
    "GATHER",
    "NEAR_LIMIT",
    "PER_CALL",
    "SDK",
    "SDK_STREAM",
    "SDK_STREAM_TRIO",
    "SDK_TRIO",
    "SEMAPHORE",
    "SINGLE",
    "SLOW",
    "contender",
]

NEAR_LIMIT = "near-limit"
AIOHTTP = "aiohttp + orjson"
GATHER = "httpx + gather"
SEMAPHORE = "httpx + semaphore"
PER_CALL = "httpx, a client a call"
CATTRS = "httpx + cattrs"
SDK = "this SDK"
SDK_TRIO = "this SDK on trio"
SDK_STREAM = "this SDK, bulk()"
SDK_STREAM_TRIO = "this SDK on trio, bulk()"
BATCHER = "this SDK, batcher"

SINGLE = (NEAR_LIMIT, AIOHTTP, SDK, SDK_TRIO, SEMAPHORE, GATHER, PER_CALL)
BULK = (NEAR_LIMIT, AIOHTTP, SDK, SDK_STREAM, SDK_TRIO, SDK_STREAM_TRIO, CATTRS, GATHER)
SLOW = frozenset({GATHER, SEMAPHORE, PER_CALL, CATTRS})

_HOMES: Mapping[str, tuple[str, str]] = {
    NEAR_LIMIT: ("near_limit", "CONTENDER"),
    AIOHTTP: ("aiohttp_orjson", "CONTENDER"),
    GATHER: ("plain_httpx", "GATHER"),
    SEMAPHORE: ("plain_httpx", "SEMAPHORE"),
    PER_CALL: ("plain_httpx", "CLIENT_A_CALL"),
    CATTRS: ("plain_httpx", "WITH_CATTRS"),
    SDK: ("sdk", "LIST"),
    SDK_TRIO: ("sdk", "ON_TRIO"),
    SDK_STREAM: ("sdk", "STREAM"),
    SDK_STREAM_TRIO: ("sdk", "STREAM_ON_TRIO"),
    BATCHER: ("sdk", "BATCHER"),
}


def contender(name: str) -> Contender:
    """Import a contender."""
    module, attribute = _HOMES[name]
    found = getattr(import_module(f"tests.benchmarks.contenders.{module}"), attribute)
    assert isinstance(found, Contender)
    return found
