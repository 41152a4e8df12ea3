"""Messages: what a caller hands in and what the gateway answers; their form on the wire; matching an answer to them."""

from wikipayam_async.messages.models import OtpMessage, SentMessage, SmsMessage

__all__ = ["OtpMessage", "SentMessage", "SmsMessage"]
