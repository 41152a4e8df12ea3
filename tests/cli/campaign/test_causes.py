from __future__ import annotations

from wikipayam_async.cli.campaign.causes import Causes
from wikipayam_async.outcomes import SendStatus


def test_an_invalid_row_names_its_column() -> None:
    """Also a column with the name of an argument; other errors name the option."""
    causes = Causes()
    causes.add(SendStatus.REJECTED, "invalid", "name: expected a value; got an empty value")
    causes.add(SendStatus.REJECTED, "400", "timeout: refused")
    assert causes.lines() == [
        "1 message rejected, invalid: name: expected a value; got an empty value",
        "1 message rejected, 400: --timeout: refused",
    ]


def test_outcomes_are_grouped_by_cause() -> None:
    """Each cause is one line with its count, however many messages it has; track ids are not part of it."""
    causes = Causes()
    for number in range(3):
        causes.add(
            SendStatus.UNKNOWN, "timeout", f"it is not known (timeout). Do not resend blindly: look up t-{number}"
        )
    causes.add(SendStatus.REJECTED, "opted_out", "not sent: the receiver opted out")
    causes.add(SendStatus.REJECTED, None, None)
    assert causes.lines() == [
        "3 messages unknown, timeout: it is not known (timeout)",
        "1 message rejected, opted out: not sent: the receiver opted out",
        "1 message rejected, other: ",
    ]
    assert causes.held_back == 1
    assert causes.described()[0] == {
        "status": "unknown", "cause": "timeout", "messages": 3, "error": "it is not known (timeout)",
    }  # fmt: skip
