"""Groups the messages that were not accepted by reason, without personal data."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from wikipayam_async import (
    APIStatusError,
    InvalidInputError,
    SendResult,
    UnknownOutcomeError,
    WikipayamError,
)
from wikipayam_async.demo.words import ENGLISH, Words
from wikipayam_async.redact.masks import mask_number

__all__ = ["examples_of", "group", "runs_of"]

_OPERATION = "sms.send: "


def group(results: Sequence[SendResult], say: Words = ENGLISH) -> Mapping[str, list[SendResult]]:
    """Group results by reason.

    Args:
        results: Results of one status.
        say: The language of the reasons.

    Returns:
        The groups by reason, the largest first.
    """
    groups: dict[str, list[SendResult]] = defaultdict(list)
    for result in results:
        groups[_reason(result.error, say)].append(result)
    return dict(sorted(groups.items(), key=lambda item: -len(item[1])))


def examples_of(results: Sequence[SendResult], say: Words = ENGLISH, most: int = 4) -> list[str]:
    """Return a few receivers of a group, masked, each of a different length.

    Args:
        results: The group.
        say: The language of an empty receiver.
        most: The maximum number of examples.

    Returns:
        The examples, the longest first.
    """
    receivers = (result.message.receiver.strip() for result in results)
    by_length = {
        len(receiver): say.kept(mask_number(receiver)) if receiver else say("(empty)") for receiver in receivers
    }
    masked = [by_length[length] for length in sorted(by_length, reverse=True)]
    # The longest and the shortest ones are the most informative.
    half = most // 2
    return list(dict.fromkeys(masked[:half] + masked[half:][-half:]))


def runs_of(results: Sequence[SendResult]) -> list[str]:
    """Return the track ids of messages, with consecutive ones as ranges.

    Args:
        results: The messages, in the order of the input.

    Returns:
        Track ids and ranges; a range is the first track id and the end of the last.
    """
    runs: list[list[SendResult]] = []
    for result in results:
        if runs and result.index == runs[-1][-1].index + 1:
            runs[-1].append(result)
        else:
            runs.append([result])
    return [
        f"{run[0].track_id}" + (f"..{str(run[-1].track_id).rpartition('-')[2]}" if len(run) > 1 else "") for run in runs
    ]


def _reason(error: WikipayamError | None, say: Words) -> str:
    if isinstance(error, InvalidInputError):
        return say("not sent: {rule}", rule=say(error.rule.split(" such as ")[0]))
    if isinstance(error, UnknownOutcomeError):
        cause = error.__cause__
        return _reason(cause, say) if isinstance(cause, WikipayamError) else say("no known cause")
    if isinstance(error, APIStatusError):
        detail = "; ".join(say(text) for texts in error.errors.values() for text in texts) or error.message
        if not detail:
            return say("answered {code}", code=error.status_code)
        return say("answered {code}: {detail}", code=error.status_code, detail=detail)
    return say(str(error).removeprefix(_OPERATION) if error else "no reason given")
