"""`wikipayam worker`: sends the campaigns that are enqueued in a database."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

import anyio

from wikipayam_async.campaigns.errors import JournalError
from wikipayam_async.campaigns.models import CampaignProgress, CampaignStatus
from wikipayam_async.cli.campaign.dashboard import Dashboard, Snapshot, dashboard, row_of
from wikipayam_async.cli.campaign.options import UrlOptions
from wikipayam_async.cli.campaign.report import described_progress
from wikipayam_async.cli.database import Database
from wikipayam_async.cli.exits import Exit
from wikipayam_async.cli.output import Output, counted
from wikipayam_async.cli.session import GatewayOptions, Session, online
from wikipayam_async.cli.values import WholeNumber
from wikipayam_async.errors import InvalidInputError, WikipayamError

__all__ = ["worker"]

_POLL_SECONDS = 5.0
_LIVE_POLL_SECONDS = 1.0
_ENDED_SHOWN = 5
_ENDED = {CampaignStatus.COMPLETED, CampaignStatus.CANCELED}


def worker(
    *,
    concurrency: WholeNumber = 8,
    name: str | None = None,
    database: UrlOptions = UrlOptions(),
    connection: GatewayOptions = GatewayOptions(),
) -> Exit:
    """Send the campaigns that are enqueued in a database.

    Any number of workers may run, on any machines. A worker sends the campaigns of its account and its line, until Ctrl-C
    or SIGTERM; then it finishes what is in flight, and records it.

    Args:
        concurrency: The maximum number of requests in flight.
        name: The name of the worker (default: that of the machine, and the process).
        database: The database.
        connection: How to reach the gateway.
    """

    async def work(session: Session) -> None:
        if concurrency < 1:
            raise InvalidInputError("--concurrency", rule="expected at least 1", got="less")
        found = database.need()
        sender = await found.worker(session.client, concurrency=concurrency, name=name)
        failure: WikipayamError | None = None
        out = session.out
        with dashboard(out) as board, _told(out.warn if out.json else board.say):
            board.say(f"worker {sender.name}: {counted(concurrency, 'request')} at once; Ctrl-C or SIGTERM ends it")
            async with anyio.create_task_group() as group:
                group.start_soon(_show_until_end, found, out, board)
                try:
                    await sender.run()
                except WikipayamError as error:
                    failure = error  # raised later: the task group would wrap it in an exception group
                group.cancel_scope.cancel()
        if failure is not None:
            raise failure

    return online(connection, work, reports_sends=True)


async def _show_until_end(database: Database, out: Output, board: Dashboard) -> None:
    """Show the campaigns that are sent, those that are paused, and the last ones that have ended.

    With `--json` there is a line of JSON for each change.
    """
    before: dict[str, CampaignProgress] = {}
    ended: dict[str, CampaignProgress] = {}
    others: Sequence[str] = ()
    async with database.overviews() as reader:
        while True:
            with suppress(JournalError):  # the worker itself says that the database is away
                now = await reader.read(others)
                others = [name for name, one in now.campaigns.items() if one.status not in _ENDED]
                ended |= {name: one for name, one in now.campaigns.items() if one.status in _ENDED}
                for name in [*others, *list(ended)[:-_ENDED_SHOWN]]:
                    ended.pop(name, None)
                shown, workers = {**ended, **now.campaigns}, [row_of(one) for one in now.workers]
                board.show(Snapshot(shown, workers))
                if shown != before:
                    campaigns = [described_progress(name, one) for name, one in shown.items()]
                    out.emit({"campaigns": campaigns, "workers": workers})
                before = shown
            await anyio.sleep(_LIVE_POLL_SECONDS if out.is_live else _POLL_SECONDS)


class _Told(logging.Handler):
    """Tells what the package warns of while a worker runs, since nobody reads the end of its output.

    Args:
        say: Writes a line.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        super().__init__(logging.WARNING)
        self._say = say

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line."""
        self._say(f"{record.levelname.lower()}: {record.getMessage()}")


@contextmanager
def _told(say: Callable[[str], None]) -> Iterator[None]:
    logger, handler = logging.getLogger("wikipayam_async"), _Told(say)
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
