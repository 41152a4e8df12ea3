"""Idempotency keys in Redis."""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import redis

from wikipayam_async.checks import without_frames
from wikipayam_async.errors import ConfigurationError
from wikipayam_async.idempotency import Claim, IdempotencyRecord, IdempotencyStoreError, Settlement
from wikipayam_async.idempotency.settings import check_keep_for, check_key, check_secret
from wikipayam_async.idempotency.store import KEEP_FOR, checked_record
from wikipayam_async.integrations.redis.connection import CONNECT_SECONDS, RedisThreads, check_prefix, eviction_policy
from wikipayam_async.outcomes import SendStatus

__all__ = ["RedisIdempotencyStore"]

T = TypeVar("T")

logger = logging.getLogger("wikipayam_async")

_CLAIM = """
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local old = redis.call('HMGET', KEYS[1], 'claim_id', 'status', 'kind', 'digest')
local free = old[2] == 'not_attempted' and old[3] == ARGV[1] and old[4] == ARGV[2]
local own = old[1] == ARGV[3] and old[2] == ''
if old[1] and not own and not free then
    return {string.format('%.6f', now), redis.call('HGETALL', KEYS[1])}
end
redis.call('HSET', KEYS[1], 'kind', ARGV[1], 'digest', ARGV[2], 'claim_id', ARGV[3], 'owner', ARGV[4],
    'track_id', ARGV[5], 'status', '', 'outcome', '', 'lease_end', string.format('%.6f', now + ARGV[6]),
    'claimed_at', string.format('%.6f', now), 'expires_at', string.format('%.6f', now + ARGV[6] + ARGV[7]))
redis.call('PEXPIRE', KEYS[1], math.ceil((ARGV[6] + ARGV[7]) * 1000))
return {string.format('%.6f', now), {}}
"""
_SETTLE = """
if redis.call('HGET', KEYS[1], 'claim_id') ~= ARGV[1] then
    return 0
end
local time = redis.call('TIME')
local expires = string.format('%.6f', time[1] + time[2] / 1000000 + ARGV[4])
redis.call('PEXPIRE', KEYS[1], math.ceil(ARGV[4] * 1000))
redis.call('HSET', KEYS[1], 'status', ARGV[2], 'outcome', ARGV[3], 'expires_at', expires)
return 1
"""
"""A server whose memory is full refuses `HSET`, unless the script has written already, as it has after `PEXPIRE`. So it takes
no new claim, but every outcome of a message that was claimed before."""
_READ = """
local time = redis.call('TIME')
return {string.format('%.6f', time[1] + time[2] / 1000000), redis.call('HGETALL', KEYS[1])}
"""


