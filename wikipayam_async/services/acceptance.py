"""The check that the gateway's answer mentions every message of a send."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from wikipayam_async.core.operation import Operation, name_some
from wikipayam_async.errors import ResponseError, UnknownOutcomeError

__all__ = ["require_all_accepted"]


def require_all_accepted(
    operation: Operation, results: Sequence[Any], messages: Sequence[object], track_ids: Sequence[str | None]
) -> list[Any]:
    """Return the results, if there is one for every message.

    Raises:
        UnknownOutcomeError: The answer does not mention some messages; `accepted` holds the results of the others.
    """
    missing = [index for index, result in enumerate(results) if result is None]
    if not missing:
        return list(results)
    names = name_some([str(track_ids[index]) for index in missing])
    raise UnknownOutcomeError(
        f"{operation.name}: the gateway's answer does not mention {len(missing)} of {len(results)} messages ({names}); "
        "they may have been accepted. Do not resend blindly: look up the track ids in the panel first",
        messages=[messages[index] for index in missing],
        track_ids=[track_ids[index] for index in missing],
        accepted=[result for result in results if result is not None],
        phase=None,
    ) from ResponseError(f"{operation.name}: the success response does not mention {len(missing)} messages")
