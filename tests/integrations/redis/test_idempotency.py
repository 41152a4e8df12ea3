"""Idempotency keys in Redis."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

import pytest
import redis
from attrs import evolve

from tests.support.impossible_keys import check_impossible_keys
from tests.support.servers import redis_server
from tests.support.tcp_proxy import tcp_proxy
from wikipayam_async import ConfigurationError
from wikipayam_async.emulator import Emulator
from wikipayam_async.idempotency import Claim, IdempotencyRecord, IdempotencyStoreError
from wikipayam_async.idempotency.contract import STORE_CONTRACT, Check, example_claim
from wikipayam_async.idempotency.store import Settlement
from wikipayam_async.integrations.redis import RedisIdempotencyStore
from wikipayam_async.outcomes import SendStatus
from wikipayam_async.testing import emulator_client

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("check", STORE_CONTRACT, ids=lambda check: check.__name__)
async def test_the_store_keeps_the_contract(check: Check, redis_url: str) -> None:
    """Each object has connections of its own, as another process would."""
    await check(lambda: RedisIdempotencyStore(redis_url))


async def test_the_store_refuses_impossible_keys(redis_url: str) -> None:
    """No lone surrogate can be sent to Redis."""
    await check_impossible_keys(RedisIdempotencyStore(redis_url))


@pytest.mark.parametrize("decode", [False, True])
async def test_a_client_of_the_caller_is_used_and_not_closed(redis_url: str, decode: bool) -> None:
    """Whether it decodes answers or not."""
    client = redis.Redis.from_url(redis_url, decode_responses=decode)
    store, claim = RedisIdempotencyStore(client, prefix=f"own-{decode}:"), example_claim()
    assert await store.claim(claim) is None
    record = await store.read(claim.key)
    assert record is not None
    assert (record.track_id, record.status) == ("t-1", None)
    await store.aclose()
    assert client.exists(f"own-{decode}:{claim.key}") == 1
    client.close()


async def test_a_full_server_takes_no_claim_and_every_outcome() -> None:
    """So nothing is sent, and what was sent before is known."""
    with redis_server() as url:
        client = redis.Redis.from_url(url)
        store, claim = RedisIdempotencyStore(url), example_claim()
        assert await store.claim(claim) is None
        client.config_set("maxmemory", 1)
        with pytest.raises(IdempotencyStoreError, match=r"OutOfMemoryError \(OOM\): the memory of the server is full"):
            await store.claim(evolve(claim, key="another"))
        settlement = Settlement(key=claim.key, claim_id=claim.claim_id, status=SendStatus.ACCEPTED, keep=60)
        assert await store.settle(settlement) is True
        record = await store.read(claim.key)
        await store.aclose()
        client.close()
    assert record is not None
    assert record.status is SendStatus.ACCEPTED


async def test_a_claim_whose_answer_is_lost_is_taken_back(redis_url: str) -> None:
    """Nothing was sent under it, so a repetition is sent, and the next one is answered from the store."""
    emulator = Emulator()
    with tcp_proxy(redis_url) as (proxy, url):
        client = redis.Redis.from_url(url, socket_timeout=0.2)

        class Lossy(RedisIdempotencyStore):
            lost = 0

            async def claim(self, claim: Claim) -> IdempotencyRecord | None:
                if not self.lost:
                    self.lost += 1
                    proxy.silence(answers_only=True)
                return await super().claim(claim)

        store, key = Lossy(client), example_claim().key
        async with emulator_client(emulator, idempotency=store) as sms:
            with pytest.raises(IdempotencyStoreError, match="cannot be used: TimeoutError"):
                await sms.sms.send("09120000001", "text", idempotency_key=key)
            assert (proxy.held, emulator.accepted) == (1, 0)
            sent = [await sms.sms.send("09120000001", "text", idempotency_key=key) for _ in range(2)]
        client.close()
    assert (sent[0].id == sent[1].id, emulator.accepted) == (True, 1)


async def test_replicas_must_have_a_claim(redis_url: str) -> None:
    """Without them nothing may be sent, and the claim is taken back."""
    store, claim = RedisIdempotencyStore(redis_url, replicas=1, replica_timeout=0.05), example_claim()
    with pytest.raises(IdempotencyStoreError, match="only 0 of 1 replicas have the key"):
        await store.claim(claim)
    record = await store.read(claim.key)
    assert record is not None
    assert record.status is SendStatus.NOT_ATTEMPTED
    settlement = Settlement(key=claim.key, claim_id=claim.claim_id, status=SendStatus.ACCEPTED, keep=60)
    with pytest.raises(IdempotencyStoreError):
        await store.settle(settlement)
    await store.aclose()


async def test_replicas_are_waited_for(redis_url: str) -> None:
    """With one that follows, the claim is made."""
    port = redis_url.rpartition(":")[2].partition("/")[0]
    with redis_server("--replicaof", "127.0.0.1", port):
        store, claim = RedisIdempotencyStore(redis_url, replicas=1, replica_timeout=10), example_claim()
        assert await store.claim(claim) is None
        await store.aclose()


async def test_what_redis_would_lose_is_said(caplog: pytest.LogCaptureFixture) -> None:
    """Once, when there is no append-only file and when keys may be evicted."""
    settings = ("--appendonly", "no", "--maxmemory", "100mb", "--maxmemory-policy", "volatile-lru")
    with redis_server(*settings) as url:
        store = RedisIdempotencyStore(url)
        for _ in range(2):
            await store.claim(example_claim())
        await store.aclose()
    name = "RedisIdempotencyStore(prefix='wikipayam:idempotency:')"
    lost = (
        "Redis has no append-only file (appendonly no): after a restart it forgets keys, and a repetition is sent again"
    )
    evicted = "Redis may evict keys (maxmemory-policy volatile-lru): set it to noeviction"
    warnings = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert warnings == [f"{name}: {lost}", f"{name}: {evicted}"]


async def test_a_server_that_does_not_tell_its_settings_is_used(
    redis_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Some providers permit no `INFO`."""
    client = redis.Redis.from_url(redis_url)

    def refuse(*_: object) -> None:
        raise redis.ResponseError("NOPERM")

    client.info = refuse  # type: ignore[method-assign,assignment]
    assert await RedisIdempotencyStore(client).claim(example_claim()) is None
    assert caplog.records == []
    client.close()


