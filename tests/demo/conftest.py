"""Factories of results, ledger entries and audit inputs."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from wikipayam_async import SendResult, SendStatus, SmsMessage
from wikipayam_async.emulator import TEHRAN, LedgerEntry, MessageKind


@pytest.fixture
def result() -> Callable[..., SendResult]:
    """Make the result of the message with an index; accepted by default."""

    def result(index: int, status: SendStatus = SendStatus.ACCEPTED, **fields: Any) -> SendResult:
        message = SmsMessage(fields.pop("receiver", "0912 000 0001"), "سلام", track_id=f"T-{index}")
        id_ = f"id{index}" if status is SendStatus.ACCEPTED else None
        return SendResult(index, message, status, **{"id": id_, "track_id": f"T-{index}", **fields})

    return result


@pytest.fixture
def entry() -> Callable[..., LedgerEntry]:
    """Make the ledger entry of the message with an index."""

    def entry(index: int, **fields: Any) -> LedgerEntry:
        values = {
            "id": f"id{index}",
            "kind": MessageKind.SMS,
            "sender": "10002000",
            "receiver": "09120000001",
            "message": "سلام",
            "code": None,
            "track_id": f"T-{index}",
            "parts": 1,
            "cost": 1200,
            "accepted_at": datetime(2024, 5, 1, tzinfo=TEHRAN),
            "account": "someone",
        }
        return LedgerEntry(**{**values, **fields})

    return entry


@pytest.fixture
def audited(result: Callable[..., SendResult], entry: Callable[..., LedgerEntry]) -> Callable[..., dict[str, Any]]:
    """Make an audit input that agrees: 0 and 1 accepted, 2 unknown and accepted, 3 unknown and not, 4 rejected."""

    def audited(**fields: Any) -> dict[str, Any]:
        unknown, rejected = SendStatus.UNKNOWN, SendStatus.REJECTED
        values = {
            "inputs": 5,
            "results": [result(0), result(1), result(2, unknown), result(3, unknown), result(4, rejected)],
            "ledger": [entry(0), entry(1), entry(2)],
            "balance_before": 10_000,
            "balance_after": 6_400,
        }
        return {**values, **fields}

    return audited
