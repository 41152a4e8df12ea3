"""One message of a challenge: through a channel, with its outcome written to the store whatever happens."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from attrs import evolve, field, frozen

from wikipayam_async.bulk.interruption import report_from
from wikipayam_async.errors import WikipayamError
from wikipayam_async.outcomes import SendStatus
from wikipayam_async.redact.masks import mask_text
from wikipayam_async.verification.channels import CodeMessage
from wikipayam_async.verification.codes import CodeKeys
from wikipayam_async.verification.errors import LimitScope
from wikipayam_async.verification.events import CodeSent, LimitReached
from wikipayam_async.verification.guard import StoreGuard
from wikipayam_async.verification.reporting import Reporter
from wikipayam_async.verification.settings import SHORTEST_REST, VerifierSettings
from wikipayam_async.verification.store import ChallengeRecord, Quota, Refusal, SendIntent, SendOutcome
from wikipayam_async.verification.subjects import IRAN, Subject, network_of

if TYPE_CHECKING:
    from wikipayam_async.client import AsyncWikipayam

__all__ = ["CodeSender", "SentCode", "subject_of"]

_SAFE = {SendStatus.REJECTED, SendStatus.NOT_ATTEMPTED}
_ID_CHARACTERS = 16


@frozen(kw_only=True)
class SentCode:
    """The outcome of one message.

    Attributes:
        record: The challenge after it.
        error: The error of a message that was certainly not sent, for the caller; None otherwise.
    """

    record: ChallengeRecord
    error: Exception | None = field(default=None, repr=mask_text)


@frozen(kw_only=True)
class _Sent:
    status: SendStatus
    message_id: str | None = None
    error: Exception | None = field(default=None, repr=mask_text)

    @property
    def refusal(self) -> Exception | None:
        """The error, if the message was certainly not sent."""
        return self.error if self.status in _SAFE else None


def subject_of(record: ChallengeRecord, destinations: tuple[str, ...], ip: str | None = None) -> Subject:
    """Return whom a stored challenge is for.

    Args:
        record: The challenge.
        destinations: The allowed destinations, the longest first.
        ip: The address that asks now; that of the start if None.
    """
    fits = (one for one in destinations if record.receiver.startswith(one))
    destination = next(fits, IRAN)
    asking = ip or record.ip
    network = None if asking is None else network_of(asking)
    return Subject(
        receiver=record.receiver, purpose=record.purpose, destination=destination, ip=asking, network=network
    )


class CodeSender:
    """Sends codes.

    Args:
        client: The client.
        keys: The secrets of the codes.
        store: The store.
        reporter: Reports every message.
        settings: The settings of the verifier.
        clock: Returns the time in seconds.
    """

    def __init__(
        self,
        client: AsyncWikipayam,
        keys: CodeKeys,
        store: StoreGuard,
        reporter: Reporter,
        settings: VerifierSettings,
        clock: Callable[[], float],
    ) -> None:
        self._client = client
        self._keys = keys
        self._guard = store
        self._reporter = reporter
        self._settings = settings
        self._clock = clock

    def knows(self, record: ChallengeRecord) -> bool:
        """Return whether the settings have what a challenge was made with: its secret and its channel."""
        return self._keys.knows(record.key_id) and record.channel < len(self._settings.channels)

    def can_send(self, record: ChallengeRecord) -> bool:
        """Return whether a challenge may be sent once more: it is known, and a send is left."""
        return self.knows(record) and record.sends < self._settings.limits.sends_per_challenge

    def next_channel(self, record: ChallengeRecord) -> int:
        """Return the index of the channel after the one that was used last; the last channel follows itself."""
        return min(record.channel + 1, len(self._settings.channels) - 1)

    def quotas(self, subject: Subject, channel: int) -> list[Quota]:
        """Return what a message on a channel counts against."""
        return self._settings.limits.quotas_of_send(subject, call=self._settings.channels[channel].is_call)

    async def send_first(self, record: ChallengeRecord, subject: Subject, quotas: list[Quota]) -> SentCode:
        """Send the first message of a challenge that was just created.

        If it was certainly not sent, the challenge is closed and what was counted for it given back, except to the
        address: a failing gateway must not let anybody repeat requests at will. If the call is cancelled, nobody has the
        id of the challenge, so it is closed, too.
        """
        refunds = [quota.key for quota in quotas if quota.scope is not LimitScope.IP]
        try:
            sent = await self._send(record)
        except BaseException as interruption:
            safe = _known_of(interruption).status in _SAFE
            store = self._guard.store
            await self._guard.finish(store.cancel(record.id, now=self._clock(), refunds=refunds if safe else ()))
            raise
        self._report(record, subject, sent, automatic=False)
        if sent.refusal is not None:
            await self._guard.finish(self._guard.store.cancel(record.id, now=self._clock(), refunds=refunds))
            return SentCode(record=record, error=sent.refusal)
        return SentCode(record=await self._settle(record, sent))

    async def send_again(
        self, record: ChallengeRecord, subject: Subject, *, automatic: bool
    ) -> SentCode | Refusal | None:
        """Send the code once more, by the next channel.

        Returns:
            The outcome; the limit that forbids it; or None if the challenge was closed or sent by somebody else meanwhile.
        """
        channel, now = self.next_channel(record), self._clock()
        intent = SendIntent(
            id=record.id,
            sends=record.sends,
            channel=channel,
            resend_at=now + self._settings.limits.resend_interval,
            quotas=self.quotas(subject, channel),
        )
        begun = await self._guard(self._guard.store.begin_send(intent, now=now))
        if isinstance(begun, Refusal):
            self.report_limit(subject, begun, challenge=record.id, automatic=automatic)
            return begun
        if begun is None:
            return None
        try:
            sent = await self._send(begun)
        except BaseException as interruption:
            outcome = self._outcome(begun, _known_of(interruption))
            await self._guard.finish(self._guard.store.end_send(outcome, now=self._clock()))
            raise
        self._report(begun, subject, sent, automatic=automatic)
        return SentCode(record=await self._settle(begun, sent), error=sent.refusal)

    def report_limit(self, subject: Subject, refusal: Refusal, *, challenge: str = "", automatic: bool = False) -> None:
        """Report that a limit is reached."""
        self._reporter.report(
            LimitReached(
                subject=self._reporter.subject(subject, challenge),
                scope=refusal.scope,
                retry_after=refusal.retry_after,
                automatic=automatic,
            )
        )

    async def _send(self, record: ChallengeRecord) -> _Sent:
        channel = self._settings.channels[record.channel]
        message = CodeMessage(
            receiver=record.receiver,
            code=self._keys.derive(
                record.key_id, challenge=record.id, receiver=record.receiver, purpose=record.purpose
            ),
            track_id=f"otp-{record.id[:_ID_CHARACTERS]}-{record.sends}",
            abroad=record.receiver.startswith("+"),
        )
        try:
            return _Sent(status=SendStatus.ACCEPTED, message_id=await channel.send(self._client, message))
        except WikipayamError as error:
            status = error.send_status or SendStatus.UNKNOWN
            return _Sent(status=status, error=error)
        except Exception as error:  # noqa: BLE001 - a channel of the caller's own; the code may have been sent
            return _Sent(status=SendStatus.UNKNOWN, error=error)

    async def _settle(self, record: ChallengeRecord, sent: _Sent) -> ChallengeRecord:
        """Write the outcome of a message; return the record with it. The message was sent, so no failure is raised."""
        outcome = self._outcome(record, sent)
        await self._guard.finish(self._guard.store.end_send(outcome, now=self._clock()))
        return evolve(
            record,
            send_status=outcome.send_status,
            message_id=outcome.message_id,
            resend_at=outcome.resend_at,
            fallback_at=outcome.fallback_at,
        )

    def _outcome(self, record: ChallengeRecord, sent: _Sent) -> SendOutcome:
        now = self._clock()
        failed = sent.status in _SAFE
        return SendOutcome(
            id=record.id,
            sends=record.sends,
            send_status=sent.status,
            message_id=sent.message_id,
            resend_at=now if failed else record.resend_at,
            fallback_at=self._fallback_at(record, 0.0 if failed else self._settings.fallback_after),
        )

    def _fallback_at(self, record: ChallengeRecord, after: float | None) -> float | None:
        """Return when the next channel is due; None without a next channel, or if the code would be too old by then."""
        has_next = (
            self.next_channel(record) != record.channel and record.sends < self._settings.limits.sends_per_challenge
        )
        if after is None or self._settings.fallback_after is None or not has_next:
            return None
        due = self._clock() + after
        return due if due + SHORTEST_REST <= record.expires_at else None

    def _report(self, record: ChallengeRecord, subject: Subject, sent: _Sent, *, automatic: bool) -> None:
        self._reporter.report(
            CodeSent(
                subject=self._reporter.subject(subject, record.id),
                channel=self._settings.channels[record.channel].name,
                number=record.sends,
                automatic=automatic,
                send_status=sent.status,
                failure=None if sent.error is None else type(sent.error).__name__,
            )
        )


def _known_of(interruption: BaseException) -> _Sent:
    """Return what a cancelled send says of its message."""
    report = report_from(interruption)
    if report is None or not report.results:
        return _Sent(status=SendStatus.UNKNOWN)
    return _Sent(status=report.results[0].status, message_id=report.results[0].id)
