"""The service for the accounting software Holoo: one SMS, with the account's user name and token in the request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import field, frozen

from wikipayam_async.checks import without_frames
from wikipayam_async.core.converter import JsonValue, encode_json, to_items, to_mapping
from wikipayam_async.core.operation import Call, Operation, Replay, SendBatch
from wikipayam_async.errors import ConfigurationError, InvalidInputError
from wikipayam_async.idempotency.keyed import KeyedMessage
from wikipayam_async.messages.models import (
    SentMessage,
    SmsMessage,
    check_receiver,
    check_sender,
    check_text,
    surely_names_message,
)
from wikipayam_async.publish import publish, publish_in_package
from wikipayam_async.redact.masks import mask_mapping, shape_of
from wikipayam_async.redact.sealed import Sealed, SealedBytes, SealedFields, seal
from wikipayam_async.services.base import Service, require_all_accepted
from wikipayam_async.services.raw import with_raw_response
from wikipayam_async.services.sending import KeyedSend, Keys, run_send

__all__ = ["HolooResult", "HolooService"]


@frozen
class HolooResult:
    """The gateway's answer to an SMS that it accepted. The format is undocumented; an id is what shows the acceptance.

    Attributes:
        id: The gateway's id of the SMS.
        message: The gateway's message, if any.
        data: The whole answer, unchanged.
        extra: Fields of the answer that this version does not know.
    """

    id: str = ""
    message: str | None = field(default=None, repr=False)
    data: JsonValue = field(default=None, repr=False, hash=False)
    extra: Mapping[str, Any] = field(factory=dict, repr=mask_mapping, hash=False)


HOLOO_POST = Operation("holoo.send", "POST", "service/holoo", Replay.SEND)
HOLOO_GET = Operation("holoo.send_via_url", "GET", "service/holoo", Replay.SEND, secret_query=True)


_FAILURE_WORDS = frozenset({"-1", "0", "error", "fail", "failed", "failure", "false", "invalid", "ko", "rejected"})


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
        idempotency_key: str | None = None,
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
            idempotency_key: A name for this message, such as `order-42:shipped`. A call with the same key sends nothing if
                the message was sent before; it needs the client's `idempotency`. 1 to 255 visible ASCII characters,
                without personal data.
            timeout: Seconds for each attempt; the client's if None.

        Raises:
            InvalidInputError: An argument is invalid; nothing was sent.
            ConfigurationError: No sender or no user name is given or configured; nothing was sent.
            IdempotencyConflictError: The key was used for another message; nothing was sent.
            InFlightError: Another call with the key is in progress; nothing was sent.
            UnknownOutcomeError: The SMS may or may not have been accepted; an answer without an id tells neither, and is
                quoted. Do not resend it blindly.
            APIStatusError: The gateway refused the SMS.
            APIConnectionError: The SMS did not reach the gateway.
        """
        sms = SmsMessage(receiver, message, sender=sender)
        user = seal(username)
        del receiver, message, username  # keep them out of tracebacks that show locals; `sms` masks them
        fields = self._fields(sms, user, normalize=normalize, validate=validate)
        keyed = self._keyed(idempotency_key, HOLOO_POST, sms, fields, timeout)
        return await self._send(HOLOO_POST, sms, fields, keyed, timeout)

    async def send_via_url(
        self,
        receiver: str,
        message: str,
        *,
        sender: str | None = None,
        username: str | None = None,
        normalize: bool = True,
        validate: bool = True,
        idempotency_key: str | None = None,
        timeout: float | None = None,
        allow_url_in_logs: bool = False,
    ) -> HolooResult:
        """Send an SMS over the legacy endpoint (`GET /service/holoo`), which puts the token into the URL.

        `send_get` is its legacy name.

        Proxies and servers on the way log that URL: prefer `send`, or better `client.sms.send`. On its own connections
        this package keeps the URL out of its logs, of httpx's log and of traces. Over an HTTP client or transport of
        your own it cannot: httpx logs the URL at INFO, and Sentry and other tracing tools record it. The call is
        therefore refused there, unless you allow it.

        Args:
            receiver: The recipient's mobile number, in any common format.
            message: The text.
            sender: The line; the client's if None.
            username: The account's user name; the client's if None.
            normalize: Send a mobile number in the form `09…`; if False, send the given spelling.
            validate: Require an Iranian mobile number; if False, accept any receiver.
            idempotency_key: A name for this message, such as `order-42:shipped`. A call with the same key sends nothing if
                the message was sent before; it needs the client's `idempotency`. 1 to 255 visible ASCII characters,
                without personal data.
            timeout: Seconds for each attempt; the client's if None.
            allow_url_in_logs: Send although an HTTP client or transport of your own may log the URL.

        Raises:
            InvalidInputError: An argument is invalid; nothing was sent.
            ConfigurationError: No sender or no user name is given or configured, or the client has connections of your
                own, which may log the URL; nothing was sent.
            IdempotencyConflictError: The key was used for another message; nothing was sent.
            InFlightError: Another call with the key is in progress; nothing was sent.
            UnknownOutcomeError: The SMS may or may not have been accepted; an answer without an id tells neither, and is
                quoted. Do not resend it blindly.
            APIStatusError: The gateway refused the SMS.
            APIConnectionError: The SMS did not reach the gateway.
        """
        sms = SmsMessage(receiver, message, sender=sender)
        user = seal(username)
        del receiver, message, username  # keep them out of tracebacks that show locals; `sms` masks them
        if self._pipeline.logs_urls and not allow_url_in_logs:
            raise ConfigurationError(
                "holoo.send_via_url: not sent: the URL holds the token, the number and the text, and a client of your own "
                "(http_client=... or transport=...) shows it to httpx's log and to tracing tools; use holoo.send, or "
                "pass allow_url_in_logs=True"
            )
        fields = self._fields(sms, user, normalize=normalize, validate=validate)
        keyed = self._keyed(idempotency_key, HOLOO_GET, sms, fields, timeout)
        return await self._send(HOLOO_GET, sms, fields, keyed, timeout)

    send_get = send_via_url
    """The legacy name of `send_via_url`."""

    async def _send(
        self,
        operation: Operation,
        sms: SmsMessage,
        fields: SealedFields,
        keyed: KeyedSend | None,
        timeout: float | None,
    ) -> HolooResult:
        in_query = operation.method == "GET"
        call: Call[Sequence[HolooResult | None]] = Call(
            operation=operation,
            read=_read,
            query=fields if in_query else SealedFields({}),
            body=None if in_query else SealedBytes(encode_json(fields.reveal())),
            batch=SendBatch[HolooResult]([sms], [None], lambda result: result.id),
            timeout=timeout,
        )
        result: HolooResult = require_all_accepted(
            operation, await run_send(self._pipeline, call, keyed), [sms], [None]
        )[0]
        return result

    def _keyed(
        self, key: str | None, operation: Operation, sms: SmsMessage, fields: SealedFields, timeout: float | None
    ) -> KeyedSend | None:
        if key is None:
            return None
        keys, sent = Keys(self._options, key, timeout), fields.reveal()
        message = KeyedMessage(
            key=keys.key,
            kind="holoo",
            operation=operation.name,
            message=sms,
            track_id=None,
            receiver=Sealed(sent["to"]),
            text=Sealed(sent["message"]),
            result=HolooResult,
        )
        return KeyedSend(keys.guard, message)

    @without_frames
    def _fields(self, sms: SmsMessage, user: Sealed[str] | None, *, normalize: bool, validate: bool) -> SealedFields:
        name = (user.reveal() if user else None) or self._options.username
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


