"""The service that the accounting software Holoo uses: one SMS, with the account's name and token beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import field, frozen

from wikipayam_async.checks import without_frames
from wikipayam_async.core.converter import JsonValue, encode_json, to_items, to_mapping
from wikipayam_async.core.operation import Call, Operation, Replay, SendBatch
from wikipayam_async.errors import ConfigurationError, InvalidInputError
from wikipayam_async.messages.models import SentMessage, SmsMessage, check_receiver, check_sender, check_text
from wikipayam_async.redact.masks import mask_mapping, shape_of
from wikipayam_async.redact.sealed import SealedBytes, SealedFields, seal
from wikipayam_async.services.base import Service

__all__ = ["HolooResult", "HolooService"]


@frozen
class HolooResult:
    """What the gateway answered. It does not document that answer: an `id` is read where there is one.

    Attributes:
        id: The gateway's id of the SMS; None where the answer names none.
        message: What it said, if it said something.
        data: The whole answer, as it came.
        extra: Fields of the answer that this version does not know.
    """

    id: str | None = None
    message: str | None = field(default=None, repr=False)
    data: JsonValue = field(default=None, repr=False, hash=False)
    extra: Mapping[str, Any] = field(factory=dict, repr=mask_mapping, hash=False)


HOLOO_POST = Operation("holoo.send", "POST", "service/holoo", Replay.SEND)
HOLOO_GET = Operation("holoo.send_get", "GET", "service/holoo", Replay.SEND, secret_query=True)


class HolooService(Service):
    """`client.holoo`: the road of the accounting software Holoo. For new programs `client.sms` is the better one."""

    async def send(
        self,
        to: str,
        message: str,
        sender: str | None = None,
        username: str | None = None,
        *,
        normalize: bool = True,
    ) -> HolooResult:
        """Send an SMS (`POST /service/holoo`).

        Args:
            to: The mobile that gets it, in any usual spelling.
            message: The text.
            sender: The line; the client's if None.
            username: The account's user name; the client's if None.
            normalize: Bring the receiver to the form `09…`; False sends it as it is.

        Raises:
            InvalidInputError: An argument breaks a rule; nothing was sent.
            ConfigurationError: No sender or no user name is named anywhere; nothing was sent.
            UnknownOutcomeError: It may or may not have been accepted. Do not send it again blindly.
            APIStatusError: The gateway refused it.
            APIConnectionError: It never reached the gateway.
        """
        sms = SmsMessage(to, message, sender=sender)
        username = seal(username)
        del to, message  # a traceback with locals shows the message masked
        fields = self._fields(sms, username, normalize=normalize)
        call = Call(
            operation=HOLOO_POST,
            read=_read,
            body=SealedBytes(encode_json(dict(fields))),
            batch=_batch_of(sms),
        )
        return (await self._pipeline.run(call))[0]

    async def send_get(
        self,
        to: str,
        message: str,
        sender: str | None = None,
        username: str | None = None,
        *,
        normalize: bool = True,
    ) -> HolooResult:
        """Send an SMS over the legacy road (`GET /service/holoo`), which puts the token into the URL.

        Every proxy and server on the way logs that URL. This package keeps it out of its own logs, of httpx's and of
        traces, but can do no more: prefer `send`, or better `client.sms.send`.

        Args:
            to: The mobile that gets it, in any usual spelling.
            message: The text.
            sender: The line; the client's if None.
            username: The account's user name; the client's if None.
            normalize: Bring the receiver to the form `09…`; False sends it as it is.

        Raises:
            InvalidInputError: An argument breaks a rule; nothing was sent.
            ConfigurationError: No sender or no user name is named anywhere; nothing was sent.
            UnknownOutcomeError: It may or may not have been accepted. Do not send it again blindly.
            APIStatusError: The gateway refused it.
            APIConnectionError: It never reached the gateway.
        """
        sms = SmsMessage(to, message, sender=sender)
        username = seal(username)
        del to, message  # a traceback with locals shows the message masked
        fields = self._fields(sms, username, normalize=normalize)
        call = Call(operation=HOLOO_GET, read=_read, query=fields, batch=_batch_of(sms))
        return (await self._pipeline.run(call))[0]

    @without_frames
    def _fields(self, sms: SmsMessage, username: str | None, *, normalize: bool) -> SealedFields:
        name = username or self._options.username
        if not name:
            raise ConfigurationError(
                "username: none given; pass username=..., or set it on the client or in SMS_USERNAME"
            )
        if not isinstance(name, str) or not name.isprintable():
            raise InvalidInputError("username", rule="expected a name without control characters", got=shape_of(name))
        return SealedFields(
            {
                "username": name,
                "password": self._options.token.reveal(),
                "from": check_sender(sms.sender or self._options.sender),
                "to": check_receiver(sms.receiver, normalize=normalize, field="to"),
                "message": check_text(sms.message),
            }
        )


def _batch_of(sms: SmsMessage) -> SendBatch[HolooResult]:
    return SendBatch([sms], [None], lambda result: result.id)


def _read(data: JsonValue) -> tuple[HolooResult]:
    """Read an answer of unknown shape: any JSON with a status of success is taken for a success."""
    fields = to_mapping(data[0] if isinstance(data, list) and data else data)
    said = fields.get("message")
    sent = to_items(fields, SentMessage)
    return (
        HolooResult(
            id=sent[0].id if sent else None,
            message=said if isinstance(said, str) else None,
            data=data,
            extra={key: value for key, value in fields.items() if key not in {"id", "message"}},
        ),
    )
