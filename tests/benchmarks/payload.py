"""The requests and responses, which are the same for all implementations."""

from __future__ import annotations

import json
from typing import TypeAlias

__all__ = [
    "API_PATH",
    "SENDER",
    "TOKEN",
    "Values",
    "receiver",
    "receives_answer",
    "row",
    "rows",
    "text",
    "track_id",
    "values",
]

API_PATH = "/api/v1/sms/send"
SENDER = "10002000"
TOKEN = "token"

Values: TypeAlias = tuple[str, str, str]
"""What differs between messages: the receiver, the text and the track id."""


def receiver(number: int) -> str:
    """Return the receiver of a message."""
    return f"0912{number % 10_000_000:07}"


def text(number: int) -> str:
    """Return the text of a message: one part of Persian, different for each message."""
    return f"سلام، سفارش شماره {number} شما آماده شد و امروز فرستاده می‌شود."


def track_id(number: int) -> str:
    """Return the track id of a message."""
    return f"ORDER-{number}"


def row(number: int) -> dict[str, str]:
    """Return a message as its JSON object."""
    return {
        "sender": SENDER,
        "receiver": receiver(number),
        "message": text(number),
        "track_id": track_id(number),
    }


def rows(count: int) -> list[dict[str, str]]:
    """Return `count` messages as JSON objects."""
    return [row(number) for number in range(count)]


def values(count: int) -> list[Values]:
    """Return what `count` messages are built from."""
    return [(receiver(number), text(number), track_id(number)) for number in range(count)]


def receives_answer(count: int) -> bytes:
    """Return a page of received messages as the gateway documents it, with some numbers as strings."""
    receives = [
        {
            "id": f"{number:024x}",
            "sender": f"98912{number:07}",
            "receiver": SENDER,
            "message": text(number),
            "received_at": f"2024-05-{number % 28 + 1:02} 23:{number % 60:02}:20",
        }
        for number in range(count)
    ]
    pagination = {"total": 178_000, "limit": str(count), "offset": "0", "returned_count": count, "total_pages": 356}
    page = {"receives": receives, "pagination": pagination, "filters": {"status": "all"}}
    return json.dumps({"data": page}, ensure_ascii=False, separators=(",", ":")).encode()
