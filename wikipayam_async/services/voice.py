"""One-time codes by a call: a voice reads them out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import evolve, field, frozen

from wikipayam_async.checks import without_frames
from wikipayam_async.core.converter import JsonValue, encode_json, to_items
from wikipayam_async.core.operation import Call, Operation, Replay, SendBatch
from wikipayam_async.messages.models import OtpMessage, check_code, check_receiver, check_track_id
from wikipayam_async.messages.payload import TrackIds
from wikipayam_async.redact.masks import mask_mapping, mask_text
from wikipayam_async.redact.sealed import SealedBytes
from wikipayam_async.services.base import Service
from wikipayam_async.services.sending import require_all_accepted

__all__ = ["VoiceOtp", "VoiceService"]


@frozen
class VoiceOtp:
    """The gateway's word that it queued a call. It has not called yet.

    Attributes:
        id: The gateway's id.
        message: What it said.
        track_id: The reference that the call was ordered with.
        extra: Fields that this version does not know.
    """

    id: str
    message: str | None = field(default=None, repr=mask_text)
    track_id: str | None = None
    extra: Mapping[str, Any] = field(factory=dict, repr=mask_mapping, hash=False)


SEND_VOICE = Operation("voice.send", "POST", "voice-otp/send", Replay.SEND)


class VoiceService(Service):
    """`client.voice`: `POST /voice-otp/send`. The fallback for a code whose SMS does not arrive in time."""

    async def send(self, receiver: str, code: str, track_id: str | None = None, *, normalize: bool = True) -> VoiceOtp:
        """Have a code read out by a call (`POST /voice-otp/send`). Success means queued, not called.

        Args:
            receiver: The phone that is called, a mobile in any usual spelling.
            code: The code: 1 to 32 digits or ASCII letters. Persian digits are sent as ASCII.
            track_id: Your own reference; one is made if None.
            normalize: Bring the receiver to the form `09…`; False sends it as it is.

        Raises:
            InvalidInputError: An argument breaks a rule; nothing was sent.
            UnknownOutcomeError: It may or may not have been queued. Do not send it again blindly.
            APIStatusError: The gateway refused it.
            APIConnectionError: It never reached the gateway.
        """
        message = OtpMessage(receiver, code, track_id=track_id)
        del receiver, code  # a traceback with locals shows the message masked
        name = check_track_id(track_id) or TrackIds().next()
        told = await self._pipeline.run(
            Call(
                operation=SEND_VOICE,
                read=lambda data: (_read(data, name),),
                body=_encode(message, name, normalize=normalize),
                batch=SendBatch([message], [name], lambda voice: voice.id),
            )
        )
        voice: VoiceOtp = require_all_accepted(SEND_VOICE, told, [message], [name])[0]
        return voice


@without_frames
def _encode(message: OtpMessage, track_id: str, *, normalize: bool) -> SealedBytes:
    receiver = check_receiver(message.receiver, normalize=normalize)
    return SealedBytes(encode_json({"receiver": receiver, "code": check_code(message.code), "track_id": track_id}))


def _read(data: JsonValue, track_id: str) -> VoiceOtp | None:
    """Read the answer to one call; it speaks of no other, unless it names another reference."""
    for item in to_items(data, VoiceOtp):
        if item.id and item.track_id in {None, track_id}:
            return evolve(item, track_id=track_id)
    return None
