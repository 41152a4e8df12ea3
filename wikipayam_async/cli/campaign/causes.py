"""Why messages were not accepted, grouped by cause."""

from __future__ import annotations

from collections import Counter

from attrs import field, frozen

from wikipayam_async.campaigns.campaign import Campaign
from wikipayam_async.cli.output import counted, spaced
from wikipayam_async.cli.wording import in_words_of_the_command_line
from wikipayam_async.outcomes import SendStatus

__all__ = ["HELD_BACK", "Causes", "read_causes"]

HELD_BACK = frozenset({"duplicate", "opted_out", "opt_out_unknown"})
"""The causes of messages that were held back on purpose, which is no failure."""

_INVALID = "invalid"


@frozen
class Causes:
    """The causes of outcomes that are not accepted.

    Attributes:
        counts: The number of messages by status and cause.
        examples: The error of one message of each, without its track ids.
    """

    counts: Counter[tuple[SendStatus, str]] = field(factory=Counter)
    examples: dict[tuple[SendStatus, str], str] = field(factory=dict, repr=False)

    def add(self, status: SendStatus, cause: str | None, error: str | None) -> None:
        """Count a message."""
        key = status, cause or "other"
        self.counts[key] += 1
        if key not in self.examples:
            # What to do about an unknown message, with its track ids, is told once for all, and by `campaign results`.
            # The error of a row names its column, which may have the name of an argument.
            words = (error or "") if key[1] == _INVALID else in_words_of_the_command_line(error or "")
            text = words.partition(" Do not resend")[0]
            self.examples[key] = " ".join(text.split()).removesuffix(".")

    @property
    def held_back(self) -> int:
        """The number of messages that were held back on purpose."""
        return sum(count for (_, cause), count in self.counts.items() if cause in HELD_BACK)

    def lines(self) -> list[str]:
        """Return a line for each cause, most frequent first."""
        return [
            f"{counted(count, 'message')} {status.value}, {spaced(cause)}: {self.examples[status, cause]}"
            for (status, cause), count in self.counts.most_common()
        ]

    def described(self) -> list[dict[str, object]]:
        """Return the causes for `--json`."""
        return [
            {"status": status.value, "cause": cause, "messages": count, "error": self.examples[status, cause]}
            for (status, cause), count in self.counts.most_common()
        ]


async def read_causes(campaign: Campaign) -> Causes:
    """Return the causes of a campaign's rejected and unknown messages.

    Args:
        campaign: The campaign.
    """
    causes = Causes()
    for status in (SendStatus.UNKNOWN, SendStatus.REJECTED):
        async for result in campaign.results(status=status):
            causes.add(status, result.reason, result.error)
    return causes
