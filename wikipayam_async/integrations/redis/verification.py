"""One-time codes in Redis."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import redis
from attrs import fields
from redis.backoff import NoBackoff
from redis.retry import Retry

from wikipayam_async.checks import check_positive, without_frames
from wikipayam_async.idempotency.settings import check_secret
from wikipayam_async.integrations.redis import verification_scripts as scripts
from wikipayam_async.integrations.redis.connection import RedisThreads, check_prefix, eviction_policy
from wikipayam_async.outcomes import SendStatus
from wikipayam_async.verification import VerificationStoreError
from wikipayam_async.verification.errors import LimitScope
from wikipayam_async.verification.models import CheckStatus
from wikipayam_async.verification.store import (
    ChallengeRecord,
    ChallengeState,
    CheckAttempt,
    CheckOutcome,
    Quota,
    Refusal,
    SendIntent,
    SendOutcome,
    WrongTryWait,
)

__all__ = ["RedisStore"]

T = TypeVar("T")

logger = logging.getLogger("wikipayam_async")

_EXAMINED = 1000
_READERS: Mapping[str, Callable[[str], object]] = {
    "created_at": float,
    "expires_at": float,
    "forget_at": float,
    "max_tries": int,
    "wrong": int,
    "state": ChallengeState,
    "channel": int,
    "sends": int,
    "send_status": SendStatus,
    "resend_at": float,
    "fallback_at": float,
}
"""How the fields of a challenge are read that are no text."""
_FIELDS = [attribute.name for attribute in fields(ChallengeRecord)]


class RedisStore:
    """Challenges and counters in Redis or Valkey, which the processes of many machines share.

    Every step is one Lua script. Commands run in threads, so that the store works on asyncio and on trio, and a cancelled
    call leaves no connection behind. Keys expire by themselves.

    If Redis does not answer within `timeout`, or refuses to write because it is full, the call fails with a
    `VerificationStoreError`: nothing is sent, and no code is accepted. If Redis loses its data, open challenges are not
    found any more, and the counters of the limits begin at 0. So do not let it evict keys (`maxmemory-policy noeviction`;
    the first use warns otherwise), and do not flush it.

    A challenge is kept with its receiver and the address that started it until it is forgotten; counters have digests of
    them. There is no code and no secret in Redis.

    Args:
        server: The URL, such as `redis://:password@host:6379/0`, or a `redis.Redis` of your own, which is not closed. One of
            your own has its own time-outs, and should not retry.
        prefix: What the names of the keys in Redis begin with. Two apps on one server need two.
        secret: The key of the digests in the names of counters; None for none. Without one, whoever reads Redis can test
            which numbers had a code within the last day.
        timeout: Seconds to wait for Redis: to connect, and for an answer. Shorter than the verifier's `store_timeout`, so that
            the error says what failed.

    Raises:
        ConfigurationError: An argument is invalid.
    """

    @without_frames
    def __init__(
        self,
        server: str | redis.Redis,
        *,
        prefix: str = "wikipayam:verification:",
        secret: str | bytes | None = None,
        timeout: float = 2.0,
    ) -> None:
        check_positive("timeout", timeout)
        self._prefix = check_prefix(prefix)
        self._secret = check_secret(secret)
        self._timeout = timeout
        # Not retried: a check whose answer was lost may have used up the code.
        options: dict[str, object] = {"socket_connect_timeout": timeout, "retry": Retry(NoBackoff(), 0)}
        self._threads = RedisThreads(server, timeout=timeout, **options)
        self._scripts: dict[str, Any] = {}
        self._checked = False

    async def start(
        self, record: ChallengeRecord, *, quotas: Sequence[Quota], waits: Sequence[WrongTryWait], now: float
    ) -> Refusal | None:
        """Create a challenge, if every limit allows it."""
        subject = self._digest(f"{record.purpose}/{record.receiver}")
        written = [*_pairs_of(record), "subject", subject]
        answer = await self._run(
            scripts.START,
            [self._challenge(record.id), self._wrong + subject, self._due, *self._counters(quotas)],
            [now, record.id, record.forget_at - now, len(waits), len(written) // 2]
            + [value for wait in waits for value in (wait.tries, wait.seconds)]
            + [*written, *_limits_of(quotas)],
        )
        return None if answer is None else _refusal_of(answer, quotas)

    async def find(self, id: str, *, now: float) -> ChallengeRecord | None:  # noqa: A002 - a challenge's field
        """Return a challenge, open or not; None if it is unknown or forgotten."""
        record = _record_of(await self._run(scripts.FIND, [self._challenge(id)], [now]))
        return None if record is None or now >= record.forget_at else record

    async def begin_send(self, intent: SendIntent, *, now: float) -> ChallengeRecord | Refusal | None:
        """Record that the code is about to be sent again, before the request leaves."""
        answer = await self._run(
            scripts.BEGIN_SEND,
            [self._challenge(intent.id), self._due, *self._counters(intent.quotas)],
            [now, intent.id, intent.sends, intent.channel, intent.resend_at, *_limits_of(intent.quotas)],
        )
        if answer is None:
            return None
        return _record_of(answer[1]) if answer[0] == -1 else _refusal_of(answer, intent.quotas)

    async def end_send(self, outcome: SendOutcome, *, now: float) -> bool:
        """Write the outcome of a send, unless a later one was begun."""
        values = [outcome.send_status.value, outcome.message_id, outcome.resend_at, outcome.fallback_at]
        keys = [self._challenge(outcome.id), self._due]
        return bool(await self._run(scripts.END_SEND, keys, [now, outcome.id, outcome.sends, *values]))

    async def check(self, attempt: CheckAttempt, *, now: float) -> CheckOutcome:
        """Count an entered code, and use up the challenge if it is right."""
        values = [now, attempt.id, attempt.purpose, int(attempt.right), attempt.forget_wrong_after, self._wrong]
        status, wrong, in_a_row = await self._run(scripts.CHECK, [self._challenge(attempt.id), self._due], values)
        return CheckOutcome(status=CheckStatus(_text(status)), wrong=wrong, wrong_in_a_row=in_a_row)

    async def cancel(self, id: str, *, now: float, refunds: Sequence[str] = ()) -> bool:  # noqa: A002 - as above
        """Close an open challenge, and give counters 1 back."""
        keys = [self._challenge(id), self._due, *(self._counter(key) for key in refunds)]
        return bool(await self._run(scripts.CANCEL, keys, [now, id]))

    async def claim_due(self, *, now: float, limit: int, lease: float) -> Sequence[ChallengeRecord]:
        """Take the challenges whose next channel is due, oldest first, so that no other process takes them too."""
        values = [now, limit, now + lease, self._challenge(""), max(limit, _EXAMINED)]
        found = await self._run(scripts.CLAIM_DUE, [self._due], values)
        return [record for record in map(_record_of, found) if record is not None]

    async def purge(self, *, now: float) -> int:  # noqa: ARG002 - the protocol's
        """Do nothing, and return 0: Redis removes what is forgotten by itself."""
        return 0

    async def aclose(self) -> None:
        """Close the connections, unless they are the caller's. A later call opens others."""
        await self._threads.aclose()

    @property
    def _due(self) -> str:
        return self._prefix + "due"

    @property
    def _wrong(self) -> str:
        return self._prefix + "wrong:"

    def _challenge(self, challenge_id: str) -> str:
        return f"{self._prefix}challenge:{challenge_id}"

    def _counter(self, key: str) -> str:
        return f"{self._prefix}counter:{self._digest(key)}"

    def _counters(self, quotas: Sequence[Quota]) -> list[str]:
        return [self._counter(quota.key) for quota in quotas]

    def _digest(self, text: str) -> str:
        return hashlib.blake2b(text.encode(), digest_size=16, key=self._secret.reveal()[:64]).hexdigest()

    async def _run(self, text: str, keys: Sequence[str], values: Sequence[object]) -> Any:
        sent = ["" if value is None else value for value in values]

        def work() -> Any:
            self._check_server()
            script = self._scripts.get(text)
            if script is None:
                script = self._scripts[text] = self._threads.client.register_script(text)
            return script(keys=keys, args=sent)

        return await self._threads.run(work, self._failed)

    def _failed(self, reason: str) -> VerificationStoreError:
        return VerificationStoreError(f"{self!r}: cannot be used: {reason}")

    def _check_server(self) -> None:
        """Warn once if Redis may evict keys."""
        if self._checked:
            return
        self._checked = True
        policy = eviction_policy(self._threads.client)
        if policy is not None:
            logger.warning(
                "%r: Redis may evict keys (maxmemory-policy %s), and with them the limits of one-time codes: set it to "
                "noeviction",
                self,
                policy,
            )

    def __repr__(self) -> str:
        return f"RedisStore(prefix={self._prefix!r})"


