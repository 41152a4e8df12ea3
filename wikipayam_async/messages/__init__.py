"""Messages: the models, their payloads, and matching the gateway's answer to them."""

from wikipayam_async.messages.models import OtpMessage, SentMessage, SmsMessage
from wikipayam_async.publish import publish_in_package

__all__ = ["OtpMessage", "SentMessage", "SmsMessage"]

publish_in_package(__all__, globals())
