"""One-time codes by phone call, read out by a voice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import evolve, field, frozen

from wikipayam_async.checks import without_frames
from wikipayam_async.core.converter import JsonValue, encode_json, to_items, to_mapping
from wikipayam_async.core.operation import Call, Operation, Replay, SendBatch, max_answer_bytes
from wikipayam_async.idempotency.keyed import KeyedMessage
from wikipayam_async.messages.models import OtpMessage, check_code, check_receiver, check_track_id, surely_names_message
from wikipayam_async.messages.track_ids import TrackIds
from wikipayam_async.publish import publish, publish_in_package
from wikipayam_async.redact.masks import mask_mapping, mask_text
from wikipayam_async.redact.sealed import Sealed, SealedBytes, SealedFields
from wikipayam_async.services.base import Service, require_all_accepted
from wikipayam_async.services.raw import with_raw_response
from wikipayam_async.services.sending import KeyedSend, Keys, run_send

__all__ = ["VoiceOtp", "VoiceService"]


@frozen
class VoiceOtp:
    """A call that the gateway accepted and queued. It has not been placed yet.

    Attributes:
        id: The gateway's id.
        message: The gateway's message.
        track_id: The track id that the call was sent with.
        extra: Fields that this version does not know.
    """

    id: str
    message: str | None = field(default=None, repr=mask_text)
    track_id: str | None = None
    extra: Mapping[str, Any] = field(factory=dict, repr=mask_mapping, hash=False)


SEND_VOICE = Operation("voice.send", "POST", "voice-otp/send", Replay.SEND)


class VoiceService(Service):
    """`client.voice`: `POST /voice-otp/send`. The fallback for a code whose SMS does not arrive in time."""

    @property
    def with_raw_response(self) -> VoiceServiceWithRawResponse:
        """The same methods, returning the status and the headers of the response beside the value."""
        return VoiceServiceWithRawResponse(self)

    async def send(
        self,
        receiver: str,
        code: str,
        *,
        track_id: str | None = None,
        normalize: bool = True,
        validate: bool = True,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> VoiceOtp:
        """Send a code by phone call (`POST /voice-otp/send`). Success means queued, not called.

        Args:
            receiver: The mobile number to call, in any common format.
            code: The code: 1 to 32 digits or ASCII letters. Persian digits are sent as ASCII.
            track_id: Your own reference; generated if None.
            normalize: Send a mobile number in the form `09…`; if False, send the given spelling.
            validate: Require an Iranian mobile number; if False, accept any receiver.
            idempotency_key: A name for this message, such as `order-42:shipped`. A call with the same key sends nothing if
                the message was sent before; it needs the client's `idempotency`. 1 to 255 visible ASCII characters,
                without personal data.
            timeout: Seconds for each attempt; the client's if None.

        Raises:
            InvalidInputError: An argument is invalid; nothing was sent.
            IdempotencyConflictError: The key was used for another message; nothing was sent.
            InFlightError: Another call with the key is in progress; nothing was sent.
            UnknownOutcomeError: The call may or may not have been queued. Do not resend it blindly.
            APIStatusError: The gateway refused the call.
            APIConnectionError: The call did not reach the gateway.
        """
        message = OtpMessage(receiver, code, track_id=track_id)
        del receiver, code  # keep them out of tracebacks that show locals; `message` masks them
        name = check_track_id(track_id) or TrackIds().next()
        fields = _fields(message, name, normalize=normalize, validate=validate)
        body = SealedBytes(encode_json(fields.reveal()))
        keyed = None
        if idempotency_key is not None:
            keys = Keys(self._options, idempotency_key, timeout)
            keyed = KeyedSend(keys.guard, _keyed(keys.key, message, fields))
        call: Call[Sequence[VoiceOtp | None]] = Call(
            operation=SEND_VOICE,
            read=lambda data: (_read(data, name),),
            body=body,
            batch=SendBatch[VoiceOtp]([message], [name], lambda voice: voice.id),
            timeout=timeout,
            max_answer_bytes=max_answer_bytes(1, len(body)),
        )
        results = await run_send(self._pipeline, call, keyed)
        voice: VoiceOtp = require_all_accepted(SEND_VOICE, results, [message], [name])[0]
        return voice


@without_frames
def _fields(message: OtpMessage, track_id: str, *, normalize: bool, validate: bool) -> SealedFields:
    receiver = check_receiver(message.receiver, normalize=normalize, validate=validate)
    return SealedFields({"receiver": receiver, "code": check_code(message.code), "track_id": track_id})


def _keyed(key: str, message: OtpMessage, fields: SealedFields) -> KeyedMessage:
    sent = fields.reveal()
    return KeyedMessage(
        key=key,
        kind="voice",
        operation=SEND_VOICE.name,
        message=message,
        track_id=sent["track_id"],
        receiver=Sealed(sent["receiver"]),
        text=Sealed(sent["code"]),
        result=VoiceOtp,
    )


def _read(data: JsonValue, track_id: str) -> VoiceOtp | None:
    """Read the answer to one call: the first item that names this track id or none."""
    named = [
        one for one in (data if isinstance(data, list) else [data]) if surely_names_message(to_mapping(one).get("id"))
    ]
    for item in to_items(named, VoiceOtp):
        if item.track_id in {None, track_id}:
            return evolve(item, track_id=track_id)
    return None


class VoiceServiceWithRawResponse:
    """The methods of `client.voice`, returning a `RawResponse`: status, headers and value."""

    def __init__(self, service: VoiceService) -> None:
        self.send = with_raw_response(service.send)


publish_in_package(["VoiceOtp"], globals())
publish("wikipayam_async.services", ["VoiceService"], globals())
