"""Messages: the models, their payloads, and matching the gateway's answer to them."""

from wikipayam_async.messages.models import OtpMessage, SentMessage, SmsMessage

__all__ = ["OtpMessage", "SentMessage", "SmsMessage"]
