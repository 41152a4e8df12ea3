"""`wikipayam verify`: try a one-time code from its sending to its check."""

from __future__ import annotations

import math
import secrets
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated

from attrs import frozen
from cyclopts import Parameter

from wikipayam_async.cli.exits import Exit
from wikipayam_async.cli.output import Output
from wikipayam_async.cli.prompts import confirm, read_line
from wikipayam_async.cli.session import GatewayOptions, Session, guarded, online
from wikipayam_async.cli.settings import Settings, read_settings
from wikipayam_async.cli.values import WholeNumber
from wikipayam_async.numbers import normalize_receiver
from wikipayam_async.outcomes import SendStatus
from wikipayam_async.redact.masks import mask_number

if TYPE_CHECKING:
    from wikipayam_async.verification import Challenge, MemoryStore, Verifier

__all__ = ["verify"]

_PURPOSE = "command-line"


def verify(
    receiver: str,
    /,
    *,
    pattern: WholeNumber | None = None,
    yes: Annotated[bool, Parameter(negative="")] = False,
    connection: GatewayOptions = GatewayOptions(),
) -> Exit:
    """Send a one-time code to a number, and check what you type: a trial of the login of your service.

    The code is generated, and never shown. An empty line asks for the same code in a voice call. The exit code is 0 if the
    code was right, and 1 if the number was not verified.

    Args:
        receiver: The mobile number, in any usual form.
        pattern: The id of the pattern in the panel; without one the code is read out in a voice call.
        yes: Send without asking.
        connection: How to reach the gateway.
    """
    out = Output(json=connection.json)

    def run() -> Exit:
        from wikipayam_async.verification import MemoryStore  # noqa: PLC0415 - loads the client

        number = normalize_receiver(receiver)
        way = "by voice call" if pattern is None else "by SMS"
        if not yes and not confirm(f"Send a code {way} to {mask_number(number)}", out, instead="--yes"):
            out.warn("nothing was sent")
            return Exit.REJECTED
        settings = read_settings(connection.env_file)
        if settings.ignored:
            out.warn(settings.ignored)
        trial = _Trial(connection, settings, out, MemoryStore(), secrets.token_bytes(32), pattern)
        return trial.run(number)

    return guarded(out, run)


@frozen
class _Trial:
    """The steps of a trial. Input is read between them, outside the event loop, where Ctrl-C interrupts the read."""

    connection: GatewayOptions
    settings: Settings
    out: Output
    store: MemoryStore
    secret: bytes
    pattern: int | None

    def run(self, number: str) -> Exit:
        """Send a code, and check what is typed until it is right or no longer accepted."""
        sent: list[Challenge] = []
        results: list[Exit] = []
        ended = self._step(lambda verifier: self._send(sent, verifier.start(number, purpose=_PURPOSE)))
        while ended is Exit.OK and not results:
            typed = read_line("Code (an empty line for a voice call)", self.out)
            if typed is None:
                return self._end("not verified: no code was typed", "not_checked", Exit.REJECTED)
            ended = self._answer(typed, sent, results)
        return results[0] if results else ended

    def _answer(self, typed: str, sent: list[Challenge], results: list[Exit]) -> Exit:
        """Check what was typed, or send the code again."""
        challenge = sent[-1].id
        if typed:
            return self._step(lambda verifier: self._check(results, verifier, challenge, typed))
        return self._step(lambda verifier: self._send_again(sent, verifier.resend(challenge)))

    def _step(self, work: Callable[[Verifier], Awaitable[None]]) -> Exit:
        """Do something with a verifier of its own, on the store of the trial."""

        async def with_verifier(session: Session) -> None:
            from wikipayam_async import verification  # noqa: PLC0415 - as above

            channels: list[verification.VerificationChannel] = [verification.VoiceChannel()]
            if self.pattern is not None:
                channels.insert(0, verification.SmsChannel(otp_pattern_id=self.pattern))
            limits = verification.VerificationLimits(resend_interval=0)  # a person is there, and pays for it
            await work(
                verification.Verifier(session.client, self.store, secret=self.secret, channels=channels, limits=limits)
            )

        return online(self.connection, with_verifier, settings=self.settings)

    async def _send(self, sent: list[Challenge], sending: Awaitable[Challenge]) -> None:
        challenge = await sending
        sent.append(challenge)
        doubt = "" if challenge.send_status is SendStatus.ACCEPTED else "; its outcome is unknown, and it may arrive"
        way = "voice call" if challenge.channel == "voice" else "SMS"
        self.out.warn(f"sent by {way}{doubt}: the code is valid for {challenge.expires_in:.0f} s")

    async def _send_again(self, sent: list[Challenge], sending: Awaitable[Challenge]) -> None:
        """Send the code again, if it may be; otherwise say why not."""
        from wikipayam_async.verification import ChallengeClosedError, VerificationLimitError  # noqa: PLC0415 - as above

        try:
            await self._send(sent, sending)
        except (ChallengeClosedError, VerificationLimitError) as error:
            self.out.warn(str(error))

    async def _check(self, results: list[Exit], verifier: Verifier, challenge: str, typed: str) -> None:
        from wikipayam_async.verification import CheckStatus  # noqa: PLC0415 - as above

        result = await verifier.check(challenge, typed, purpose=_PURPOSE)
        if result.receiver is not None:
            results.append(self._end(f"verified: {mask_number(result.receiver)}", result.status, Exit.OK))
        elif result.status is CheckStatus.WRONG and result.attempts_left:
            self.out.warn(f"wrong: {result.attempts_left} more may be typed")
        else:
            wait = f"; wait {math.ceil(result.retry_after)} s before the next" if result.retry_after else ""
            results.append(self._end(f"not verified: {result.status}{wait}", result.status, Exit.REJECTED))

    def _end(self, text: str, status: str, code: Exit) -> Exit:
        self.out.show(text, {"status": str(status)})
        return code
