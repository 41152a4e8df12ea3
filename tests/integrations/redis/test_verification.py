"""One-time codes in Redis."""

from __future__ import annotations

import logging
import random
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest
import redis

from tests.support.effort import long_or_short
from tests.support.servers import redis_server
from tests.support.verification import random_steps
from tests.verification.attacks import ATTACKS, Attack
from tests.verification.stage import Stage
from wikipayam_async import ConfigurationError
from wikipayam_async.emulator import Emulator
from wikipayam_async.integrations.redis import RedisStore
from wikipayam_async.testing import emulator_client
from wikipayam_async.verification import (
    CheckAttempt,
    CheckStatus,
    MemoryStore,
    SmsChannel,
    VerificationChannel,
    VerificationStoreError,
    Verifier,
    VoiceChannel,
)
from wikipayam_async.verification.contract import STORE_CONTRACT, Check

RECEIVER, ADDRESS = "09123456789", "203.0.113.7"
SECRET = "a secret of 32 characters, no less"
UNKNOWN = CheckAttempt(id="0" * 32, purpose="login", right=False, forget_wrong_after=60)

pytestmark = pytest.mark.anyio


@pytest.fixture
def prefix() -> str:
    """A prefix that no other test of the server uses."""
    return f"{secrets.token_hex(8)}:"


@asynccontextmanager
async def verifying(emulator: Emulator, *stores: RedisStore) -> AsyncIterator[list[Verifier]]:
    """Open a verifier for each store, as several processes would."""
    async with emulator_client(emulator) as client:
        channels: list[VerificationChannel] = [SmsChannel(otp_pattern_id=13), VoiceChannel()]
        yield [Verifier(client, store, secret=SECRET, channels=channels) for store in stores]
    for store in stores:
        await store.aclose()


@pytest.mark.parametrize("check", STORE_CONTRACT, ids=lambda check: check.__name__)
async def test_the_store_keeps_the_contract(check: Check, redis_url: str) -> None:
    """Each object has connections of its own, as another process would."""
    await check(lambda: RedisStore(redis_url))


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
async def test_an_attack_fails(attack: Attack, redis_url: str, prefix: str) -> None:
    """Each attack states what it must not achieve."""
    stores: list[RedisStore] = []

    def open_store() -> RedisStore:
        stores.append(RedisStore(redis_url, prefix=prefix))
        return stores[-1]

    async def wipe() -> None:
        client: Any = redis.Redis.from_url(redis_url)
        client.delete(*client.scan_iter(f"{prefix}*"))
        client.close()

    await attack(Stage(open_store=open_store, wipe=wipe))
    for store in stores:
        await store.aclose()


@pytest.mark.parametrize("seed", range(long_or_short(100, 8)))
async def test_it_does_what_the_store_in_memory_does(seed: int, redis_url: str, prefix: str) -> None:
    """Step by step, in random sequences; each step may come from another process."""
    memory = MemoryStore()
    stores = [RedisStore(redis_url, prefix=prefix) for _ in range(2)]
    for number, (name, step) in enumerate(random_steps(seed, 80)):
        assert (name, await step(stores[number % 2])) == (name, await step(memory))
    assert [await store.purge(now=0) for store in stores] == [0, 0]
    for store in stores:
        await store.aclose()


async def test_users_log_in_through_several_processes(redis_url: str, prefix: str) -> None:
    """A challenge of one is checked by another, and of a hundred parallel checks of the right code one is accepted."""
    emulator, stores = Emulator(), [RedisStore(redis_url, prefix=prefix) for _ in range(2)]
    async with verifying(emulator, *stores) as (first, second):
        challenge = await first.start(RECEIVER, purpose="login", ip=ADDRESS)
        code, found = emulator.last_code(RECEIVER) or "", []

        async def check(verifier: Verifier) -> None:
            found.append((await verifier.check(challenge.id, code, purpose="login")).status)

        async with anyio.create_task_group() as tasks:
            for number in range(100):
                tasks.start_soon(check, (first, second)[number % 2])
    assert sorted(found) == [CheckStatus.OK] + [CheckStatus.USED] * 99


async def test_a_storm_of_cancellations_leaves_it_usable(redis_url: str, prefix: str) -> None:
    """Whichever step they hit; the number of connections stays small."""
    store, steps = RedisStore(redis_url, prefix=prefix), random_steps(1, 60)
    before = connections(redis_url)

    async def cancelled(number: int) -> None:
        with anyio.move_on_after(random.random() * 0.05):
            while True:
                await steps[number % len(steps)][1](store)

    for _ in range(3):
        async with anyio.create_task_group() as tasks:
            for number in range(100):
                tasks.start_soon(cancelled, number)
    assert (await store.check(UNKNOWN, now=1.0)).status is CheckStatus.NOT_FOUND
    assert connections(redis_url) - before <= 8
    await store.aclose()


def connections(url: str) -> int:
    """Return the number of connections to a server."""
    client: Any = redis.Redis.from_url(url)
    found = len(client.client_list())
    client.close()
    return found