def _read(data: JsonValue) -> tuple[HolooResult | None]:
    """Read the undocumented answer: accepted is what names an id and reports no failure."""
    fields = to_mapping(data[0] if isinstance(data, list) and len(data) == 1 else data)
    message = fields.get("message")
    sent = to_items(fields, SentMessage)
    if not sent or not surely_names_message(fields["id"]) or _reports_failure(fields):
        return (None,)
    return (
        HolooResult(
            id=sent[0].id,
            message=message if isinstance(message, str) else None,
            data=data,
            extra={key: value for key, value in fields.items() if key not in {"id", "message"}},
        ),
    )


def _reports_failure(fields: Mapping[str, object]) -> bool:
    """Return whether an answer tells a failure, in one of the ways that are usual where none is documented."""
    if fields.get("error") or fields.get("errors"):
        return True
    told = [str(fields[name]).strip().lower() for name in ("success", "ok", "status") if name in fields]
    return any(word in _FAILURE_WORDS for word in told)


class HolooServiceWithRawResponse:
    """The methods of `client.holoo`, returning a `RawResponse`: status, headers and value."""

    def __init__(self, service: HolooService) -> None:
        self.send = with_raw_response(service.send)
        self.send_via_url = with_raw_response(service.send_via_url)


publish_in_package(["HolooResult"], globals())
publish("wikipayam_async.services", ["HolooService"], globals())
