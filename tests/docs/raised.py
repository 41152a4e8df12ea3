"""Every error of the page `errors.md`, raised by the package itself: the page quotes what a user sees."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import chdir
from pathlib import Path
from unittest import mock

from tests.docs import failing_sends as sends
from tests.docs import failing_stores as stores
from tests.docs.bench import Raises
from tests.docs.shell import run_command

__all__ = ["COMMANDS", "RAISED", "errors_of_commands"]

RAISED: Mapping[str, Sequence[Raises]] = {
    "ConfigurationError": [sends.no_token, sends.no_line, sends.ignored_option],
    "InvalidInputError": [sends.wrong_number, sends.empty_text],
    "ClosedError": [sends.closed],
    "APIConnectionError": [sends.refused],
    "APITimeoutError": [sends.slow_read],
    "AuthenticationError": [sends.wrong_token],
    "InsufficientBalanceError": [sends.empty_account],
    "PermissionDeniedError": [sends.answered(403, message="This action is unauthorized.")],
    "NotFoundError": [sends.wrong_prefix],
    "UnprocessableError": [sends.foreign_line],
    "BadRequestError": [sends.answered(400, message="The request body is not valid JSON.")],
    "PayloadTooLargeError": [sends.answered(413, message="Payload Too Large")],
    "RateLimitError": [sends.throttled, sends.paused],
    "ServerError": [sends.bad_gateway],
    "APIStatusError": [sends.answered(405, message="The method is not allowed.")],
    "ResponseError": [sends.html],
    "UnknownOutcomeError": [
        sends.lost,
        sends.slow_send,
        sends.answered(500),
        sends.missing,
        sends.said_no,
        stores.died,
    ],
    "BulkUnknownOutcomeError": [sends.partly_unknown],
    "BulkError": [sends.partly_refused],
    "BulkSourceError": [sends.broken_source],
    "BeforeSendError": [sends.broken_hook],
    "SuppressedError": [sends.suppressed(dedupe="receiver"), sends.suppressed(opt_out=["09120000001"])],
    "OutboxFullError": [sends.full_outbox],
    "CampaignError": [stores.unplanned],
    "PlanChangedError": [stores.other_plan, stores.other_messages],
    "JournalBusyError": [stores.busy],
    "JournalError": [stores.no_journal, stores.no_database],
    "JournalWriteError": [stores.disk_full],
    "IdempotencyConflictError": [stores.other_message],
    "InFlightError": [stores.in_flight],
    "IdempotencyStoreError": [stores.unwritable_store],
    "VerificationLimitError": [stores.limit],
    "ChallengeClosedError": [stores.over],
    "VerificationStoreError": [stores.broken_store],
    "InvalidProofError": [stores.proof("no proof"), stores.old_proof],
    "SavedStateError": [stores.no_state],
}
"""What raises the errors, in the order of the texts on the page."""

COMMANDS = (
    "send 09123456789 Hello",
    "bulk none.csv --text Hello",
    "bulk cp1256.csv --text Hello --sender 10002000",
    "bulk scan.pdf --text Hello --sender 10002000",
    "campaign status eid.campaign",
    "bulk customers.csv --text Hello",
)
"""Commands that fail before anything is sent."""


def errors_of_commands(folder: Path, locale: str) -> list[str]:
    """Return what the commands write to stderr, in a folder.

    Args:
        folder: The folder.
        locale: The locale of the user.
    """
    (folder / "cp1256.csv").write_bytes("receiver\nسلام\n".encode("cp1256"))
    (folder / "customers.csv").write_text("receiver\n09123456789\n", "utf-8")
    (folder / "scan.pdf").touch()
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("SMS_", "WIKIPAYAM_"))}
    with chdir(folder), mock.patch.dict(os.environ, environ | {"LC_ALL": locale}, clear=True):
        return [run_command(["wikipayam", *command.split()]).err.strip() for command in COMMANDS]
