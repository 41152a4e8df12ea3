"""procrastinate, a queue in PostgreSQL: one client per worker."""

import os

import anyio
from procrastinate import App, PsycopgConnector, RetryStrategy

from wikipayam_async import SAFE_TO_RETRY, AsyncWikipayam
from wikipayam_async.idempotency import InFlightError, SQLiteIdempotencyStore

app = App(connector=PsycopgConnector(conninfo=os.environ["DATABASE_URL"]))
SAFE: set[type[Exception]] = {*SAFE_TO_RETRY, InFlightError}
clients: list[AsyncWikipayam] = []


@app.task(name="notify", retry=RetryStrategy(max_attempts=5, exponential_wait=2, retry_exceptions=SAFE))
async def notify(order: str, mobile: str, text: str) -> None:
    """Send a notice."""
    await clients[0].sms.send(mobile, text, track_id=order, idempotency_key=f"{order}:ready")


async def work() -> None:
    """Run a worker; on SIGTERM it waits ten seconds for its jobs, then cancels them."""
    store = SQLiteIdempotencyStore(os.environ["SENT_DB"])
    async with app.open_async(), AsyncWikipayam(idempotency=store) as client:
        clients.append(client)
        await app.run_worker_async(concurrency=4, shutdown_graceful_timeout=10)


if __name__ == "__main__":
    anyio.run(work)