def _pairs_of(record: ChallengeRecord) -> list[object]:
    """Return the names and values of a record's fields, as Redis keeps them."""
    return [part for name in _FIELDS for part in (name, _plain(getattr(record, name)))]


def _plain(value: object) -> object:
    if isinstance(value, ChallengeState | SendStatus):
        return value.value
    return "" if value is None else value


def _limits_of(quotas: Sequence[Quota]) -> list[object]:
    return [value for quota in quotas for value in (quota.limit, quota.period)]


def _refusal_of(answer: Sequence[Any], quotas: Sequence[Quota]) -> Refusal:
    """Return a refusal from the number of a counter, 0 for the wrong codes, and the wait."""
    scope = quotas[answer[0] - 1].scope if answer[0] else LimitScope.PURPOSE
    return Refusal(scope=scope, retry_after=float(_text(answer[1])))


def _record_of(flat: Sequence[str | bytes]) -> ChallengeRecord | None:
    """Return a record from the fields of its hash; None for none."""
    texts = [_text(value) for value in flat]
    found = dict(zip(texts[::2], texts[1::2], strict=True))
    if not found:
        return None
    values: dict[str, Any] = {name: _READERS.get(name, str)(found[name]) if found[name] else None for name in _FIELDS}
    return ChallengeRecord(**values)


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value