@pytest.mark.parametrize("secret", [None, "s" * 16])
async def test_what_is_kept_of_a_person(redis_url: str, prefix: str, secret: str | None) -> None:
    """The number and the address in the challenge alone, no code anywhere, and every key expires."""
    emulator = Emulator()
    async with verifying(emulator, RedisStore(redis_url, prefix=prefix, secret=secret)) as (verifier,):
        challenge = await verifier.start(RECEIVER, purpose="login", ip=ADDRESS)
        await verifier.check(challenge.id, "0", purpose="login")
    client: Any = redis.Redis.from_url(redis_url, decode_responses=True)
    names = list(client.scan_iter(f"{prefix}*"))
    kept = {name: client.hgetall(name) for name in names if not name.endswith(":due")}
    assert f"{prefix}challenge:{challenge.id}" in kept
    assert [name for name, fields in kept.items() if RECEIVER in f"{name}{fields}" or ADDRESS in f"{name}{fields}"] == [
        f"{prefix}challenge:{challenge.id}"
    ]
    assert emulator.last_code(RECEIVER) not in [value for fields in kept.values() for value in fields.values()]
    assert [name for name in names if not 0 < client.ttl(name) <= 86_401] == []
    assert len(names) > 5
    client.close()


async def test_the_names_of_counters_depend_on_the_secret(redis_url: str) -> None:
    """So that who reads Redis cannot test numbers; without one the names are plain digests."""
    names = [RedisStore(redis_url, secret=secret)._counter("receiver/09123456789/3600") for secret in (None, "s" * 16)]
    assert names[0] != names[1]
    assert [name.rpartition(":")[0] for name in names] == ["wikipayam:verification:counter"] * 2


@pytest.mark.parametrize("decode", [False, True])
async def test_a_client_of_the_caller_is_used_and_not_closed(redis_url: str, prefix: str, decode: bool) -> None:
    """Whether it decodes answers or not."""
    client = redis.Redis.from_url(redis_url, decode_responses=decode)
    async with verifying(Emulator(), RedisStore(client, prefix=prefix)) as (verifier,):
        challenge = await verifier.start(RECEIVER, purpose="login")
    assert client.exists(f"{prefix}challenge:{challenge.id}") == 1
    client.close()


async def test_a_wiped_server_accepts_no_code() -> None:
    """The challenge is not found any more."""
    emulator = Emulator()
    with redis_server() as url:
        async with verifying(emulator, RedisStore(url)) as (verifier,):
            challenge = await verifier.start(RECEIVER, purpose="login")
            client = redis.Redis.from_url(url)
            client.flushall()
            client.script_flush()
            client.close()
            result = await verifier.check(challenge.id, emulator.last_code(RECEIVER) or "", purpose="login")
    assert result.status is CheckStatus.NOT_FOUND


async def test_a_server_that_is_down_or_slow_sends_nothing_and_accepts_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The error names the store, and neither its URL nor the password."""
    emulator = Emulator()
    with redis_server() as url:
        store = RedisStore(url.replace("//", "//:private-word@"), timeout=0.05)
        paused = RedisStore(url, timeout=0.05)
        async with verifying(emulator, paused) as (verifier,):
            challenge = await verifier.start(RECEIVER, purpose="login")
            client = redis.Redis.from_url(url)
            client.client_pause(300)
            with pytest.raises(VerificationStoreError, match="cannot be used: TimeoutError"):
                await verifier.check(challenge.id, emulator.last_code(RECEIVER) or "", purpose="login")
            client.client_unpause()
            client.close()
    async with verifying(emulator, store) as (verifier,):
        with pytest.raises(VerificationStoreError) as caught:
            await verifier.start("09120000001", purpose="login")
    assert str(caught.value) == "RedisStore(prefix='wikipayam:verification:'): cannot be used: ConnectionError"
    assert "private-word" not in caplog.text
    assert emulator.requests_to("POST /otp/sms/send") == 1


async def test_a_full_server_sends_nothing_and_one_that_evicts_is_warned_about(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Once; with the limits it would lose what they have counted."""
    emulator = Emulator()
    with redis_server("--maxmemory", "1", "--maxmemory-policy", "volatile-ttl") as url:
        async with verifying(emulator, RedisStore(url)) as (verifier,):
            for _ in range(2):
                with pytest.raises(VerificationStoreError, match="cannot be used: OutOfMemoryError"):
                    await verifier.start(RECEIVER, purpose="login")
    assert emulator.requests == 0
    expected = (
        "RedisStore(prefix='wikipayam:verification:'): Redis may evict keys (maxmemory-policy volatile-ttl), and with them "
        "the limits of one-time codes: set it to noeviction"
    )
    assert [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING] == [expected]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"server": "http://x"}, "server: expected a URL"),
        ({"server": 7}, "server: expected a URL such as redis://host:6379/0 or a redis.Redis"),
        ({"server": "redis://x", "prefix": 7}, "prefix: expected"),
        ({"server": "redis://x", "secret": "short"}, "secret: expected at least 16 bytes"),
        ({"server": "redis://x", "timeout": 0}, "timeout: expected a finite number above 0"),
    ],
)
async def test_invalid_arguments_are_refused(arguments: dict[str, Any], expected: str) -> None:
    """Before any connection."""
    with pytest.raises(ConfigurationError, match=expected):
        RedisStore(**arguments)
