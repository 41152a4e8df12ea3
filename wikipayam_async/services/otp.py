"""One-time codes by SMS, in the wording of a pattern that the gateway stores."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable

from wikipayam_async.core.operation import Operation, Replay
from wikipayam_async.idempotency.messages import keyed_otp
from wikipayam_async.messages.models import OtpMessage, SentMessage
from wikipayam_async.messages.payload import Batch, OtpPayload, prepare_all, prepare_otp
from wikipayam_async.messages.track_ids import TrackIds
from wikipayam_async.publish import publish
from wikipayam_async.redact.sealed import Sealed
from wikipayam_async.services.base import Service
from wikipayam_async.services.raw import with_raw_response
from wikipayam_async.services.sending import KeyedSend, Keys, send_all

__all__ = ["OtpService"]

SEND_OTP = Operation("otp.send", "POST", "otp/sms/send", Replay.SEND)


class OtpService(Service):
    """`client.otp`: `POST /otp/sms/send`. The gateway does not document the answer; it is read like that of an SMS."""

    @property
    def with_raw_response(self) -> OtpServiceWithRawResponse:
        """The same methods, returning the status and the headers of the response beside the value."""
        return OtpServiceWithRawResponse(self)

    async def send(
        self,
        receiver: str,
        code: str,
        *,
        otp_pattern_id: int | None = None,
        track_id: str | None = None,
        normalize: bool = True,
        validate: bool = True,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> SentMessage:
        """Send a code (`POST /otp/sms/send`).

        Args:
            receiver: The recipient's mobile number, in any common format.
            code: The code: 1 to 32 digits or ASCII letters. Persian digits are sent as ASCII.
            otp_pattern_id: The pattern; the client's if None.
            track_id: Your own reference; generated if None.
            normalize: Send a mobile number in the form `09…`; if False, send the given spelling.
            validate: Require an Iranian mobile number; if False, accept any receiver.
            idempotency_key: A name for this message, such as `order-42:shipped`. A call with the same key sends nothing if
                the message was sent before; it needs the client's `idempotency`. 1 to 255 visible ASCII characters,
                without personal data.
            timeout: Seconds for each attempt; the client's if None.

        Raises:
            InvalidInputError: An argument is invalid; nothing was sent.
            ConfigurationError: No pattern is given or configured; nothing was sent.
            IdempotencyConflictError: The key was used for another message; nothing was sent.
            InFlightError: Another call with the key is in progress; nothing was sent.
            UnknownOutcomeError: The code may or may not have been accepted. Do not resend it blindly.
            APIStatusError: The gateway refused the code.
            APIConnectionError: The code did not reach the gateway.
        """
        message = OtpMessage(receiver, code, otp_pattern_id=otp_pattern_id, track_id=track_id)
        del receiver, code  # keep them out of tracebacks that show locals; `message` masks them
        payload = self._preparer(normalize=normalize, validate=validate)(message)
        keyed = None
        if idempotency_key is not None:
            keys = Keys(self._options, idempotency_key, timeout)
            keyed = KeyedSend(keys.guard, keyed_otp(keys.key, message, payload))
        batch = Batch.of([message], [payload])
        return (await send_all(self._pipeline, SEND_OTP, batch, keyed=keyed, timeout=timeout))[0]

    async def send_many(
        self,
        messages: Iterable[OtpMessage],
        *,
        normalize: bool = True,
        validate: bool = True,
        timeout: float | None = None,
    ) -> list[SentMessage]:
        """Send codes in one request (`POST /otp/sms/send`); return the results in the order of the messages.

        Args:
            messages: The codes. An empty iterable sends no request.
            normalize: Send mobile numbers in the form `09…`; if False, send the given spelling.
            validate: Require Iranian mobile numbers; if False, accept any receiver.
            timeout: Seconds for each attempt; the client's if None.

        Raises:
            InvalidInputError: A field is invalid; nothing was sent.
            ConfigurationError: No pattern is given or configured; nothing was sent.
            UnknownOutcomeError: Some codes may or may not have been accepted: see its `messages` and `accepted`.
            APIStatusError: The gateway refused all codes.
            APIConnectionError: No code reached the gateway.
        """
        given = Sealed(messages)
        del messages  # tools that show the locals of a traceback walk lists
        batch = prepare_all(given, self._preparer(normalize=normalize, validate=validate))
        return await send_all(self._pipeline, SEND_OTP, batch, timeout=timeout) if batch.messages else []

    def _preparer(self, *, normalize: bool, validate: bool) -> Callable[[OtpMessage], OtpPayload]:
        return functools.partial(
            prepare_otp,
            pattern_id=self._options.otp_pattern_id,
            track_ids=TrackIds(),
            normalize=normalize,
            validate=validate,
        )


class OtpServiceWithRawResponse:
    """The methods of `client.otp`, returning a `RawResponse`: status, headers and value."""

    def __init__(self, service: OtpService) -> None:
        self.send = with_raw_response(service.send)
        self.send_many = with_raw_response(service.send_many)


publish("wikipayam_async.services", ["OtpService"], globals())