async def test_a_server_that_cannot_be_reached_is_an_error() -> None:
    """It shows neither the URL nor the password."""
    store = RedisIdempotencyStore("redis://:private-word@127.0.0.1:9/0")
    with pytest.raises(IdempotencyStoreError) as caught:
        await store.read("k")
    expected = "RedisIdempotencyStore(prefix='wikipayam:idempotency:'): cannot be used: ConnectionError"
    assert str(caught.value) == expected
    await store.aclose()


def test_its_settings_are_those_that_were_given() -> None:
    """A week without a secret by default."""
    store = RedisIdempotencyStore("redis://x", secret="s" * 16)
    assert (store.keep_for, store.secret) == (timedelta(days=7), b"s" * 16)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"server": "http://x"}, "server: expected a URL"),
        ({"server": 7}, "server: expected a URL such as redis://host:6379/0 or a redis.Redis"),
        ({"server": "redis://x", "replicas": -1}, "replicas: expected"),
        ({"server": "redis://x", "replicas": True}, "replicas: expected"),
        ({"server": "redis://x", "prefix": 7}, "prefix: expected"),
        ({"server": "redis://x", "prefix": "\ud800"}, "prefix: expected a string of valid Unicode"),
        ({"server": "redis://x", "keep_for": None}, "keep_for: expected a timedelta"),
    ],
)
async def test_invalid_arguments_are_refused(arguments: dict[str, Any], expected: str) -> None:
    """Before any connection."""
    with pytest.raises(ConfigurationError, match=expected):
        RedisIdempotencyStore(**arguments)
