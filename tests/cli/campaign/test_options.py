from __future__ import annotations

from pathlib import Path

import pytest

from wikipayam_async.campaigns import SendingHours
from wikipayam_async.cli.campaign.options import Chosen, DatabaseOptions, Pace, SendingOptions
from wikipayam_async.errors import ConfigurationError, InvalidInputError

JITTER = 0.1


@pytest.mark.parametrize("planned", [False, True])
@pytest.mark.parametrize("batch_size", [1, 7, 100, 1000])
@pytest.mark.parametrize("rate", [0.5, 1, 3.5, 30, 99, 100, 150, 800, 5000])
def test_no_second_has_more_messages_than_the_rate(rate: float, batch_size: int, *, planned: bool) -> None:
    """Requests at even distances: in any second, and a little more, there are at most `rate` messages, or a single one."""
    pace = Pace.of(rate, batch_size, planned=planned)
    assert pace.limit.requests_per_second is not None
    assert pace.limit.burst_seconds == 0
    distance = 1 / pace.limit.requests_per_second
    requests = int((1 + JITTER) / distance - 1e-9) + 1
    assert pace.batch_size * requests <= max(rate, 1)
    assert 1 <= pace.batch_size <= batch_size
    assert pace.batch_size / distance >= rate / 2.5 or batch_size == 1 or rate < 4


def test_sending_hours_are_those_of_tehran() -> None:
    """Another zone stands behind an at sign."""
    assert SendingOptions(sending_hours="08:00-21:00").hours() == SendingHours("08:00", "21:00", "Asia/Tehran")
    assert SendingOptions(sending_hours="22:00 - 06:00@Asia/Dubai").hours() == SendingHours(
        "22:00", "06:00", "Asia/Dubai"
    )
    assert SendingOptions().hours() is None


@pytest.mark.parametrize("hours", ["", "08:00", "8-9-10", "08:00-21:00@Nowhere", "08:00-08:00"])
def test_other_hours_name_the_option(hours: str) -> None:
    """The error shows a right example."""
    with pytest.raises(InvalidInputError, match="--sending-hours: expected hours such as 08:00-21:00"):
        SendingOptions(sending_hours=hours).hours()


@pytest.mark.parametrize(
    ("file", "database", "named"),
    [
        (None, {}, "FILE: expected the file of a campaign, or --name with --database; got neither"),
        (Path("c"), {"name": "eid"}, "FILE: expected the file of a campaign, or --name with --database; got both"),
        (None, {"database": "postgresql://x"}, "--name: expected the name of a campaign in the database"),
        (None, {"name": "eid"}, "--database: expected the URL of a database; pass it, or set WIKIPAYAM_DATABASE_URL"),
    ],
)
def test_a_command_names_one_campaign(file: Path | None, database: dict[str, str], named: str) -> None:
    """In a file, or in a database."""
    with pytest.raises(ConfigurationError) as caught:
        Chosen(file, DatabaseOptions(**database)).location()
    assert str(caught.value) == named
