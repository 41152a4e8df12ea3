"""`wikipayam worker`: sends the campaigns that are enqueued in a database."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

import anyio

from wikipayam_async.campaigns.errors import JournalError
from wikipayam_async.campaigns.models import CampaignProgress, CampaignStatus
from wikipayam_async.cli.campaign.dashboard import Dashboard, Snapshot, dashboard, row_of
from wikipayam_async.cli.campaign.options import UrlOptions
from wikipayam_async.cli.database import Database
from wikipayam_async.cli.exits import Exit
from wikipayam_async.cli.output import counted
from wikipayam_async.cli.session import GatewayOptions, Session, online
from wikipayam_async.errors import InvalidInputError, WikipayamError

__all__ = ["worker"]

_POLL_SECONDS = 5.0
_LIVE_POLL_SECONDS = 1.0
_ENDED_SHOWN = 5
_ENDED = {CampaignStatus.COMPLETED, CampaignStatus.CANCELED}


def worker(
    *,
    concurrency: int = 8,
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
        with dashboard(session.out) as board, _told(board):
            board.say(f"worker {sender.name}: {counted(concurrency, 'request')} at once; Ctrl-C or SIGTERM ends it")
            async with anyio.create_task_group() as group:
                group.start_soon(
                    _show_until_end, found, board, _LIVE_POLL_SECONDS if session.out.is_live else _POLL_SECONDS
                )
                try:
                    await sender.run()
                except WikipayamError as error:
                    failure = error  # raised later: the task group would wrap it in an exception group
                group.cancel_scope.cancel()
        if failure is not None:
            raise failure

    return online(connection, work, reports_sends=True)


async def _show_until_end(database: Database, board: Dashboard, seconds: float) -> None:
    """Show the campaigns that are sent, those that are paused, and the last ones that have ended."""
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
                board.show(Snapshot({**ended, **now.campaigns}, [row_of(one) for one in now.workers]))
            await anyio.sleep(seconds)


class _Told(logging.Handler):
    """Tells what the package warns of while a worker runs, since nobody reads the end of its output.

    Args:
        board: Where to tell it.
    """

    def __init__(self, board: Dashboard) -> None:
        super().__init__(logging.WARNING)
        self._board = board

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line."""
        self._board.say(f"{record.levelname.lower()}: {record.getMessage()}")


@contextmanager
def _told(board: Dashboard) -> Iterator[None]:
    logger, handler = logging.getLogger("wikipayam_async"), _Told(board)
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
