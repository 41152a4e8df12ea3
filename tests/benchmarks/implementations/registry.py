"""The implementations by name. Each is imported only in the process that measures it."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

from tests.benchmarks.implementations.interface import Implementation

__all__ = [
    "AIOHTTP",
    "AIOHTTP_ONE_TEXT",
    "AIOHTTP_TEMPLATE",
    "BATCHER",
    "BULK",
    "CAMPAIGN",
    "CATTRS",
    "COLUMNS",
    "GATHER",
    "HTTPX2",
    "KEYS_MEMORY",
    "KEYS_POSTGRES",
    "KEYS_REDIS",
    "KEYS_SQLITE",
    "MESSAGES_OF_ONE_TEXT",
    "NEAR_LIMIT",
    "NEAR_LIMIT_ONE_TEXT",
    "ONE_TEXT",
    "ONE_TEXT_STREAM",
    "ON_AIOHTTP",
    "PER_CALL",
    "SDK",
    "SDK_STREAM",
    "SDK_STREAM_TRIO",
    "SDK_TRIO",
    "SEMAPHORE",
    "SINGLE",
    "SLOW",
    "TEMPLATE",
    "load",
]

NEAR_LIMIT = "near-limit"
AIOHTTP = "aiohttp + orjson"
GATHER = "httpx + gather"
SEMAPHORE = "httpx + semaphore"
PER_CALL = "httpx, a client per call"
CATTRS = "httpx + cattrs"
ON_AIOHTTP = "httpx on aiohttp's transport"
HTTPX2 = "httpx2"
SDK = "this SDK"
SDK_TRIO = "this SDK on trio"
SDK_STREAM = "this SDK, bulk()"
SDK_STREAM_TRIO = "this SDK on trio, bulk()"
ONE_TEXT = "this SDK, one text"
NEAR_LIMIT_ONE_TEXT = "near-limit, one text"
ONE_TEXT_STREAM = "this SDK, one text, bulk()"
MESSAGES_OF_ONE_TEXT = "this SDK, one text in messages"
TEMPLATE = "this SDK, template"
AIOHTTP_ONE_TEXT = "aiohttp + orjson, one text"
AIOHTTP_TEMPLATE = "aiohttp + orjson, template"
BATCHER = "this SDK, batcher"
CAMPAIGN = "this SDK, campaign"
KEYS_MEMORY = "this SDK, keys in memory"
KEYS_SQLITE = "this SDK, keys in SQLite"
KEYS_POSTGRES = "this SDK, keys in PostgreSQL"
KEYS_REDIS = "this SDK, keys in Redis"

SINGLE = (NEAR_LIMIT, AIOHTTP, SDK, SDK_TRIO, ON_AIOHTTP, HTTPX2, SEMAPHORE, GATHER, PER_CALL)
BULK = (NEAR_LIMIT, AIOHTTP, SDK, SDK_STREAM, SDK_TRIO, SDK_STREAM_TRIO, ON_AIOHTTP, HTTPX2, CATTRS, GATHER)
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "one text": (AIOHTTP_ONE_TEXT, ONE_TEXT, ONE_TEXT_STREAM, MESSAGES_OF_ONE_TEXT, NEAR_LIMIT_ONE_TEXT),
    "template": (AIOHTTP_TEMPLATE, TEMPLATE),
}
"""The cases in columns, with their implementations; the first one of each is what the others are compared with."""
SLOW = frozenset({GATHER, SEMAPHORE, PER_CALL, CATTRS, ON_AIOHTTP, HTTPX2})

_HOMES: Mapping[str, tuple[str, str]] = {
    NEAR_LIMIT: ("near_limit", "IMPLEMENTATION"),
    AIOHTTP: ("aiohttp_orjson", "IMPLEMENTATION"),
    GATHER: ("plain_httpx", "GATHER"),
    SEMAPHORE: ("plain_httpx", "SEMAPHORE"),
    PER_CALL: ("plain_httpx", "CLIENT_PER_CALL"),
    CATTRS: ("plain_httpx", "WITH_CATTRS"),
    ON_AIOHTTP: ("plain_httpx", "ON_AIOHTTP"),
    HTTPX2: ("plain_httpx", "HTTPX2"),
    SDK: ("sdk", "LIST"),
    SDK_TRIO: ("sdk", "ON_TRIO"),
    SDK_STREAM: ("sdk", "STREAM"),
    SDK_STREAM_TRIO: ("sdk", "STREAM_ON_TRIO"),
    ONE_TEXT: ("columns", "ONE_TEXT"),
    ONE_TEXT_STREAM: ("columns", "ONE_TEXT_STREAM"),
    MESSAGES_OF_ONE_TEXT: ("columns", "MESSAGES_OF_ONE_TEXT"),
    NEAR_LIMIT_ONE_TEXT: ("columns", "NEAR_LIMIT_ONE_TEXT"),
    TEMPLATE: ("columns", "TEMPLATE"),
    AIOHTTP_ONE_TEXT: ("columns", "AIOHTTP_ONE_TEXT"),
    AIOHTTP_TEMPLATE: ("columns", "AIOHTTP_TEMPLATE"),
    BATCHER: ("sdk", "BATCHER"),
    CAMPAIGN: ("sdk", "CAMPAIGN"),
    KEYS_MEMORY: ("keyed", "MEMORY"),
    KEYS_SQLITE: ("keyed", "SQLITE"),
    KEYS_POSTGRES: ("keyed", "POSTGRES"),
    KEYS_REDIS: ("keyed", "REDIS"),
}


def load(name: str) -> Implementation:
    """Import an implementation."""
    module, attribute = _HOMES[name]
    found = getattr(import_module(f"tests.benchmarks.implementations.{module}"), attribute)
    assert isinstance(found, Implementation)
    return found
