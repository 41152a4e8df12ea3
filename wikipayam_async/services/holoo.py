"""The service for the accounting software Holoo: one SMS, with the account's user name and token in the request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import field, frozen

from wikipayam_async.checks import without_frames
from wikipayam_async.core.converter import JsonValue, encode_json, to_items, to_mapping
from wikipayam_async.core.operation import Call, Operation, Replay, SendBatch
from wikipayam_async.errors import ConfigurationError, InvalidInputError
from wikipayam_async.messages.models import SentMessage, SmsMessage, check_receiver, check_sender, check_text
from wikipayam_async.publish import publish
from wikipayam_async.redact.masks import mask_mapping, shape_of
from wikipayam_async.redact.sealed import SealedBytes, SealedFields, seal
from wikipayam_async.services.base import Service
from wikipayam_async.services.raw import with_raw_response

__all__ = ["HolooResult", "HolooService"]


@frozen
class HolooResult:
    """The gateway's answer, whose format is undocumented: an `id` is read where there is one.

    Attributes:
        id: The gateway's id of the SMS; None if the answer has none.
        message: The gateway's message, if any.
        data: The whole answer, unchanged.
        extra: Fields of the answer that this version does not know.
    """

    id: str | None = None
    message: str | None = field(default=None, repr=False)
    data: JsonValue = field(default=None, repr=False, hash=False)
    extra: Mapping[str, Any] = field(factory=dict, repr=mask_mapping, hash=False)


HOLOO_POST = Operation("holoo.send", "POST", "service/holoo", Replay.SEND)
HOLOO_GET = Operation("holoo.send_via_url", "GET", "service/holoo", Replay.SEND, secret_query=True)


class HolooService(Service):
    """`client.holoo`: the endpoint of the accounting software Holoo. New programs should use `client.sms`."""

    @property
    def with_raw_response(self) -> HolooServiceWithRawResponse:
        """The same methods, returning the status and the headers of the response beside the value."""
        return HolooServiceWithRawResponse(self)

    async def send(
        self,
        receiver: str,
        message: str,
        *,
        sender: str | None = None,
        username: str | None = None,
        normalize: bool = True,
        validate: bool = True,
        timeout: float | None = None,
    ) -> HolooResult:
        """Send an SMS (`POST /service/holoo`).

        Args:
            receiver: The recipient's mobile number, in any common format.
            message: The text.
            sender: The line; the client's if None.
            username: The account's user name; the client's if None.
            normalize: Send a mobile number in the form `09…`; if False, send the given spelling.
            validate: Require an Iranian mobile number; if False, accept any receiver.
            timeout: Seconds for each attempt; the client's if None.

        Raises:
            InvalidInputError: An argument is invalid; nothing was sent.
            ConfigurationError: No sender or no user name is given or configured; nothing was sent.
            UnknownOutcomeError: The SMS may or may not have been accepted. Do not resend it blindly.
            APIStatusError: The gateway refused the SMS.
            APIConnectionError: The SMS did not reach the gateway.
        """
        sms = SmsMessage(receiver, message, sender=sender)
        username = seal(username)
        del receiver, message  # keep them out of tracebacks that show locals; `sms` masks them
        fields = self._fields(sms, username, normalize=normalize, validate=validate)
        return await self._send(HOLOO_POST, sms, fields, timeout)

    async def send_via_url(
        self,
        receiver: str,
        message: str,
        *,
        sender: str | None = None,
        username: str | None = None,
        normalize: bool = True,
        validate: bool = True,
        timeout: float | None = None,
    ) -> HolooResult:
        """Send an SMS over the legacy endpoint (`GET /service/holoo`), which puts the token into the URL.

        `send_get` is its legacy name.

        Proxies and servers on the way log that URL. This package keeps it out of its own logs, of httpx's logs and of
        traces, but cannot do more: prefer `send`, or better `client.sms.send`.

        Args:
            receiver: The recipient's mobile number, in any common format.
            message: The text.
            sender: The line; the client's if None.
            username: The account's user name; the client's if None.
            normalize: Send a mobile number in the form `09…`; if False, send the given spelling.
            validate: Require an Iranian mobile number; if False, accept any receiver.
            timeout: Seconds for each attempt; the client's if None.

        Raises:
            InvalidInputError: An argument is invalid; nothing was sent.
            ConfigurationError: No sender or no user name is given or configured; nothing was sent.
            UnknownOutcomeError: The SMS may or may not have been accepted. Do not resend it blindly.
            APIStatusError: The gateway refused the SMS.
            APIConnectionError: The SMS did not reach the gateway.
        """
        sms = SmsMessage(receiver, message, sender=sender)
        username = seal(username)
        del receiver, message  # keep them out of tracebacks that show locals; `sms` masks them
        fields = self._fields(sms, username, normalize=normalize, validate=validate)
        return await self._send(HOLOO_GET, sms, fields, timeout)

    send_get = send_via_url
    """The legacy name of `send_via_url`."""

    async def _send(
        self, operation: Operation, sms: SmsMessage, fields: SealedFields, timeout: float | None
    ) -> HolooResult:
        in_query = operation.method == "GET"
        call = Call(
            operation=operation,
            read=_read,
            query=fields if in_query else {},
            body=None if in_query else SealedBytes(encode_json(dict(fields))),
            batch=SendBatch[HolooResult]([sms], [None], lambda result: result.id),
            timeout=timeout,
        )
        return (await self._pipeline.run(call))[0]

    @without_frames
    def _fields(self, sms: SmsMessage, username: str | None, *, normalize: bool, validate: bool) -> SealedFields:
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
                "to": check_receiver(sms.receiver, normalize=normalize, validate=validate),
                "message": check_text(sms.message),
            }
        )


def _read(data: JsonValue) -> tuple[HolooResult]:
    """Read the undocumented answer: any JSON with a success status counts as a success."""
    fields = to_mapping(data[0] if isinstance(data, list) and data else data)
    message = fields.get("message")
    sent = to_items(fields, SentMessage)
    return (
        HolooResult(
            id=sent[0].id if sent else None,
            message=message if isinstance(message, str) else None,
            data=data,
            extra={key: value for key, value in fields.items() if key not in {"id", "message"}},
        ),
    )


class HolooServiceWithRawResponse:
    """The methods of `client.holoo`, returning a `RawResponse`: status, headers and value."""

    def __init__(self, service: HolooService) -> None:
        self.send = with_raw_response(service.send)
        self.send_via_url = with_raw_response(service.send_via_url)


publish("wikipayam_async.services", ["HolooService"], globals())
