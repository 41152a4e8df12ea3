"""The verifier: one-time codes from the first message to the check."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, ClassVar, Self

import anyio
from anyio.abc import TaskGroup

from wikipayam_async.checks import check_seconds
from wikipayam_async.errors import ClosedError
from wikipayam_async.misuse import AsyncOnly
from wikipayam_async.redact.sealed import Sealed
from wikipayam_async.verification.channels import VerificationChannel
from wikipayam_async.verification.codes import CodeKeys, matches, normalize_code
from wikipayam_async.verification.errors import ChallengeClosedError, LimitScope, VerificationLimitError
from wikipayam_async.verification.events import CodeChecked, VerificationHook
from wikipayam_async.verification.fallback import Fallback
from wikipayam_async.verification.guard import StoreGuard
from wikipayam_async.verification.limits import DAY, VerificationLimits
from wikipayam_async.verification.models import Challenge, CheckResult, CheckStatus
from wikipayam_async.verification.proof import NumberProofs
from wikipayam_async.verification.reporting import Reporter
from wikipayam_async.verification.results import challenge_of, limit_error, result_of
from wikipayam_async.verification.sending import CodeSender, subject_of
from wikipayam_async.verification.settings import RandomBytes, VerifierSettings
from wikipayam_async.verification.store import (
    ChallengeRecord,
    CheckAttempt,
    CheckOutcome,
    Quota,
    Refusal,
    VerificationStore,
)
from wikipayam_async.verification.subjects import IRAN, Subject, check_purpose, make_subject, network_of

if TYPE_CHECKING:
    from wikipayam_async.client import AsyncWikipayam

__all__ = ["Verifier"]

_ID_BYTES = 16
_KEEP = 600.0
"""Seconds after its expiry for which a challenge is kept, so that a late entry is told why."""
_NOT_FOUND = CheckOutcome(status=CheckStatus.NOT_FOUND)
_is_id = re.compile(r"[0-9a-f]{32}").fullmatch


def _names_challenge(challenge_id: object) -> bool:
    return isinstance(challenge_id, str) and _is_id(challenge_id) is not None


class Verifier(AsyncOnly):
    """Sends one-time codes and checks what users enter.

    ::

        verifier = Verifier(client, MemoryStore(), secret=key, channels=[SmsChannel(otp_pattern_id=13), VoiceChannel()])
        async with verifier:  # for the automatic fall-back
            challenge = await verifier.start("09123456789", purpose="login", ip="203.0.113.7")
            ...
            result = await verifier.check(challenge.id, entered, purpose="login")
            if result:
                log_in(result.receiver)

    No code is stored: it is derived from the secret and the challenge's random id, so every message of a challenge has the
    same code, and a copy of the store reveals none. If a message's outcome is unknown, the challenge is valid, and is not
    sent again by itself on that channel.

    If the store cannot be reached, nothing is sent and no code is accepted (`VerificationStoreError`).

    `async with verifier` runs the automatic fall-back in a task of its own, `await verifier.run()` in yours. Without
    either, everything else works, and users ask for the next channel by `resend`. It may run in every process: with a
    shared store, each challenge is claimed by one.

    Args:
        client: The client that sends. It must be open while the verifier is used.
        store: Keeps challenges and counters: `MemoryStore()` for one process, or a store that several share.
        secret: A secret of at least 32 bytes, such as `secrets.token_hex(32)`, from your configuration; the same in all
            processes. To replace it, pass a list: the first derives new codes, all check. Put a new one last, deploy, put
            it first, deploy, and remove the old one after `lifetime`.
        channels: The channels in the order in which they are tried, each for the first time.
        limits: The limits.
        code_length: The number of digits: 6 to 10.
        lifetime: Seconds for which a code is valid; at most 600.
        fallback_after: Seconds after which the next channel is used, if no delivery is confirmed; None for never.
        destinations: The countries that may be sent to: `IR` and calling codes such as `+971`.
        on_event: Called with every event (`wikipayam_async.verification.VerificationEvent`); returns at once.
        store_timeout: Seconds that a call of the store may take.
        clock: Returns the time in seconds; the same time in all processes.
        random_bytes: Returns the given number of unpredictable bytes.
        sleep: Sleeps between two looks at what is due.

    Raises:
        ConfigurationError: An argument is invalid.
    """

    _usage: ClassVar[str] = "a verifier is entered with async with: async with verifier: ..."

    def __init__(
        self,
        client: AsyncWikipayam,
        store: VerificationStore,
        *,
        secret: str | bytes | Iterable[str | bytes],
        channels: Sequence[VerificationChannel],
        limits: VerificationLimits = VerificationLimits(),  # noqa: B008 - immutable
        code_length: int = 6,
        lifetime: float = 120.0,
        fallback_after: float | None = 30.0,
        destinations: Iterable[str] = (IRAN,),
        on_event: VerificationHook | None = None,
        store_timeout: float = 5.0,
        clock: Callable[[], float] = time.time,
        random_bytes: RandomBytes = secrets.token_bytes,
        sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
    ) -> None:
        self._settings = VerifierSettings(
            channels=channels,
            limits=limits,
            code_length=code_length,
            lifetime=lifetime,
            fallback_after=fallback_after,
            destinations=destinations,
            store_timeout=store_timeout,
        )
        self._keys = CodeKeys(secret, length=self._settings.code_length)
        del secret
        self._proofs = NumberProofs(self._keys.secrets_for("proof"), clock=clock)
        self._guard = StoreGuard(store, timeout=self._settings.store_timeout)
        self._reporter = Reporter(on_event, self._keys)
        self._sender = CodeSender(client, self._keys, self._guard, self._reporter, self._settings, clock)
        self._fallback = Fallback(client, self._guard, self._sender, self._settings, clock, sleep)
        self._clock = clock
        self._random_bytes = random_bytes
        self._group: TaskGroup | None = None

    @property
    def proofs(self) -> NumberProofs:
        """Signs and checks proofs that a number was verified, with keys of their own from the verifier's secrets.

        They are valid for 10 minutes. For another lifetime, or other secrets, make a `NumberProofs` of your own.
        """
        return self._proofs

    async def start(self, receiver: str, *, purpose: str, ip: str | None = None) -> Challenge:
        """Send a code to a receiver by the first channel.

        A challenge of its own is created: those that the receiver has already stay valid, whoever started them. The answer
        and its time do not depend on who the receiver is; look up the user after the check, not before.

        Args:
            receiver: The mobile number, in any common format.
            purpose: What the code is for, such as `login`: 1 to 64 letters, digits, `_`, `.`, `:` or `-`. A code for one
                purpose is not accepted for another.
            ip: The address of the user, for the limit by address; None if it is unknown. Behind a proxy, see that it is
                the user's and that he cannot choose it.

        Returns:
            The challenge. With the `send_status` `UNKNOWN`, its code may or may not arrive.

        Raises:
            InvalidInputError: An argument is invalid, or the destination is not allowed; nothing was sent.
            VerificationLimitError: A limit is reached; nothing was sent.
            VerificationStoreError: The store cannot be reached; nothing was sent.
            APIStatusError: The gateway refused the code.
            APIConnectionError: The code did not reach the gateway.
        """
        try:
            subject = make_subject(receiver, purpose=purpose, ip=ip, destinations=self._settings.destinations)
        finally:
            del receiver  # a traceback with locals shows the subject masked
        record = self._new_record(subject)
        quotas = [*self._settings.limits.quotas_of_start(subject), *self._sender.quotas(subject, record.channel)]
        refusal = await self._create(record, quotas)
        if refusal is not None:
            self._sender.report_limit(subject, refusal)
            raise limit_error("start: not sent", refusal)
        sent = await self._sender.send_first(record, subject, quotas)
        if sent.error is not None:
            raise sent.error
        return self._challenge(sent.record)

    async def resend(self, challenge_id: str, *, ip: str | None = None) -> Challenge:
        """Send the same code again, by the next channel; after the last channel, by the last one again.

        Args:
            challenge_id: The id of the challenge.
            ip: The address of the user; see `start`.

        Returns:
            The challenge, which expires when it would have before.

        Raises:
            InvalidInputError: The address is invalid; nothing was sent.
            ChallengeClosedError: The challenge is over, unknown, or was sent as often as it may be; nothing was sent.
            VerificationLimitError: It is too early, or a limit is reached; nothing was sent.
            VerificationStoreError: The store cannot be reached; nothing was sent.
            APIStatusError: The gateway refused the code. What was sent before is valid.
            APIConnectionError: The code did not reach the gateway. What was sent before is valid.
        """
        if ip is not None:
            network_of(ip)
        record = await self._find(challenge_id)
        del challenge_id
        record = self._require_open(record)
        subject = subject_of(record, self._settings.destinations, ip)
        self._require_resendable(record, subject)
        sent = await self._sender.send_again(record, subject, automatic=False)
        if isinstance(sent, Refusal):
            raise limit_error("resend: not sent", sent)
        if sent is None:  # another call was first
            later = self._require_open(await self._find(record.id))
            self._require_resendable(later, subject)
            raise self._too_early(later, subject)
        if sent.error is not None:
            raise sent.error
        return self._challenge(sent.record)

    async def check(self, challenge_id: str, code: str, *, purpose: str) -> CheckResult:
        """Check the code that a user entered. A right one is accepted once.

        Digits may be of any script, with spaces and hyphens. Everything that is not the code counts as a wrong one.

        Args:
            challenge_id: The id of the challenge.
            code: The code, as it was entered.
            purpose: What the code is for; the same as for `start`.

        Raises:
            InvalidInputError: The purpose is invalid.
            VerificationStoreError: The store cannot be reached; no code is accepted.
        """
        entered = Sealed(normalize_code(code))
        del code  # keep it out of tracebacks that show locals
        purpose = check_purpose(purpose)
        if not _names_challenge(challenge_id):
            return self._checked(None, purpose, _NOT_FOUND)
        record = await self._find(challenge_id)
        if record is not None and not self._keys.knows(record.key_id):
            return self._checked(None, purpose, _NOT_FOUND)
        # Without a record, the store is asked all the same: the answer takes as long.
        attempt = CheckAttempt(
            id=challenge_id,
            purpose=purpose,
            right=record is not None and matches(entered.reveal(), self._code_of(record)),
            forget_wrong_after=DAY,
        )
        del challenge_id
        outcome = await self._guard(self._guard.store.check(attempt, now=self._clock()))
        return self._checked(record, purpose, outcome)

    async def cancel(self, challenge_id: str) -> bool:
        """Close a challenge: its code is not accepted any more. What was counted for it stays counted.

        Args:
            challenge_id: The id of the challenge.

        Returns:
            Whether it was open.

        Raises:
            VerificationStoreError: The store cannot be reached.
        """
        if not _names_challenge(challenge_id):
            return False
        return await self._guard(self._guard.store.cancel(challenge_id, now=self._clock()))

    async def run(self, *, poll_interval: float = 1.0) -> None:
        """Run the automatic fall-back until cancelled; `async with verifier` does so in a task of its own.

        Every `poll_interval` it takes the challenges that are due, up to 100 in a step, looks up their deliveries in one
        request, and uses the next channel for those that are not confirmed. A step that is cancelled may have sent a
        message, whose outcome is recorded.

        Args:
            poll_interval: Seconds between two looks at the store.

        Raises:
            InvalidInputError: `poll_interval` is invalid.
        """
        check_seconds("poll_interval", poll_interval)
        await self._fallback.run(poll_interval)

    async def run_once(self) -> int:
        """Make one step of the fall-back, for tests and for programs with a scheduler of their own.

        Returns:
            The number of challenges that were due.

        Raises:
            VerificationStoreError: The store cannot be reached.
        """
        return await self._fallback.step()

    async def __aenter__(self) -> Self:
        if self._group is not None:
            raise ClosedError("the verifier is entered already; enter it once per process, or call run() yourself")
        group = anyio.create_task_group()
        await group.__aenter__()
        self._group = group
        group.start_soon(self.run)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        group, self._group = self._group, None
        if group is None:
            return None
        group.cancel_scope.cancel()
        return await group.__aexit__(kind, error, trace)

    def __repr__(self) -> str:
        channels = ", ".join(channel.name for channel in self._settings.channels)
        return f"Verifier({channels}; {self._guard.store!r})"

    def _new_record(self, subject: Subject) -> ChallengeRecord:
        now = self._clock()
        expires_at = now + self._settings.lifetime
        return ChallengeRecord(
            id=self._random_bytes(_ID_BYTES).hex(),
            receiver=subject.receiver,
            purpose=subject.purpose,
            key_id=self._keys.newest,
            ip=subject.ip,
            created_at=now,
            expires_at=expires_at,
            forget_at=expires_at + _KEEP,
            max_tries=self._settings.limits.tries_per_challenge,
            resend_at=now + self._settings.limits.resend_interval,
        )

    async def _create(self, record: ChallengeRecord, quotas: list[Quota]) -> Refusal | None:
        store, waits = self._guard.store, self._settings.limits.waits
        try:
            return await self._guard(store.start(record, quotas=quotas, waits=waits, now=record.created_at))
        except anyio.get_cancelled_exc_class():
            # It may exist. Nothing was sent, and nobody has its id.
            refunds = [quota.key for quota in quotas if quota.scope is not LimitScope.IP]
            await self._guard.finish(store.cancel(record.id, now=self._clock(), refunds=refunds))
            raise

    async def _find(self, challenge_id: str) -> ChallengeRecord | None:
        if not _names_challenge(challenge_id):
            return None
        return await self._guard(self._guard.store.find(challenge_id, now=self._clock()))

    def _require_open(self, record: ChallengeRecord | None) -> ChallengeRecord:
        status = CheckStatus.NOT_FOUND if record is None else record.status_at(self._clock())
        if record is not None and status is None and not self._keys.knows(record.key_id):
            status = CheckStatus.EXPIRED
        if record is None or status is not None:
            raise ChallengeClosedError(
                f"resend: not sent, because the challenge is over or unknown ({status}); start another one",
                status=status,
            )
        return record

    def _require_resendable(self, record: ChallengeRecord, subject: Subject) -> None:
        if not self._sender.can_send(record):
            raise ChallengeClosedError(
                f"resend: not sent, because the code was sent {record.sends} times, as often as it may be; start another one"
            )
        if self._clock() < record.resend_at:
            raise self._too_early(record, subject)

    def _too_early(self, record: ChallengeRecord, subject: Subject) -> VerificationLimitError:
        left = max(record.resend_at - self._clock(), 1.0)
        refusal = Refusal(scope=LimitScope.RECEIVER, retry_after=left)
        self._sender.report_limit(subject, refusal, challenge=record.id)
        return limit_error("resend: not sent", refusal)

    def _code_of(self, record: ChallengeRecord) -> str:
        return self._keys.derive(record.key_id, challenge=record.id, receiver=record.receiver, purpose=record.purpose)

    def _challenge(self, record: ChallengeRecord) -> Challenge:
        return challenge_of(record, self._settings, now=self._clock())

    def _checked(self, record: ChallengeRecord | None, purpose: str, outcome: CheckOutcome) -> CheckResult:
        """Return the result of a check, and report it."""
        known = None if outcome.status is CheckStatus.NOT_FOUND else record
        result = result_of(known, outcome, self._settings.limits)
        if known is None:
            subject = Subject(receiver="", purpose=purpose, destination="")
        else:
            subject = subject_of(known, self._settings.destinations)
        self._reporter.report(
            CodeChecked(
                subject=self._reporter.subject(subject, known.id if known else ""),
                status=result.status,
                attempts_left=result.attempts_left,
                wrong_in_a_row=outcome.wrong_in_a_row,
            )
        )
        return result