class RedisIdempotencyStore:
    """Idempotency keys in Redis, which the processes of many machines share.

    What a key promises is what Redis promises: with `appendonly yes` and `appendfsync always` it survives a crash; with
    `everysec` the keys of the last second may be lost; without an append-only file all of them may be. A failover loses
    what the replica does not have: see `replicas`. A lost key means that a repetition is sent. The first use warns at
    WARNING if there is no append-only file, and if Redis may evict keys.

    Each claim and each outcome is one script, by the clock of the server. Commands run in threads, so that the store
    works on asyncio and on trio.

    Args:
        server: The URL, such as `redis://:password@host:6379/0`, or a `redis.Redis` of your own, which is not closed.
        prefix: What the names of the keys in Redis begin with.
        keep_for: How long a key is kept, counted from the outcome of its message.
        secret: The key of the digests of receiver and text; None for none. Without one, whoever reads Redis can test
            guesses: whether a certain text was sent to a certain number.
        replicas: The number of replicas that must have a claim before the request leaves (`WAIT`).
        replica_timeout: Seconds to wait for them. If they do not answer, nothing is sent.

    Raises:
        ConfigurationError: An argument is invalid.
    """

    @without_frames
    def __init__(
        self,
        server: str | redis.Redis,
        *,
        prefix: str = "wikipayam:idempotency:",
        keep_for: timedelta = KEEP_FOR,
        secret: str | bytes | None = None,
        replicas: int = 0,
        replica_timeout: float = 1.0,
    ) -> None:
        if isinstance(replicas, bool) or not isinstance(replicas, int) or replicas < 0:
            raise ConfigurationError("replicas: expected a whole number of at least 0")
        self._keep_for = check_keep_for(keep_for)
        self._secret = check_secret(secret)
        self._prefix = check_prefix(prefix)
        self._threads = RedisThreads(server, timeout=CONNECT_SECONDS + replica_timeout)
        self._client = self._threads.client
        self._replicas = replicas
        self._wait_ms = math.ceil(replica_timeout * 1000)
        self._scripts = {text: self._client.register_script(text) for text in (_CLAIM, _SETTLE, _READ)}
        self._checking = threading.Lock()
        self._checked = False

    @property
    def keep_for(self) -> timedelta:
        """How long a key is kept."""
        return self._keep_for

    @property
    def secret(self) -> bytes:
        """The key of the digests; empty for none."""
        return self._secret.reveal()

    async def claim(self, claim: Claim) -> IdempotencyRecord | None:
        """Take a key; return the record that stands in the way, if there is one."""
        fields = (claim.kind, claim.digest, claim.claim_id, claim.owner, claim.track_id or "", claim.lease, claim.keep)

        def work() -> IdempotencyRecord | None:
            self._check_server()
            return _record_of(claim.key, self._write(_CLAIM, claim.key, fields, undo=claim))

        return await self._run(work)

    async def settle(self, settlement: Settlement) -> bool:
        """Write an outcome, if the key still has this claim."""
        values = (settlement.claim_id, settlement.status.value, settlement.outcome, settlement.keep)
        return await self._run(lambda: bool(self._write(_SETTLE, settlement.key, values)))

    async def read(self, key: str) -> IdempotencyRecord | None:
        """Return the record of a key."""
        check_key(key)
        return await self._run(lambda: _record_of(key, self._scripts[_READ](keys=[self._name(key)])))

    async def forget(self, key: str) -> bool:
        """Remove a key."""
        check_key(key)
        return await self._run(lambda: bool(self._client.delete(self._name(key))))

    async def purge(self) -> int:
        """Do nothing, and return 0: Redis removes expired keys by itself."""
        return 0

    async def aclose(self) -> None:
        """Close the connections, unless they are the caller's. A later call opens others."""
        await self._threads.aclose()

    def _name(self, key: str) -> str:
        return self._prefix + key

    def _write(self, script: str, key: str, values: Sequence[object], undo: Claim | None = None) -> Any:
        """Run a script, and wait for the replicas on the same connection, which `WAIT` needs."""
        if not self._replicas:
            return self._scripts[script](keys=[self._name(key)], args=values)
        with self._client.pipeline(transaction=False) as pipeline:
            self._scripts[script](keys=[self._name(key)], args=values, client=pipeline)
            pipeline.wait(self._replicas, self._wait_ms)
            result, reached = pipeline.execute()
        if reached < self._replicas:
            if undo is not None:
                back = (undo.claim_id, SendStatus.NOT_ATTEMPTED.value, "", undo.keep)
                self._scripts[_SETTLE](keys=[self._name(key)], args=back)
            raise IdempotencyStoreError(f"{self!r}: only {reached} of {self._replicas} replicas have the key")
        return result

    def _check_server(self) -> None:
        """Warn once about settings with which Redis loses keys."""
        with self._checking:
            if self._checked:
                return
            self._checked = True
        try:
            settings = self._client.info("persistence")
        except redis.ResponseError:  # not permitted
            return
        if not settings.get("aof_enabled"):
            logger.warning(
                "%r: Redis has no append-only file (appendonly no): after a restart it forgets keys, and a repetition is "
                "sent again",
                self,
            )
        policy = eviction_policy(self._client)
        if policy is not None:
            logger.warning("%r: Redis may evict keys (maxmemory-policy %s): set it to noeviction", self, policy)

    async def _run(self, work: Callable[[], T]) -> T:
        return await self._threads.run(
            work, lambda reason: IdempotencyStoreError(f"{self!r}: cannot be used: {reason}")
        )

    def __repr__(self) -> str:
        return f"RedisIdempotencyStore(prefix={self._prefix!r})"


@checked_record
def _record_of(key: str, answer: Sequence[Any]) -> IdempotencyRecord | None:
    """Return a record from the time of the server and the fields of its hash; None for none."""
    flat = [_text(value) for value in answer[1]]
    if not flat:
        return None
    fields = dict(zip(flat[::2], flat[1::2], strict=True))
    return IdempotencyRecord(
        key=key,
        kind=fields["kind"],
        digest=fields["digest"],
        claim_id=fields["claim_id"],
        owner=fields["owner"],
        track_id=fields["track_id"] or None,
        status=SendStatus(fields["status"]) if fields["status"] else None,
        outcome=fields["outcome"],
        lease_left=float(fields["lease_end"]) - float(_text(answer[0])),
        claimed_at=datetime.fromtimestamp(float(fields["claimed_at"]), UTC),
        expires_at=datetime.fromtimestamp(float(fields["expires_at"]), UTC),
    )


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value
