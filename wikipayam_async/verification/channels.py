"""The channels that a code is sent by: SMS in a pattern, plain SMS, voice call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

from attrs import field, frozen

from wikipayam_async.errors import ConfigurationError
from wikipayam_async.redact.masks import mask_number, mask_text
from wikipayam_async.templates import Template

if TYPE_CHECKING:
    from wikipayam_async.client import AsyncWikipayam

__all__ = ["CodeMessage", "SmsChannel", "VerificationChannel", "VoiceChannel"]

_FIELD = "code"


@frozen(kw_only=True)
class CodeMessage:
    """A code that a channel sends.

    Attributes:
        receiver: The number: `09123456789`, or `+97150…` abroad.
        code: The code, in ASCII digits.
        track_id: A reference for the gateway, different in every send.
        abroad: Whether the number is not Iranian.
    """

    receiver: str = field(repr=mask_number)
    code: str = field(repr=mask_text)
    track_id: str
    abroad: bool = False


@runtime_checkable
class VerificationChannel(Protocol):
    """Sends a code. A class of your own with these members is a channel, too.

    Attributes:
        name: Its name in challenges and events, such as `sms`.
        is_call: Whether it rings a phone; the limit of calls counts it.
        reports_delivery: Whether `client.sms.delivery_status` knows its message ids.
    """

    @property
    def name(self) -> str:
        """Its name in challenges and events, such as `sms`."""
        ...

    @property
    def is_call(self) -> bool:
        """Whether it rings a phone; the limit of calls counts it."""
        ...

    @property
    def reports_delivery(self) -> bool:
        """Whether `client.sms.delivery_status` knows its message ids."""
        ...

    async def send(self, client: AsyncWikipayam, message: CodeMessage) -> str | None:
        """Send a code once.

        Returns:
            The id of the message; None if it has none.

        Raises:
            WikipayamError: The code was not sent, or may have been: its `send_status` says which. Any other exception
                counts as `UNKNOWN`.
        """
        ...


def _as_template(given: str | Template | None) -> Template | None:
    return Template(given) if isinstance(given, str) else given


@frozen(kw_only=True)
class SmsChannel:
    """Sends codes by SMS: in a pattern that the gateway stores, or as a text of your own.

    Patterns go by a line that also reaches those who refuse advertising. A text goes by your line; use it if you have none.

    Attributes:
        otp_pattern_id: The pattern; the client's if None.
        template: A text with the field `{code}`, sent as a plain SMS instead of a pattern.
        sender: The line of the plain SMS; the client's if None.

    Raises:
        ConfigurationError: Both a pattern and a template are given, a line without a template, or the template's fields
            are not just `{code}`.
        InvalidInputError: The template is invalid.
    """

    otp_pattern_id: int | None = None
    template: Template | None = field(default=None, converter=_as_template)
    sender: str | None = None

    def __attrs_post_init__(self) -> None:
        if self.template is None:
            if self.sender is not None:
                raise ConfigurationError("sender: a pattern has its own line; pass it with template=... only")
            return
        if self.otp_pattern_id is not None:
            raise ConfigurationError("otp_pattern_id, template: expected one of them; got both")
        if self.template.fields != (_FIELD,):
            raise ConfigurationError("template: expected a text whose only field is {code}")

    @property
    def name(self) -> str:
        """`sms`."""
        return "sms"

    @property
    def is_call(self) -> bool:
        """False."""
        return False

    @property
    def reports_delivery(self) -> bool:
        """True."""
        return True

    async def send(self, client: AsyncWikipayam, message: CodeMessage) -> str | None:
        """Send a code (`POST /otp/sms/send`, or `POST /sms/send` with a template).

        Raises:
            WikipayamError: The code was not sent, or may have been: see its `send_status`.
        """
        if self.template is not None:
            text = self.template.render({_FIELD: message.code})
            sent = await client.sms.send(
                message.receiver,
                text,
                sender=self.sender,
                track_id=message.track_id,
                normalize=not message.abroad,
                validate=not message.abroad,
            )
            return sent.id
        sent = await client.otp.send(
            message.receiver,
            message.code,
            otp_pattern_id=self.otp_pattern_id,
            track_id=message.track_id,
            normalize=not message.abroad,
            validate=not message.abroad,
        )
        return sent.id


@frozen(kw_only=True)
class VoiceChannel:
    """Sends codes by voice call. The gateway does not report whether a call was answered."""

    @property
    def name(self) -> str:
        """`voice`."""
        return "voice"

    @property
    def is_call(self) -> bool:
        """True."""
        return True

    @property
    def reports_delivery(self) -> bool:
        """False."""
        return False

    async def send(self, client: AsyncWikipayam, message: CodeMessage) -> str | None:
        """Send a code (`POST /voice-otp/send`).

        Raises:
            WikipayamError: The call was not queued, or may have been: see its `send_status`.
        """
        call = await client.voice.send(
            message.receiver,
            message.code,
            track_id=message.track_id,
            normalize=not message.abroad,
            validate=not message.abroad,
        )
        return call.id
