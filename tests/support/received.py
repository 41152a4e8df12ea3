"""The received message of the gateway's documentation: as it is sent, and as it is read."""

from __future__ import annotations

from datetime import datetime

from wikipayam_async.services.receives.models import ReceivedMessage

__all__ = ["RECEIVE", "WIRE"]

WIRE = {
    "id": "69e5eeab439260d336015405",
    "sender": "989127782175",
    "receiver": "10002000",
    "message": "لغو ۱۱ ",
    "received_at": "2023-09-24 23:55:20",
}
RECEIVE = ReceivedMessage(
    "69e5eeab439260d336015405",
    "989127782175",
    "10002000",
    "لغو ۱۱ ",
    datetime(2023, 9, 24, 23, 55, 20),  # noqa: DTZ001 - the gateway names no zone
)
