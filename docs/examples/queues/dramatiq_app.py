"""dramatiq: async actors share the event loop of their worker process, and one client."""

import os

import dramatiq
from dramatiq.brokers.redis import RedisBroker
from dramatiq.middleware.asyncio import AsyncIO

from wikipayam_async import SAFE_TO_RETRY, AsyncWikipayam
from wikipayam_async.idempotency import InFlightError, SQLiteIdempotencyStore


class Wikipayam(dramatiq.Middleware):
    """Opens a client in each worker process when it starts."""

    client: AsyncWikipayam

    def before_worker_boot(self, broker: dramatiq.Broker, worker: dramatiq.Worker) -> None:
        """Open the client. Creating one needs no event loop."""
        del broker, worker
        self.client = AsyncWikipayam(idempotency=SQLiteIdempotencyStore(os.environ["SENT_DB"]))


wikipayam = Wikipayam()
broker = RedisBroker(url=os.environ["BROKER_URL"])
broker.add_middleware(AsyncIO())
broker.add_middleware(wikipayam)
dramatiq.set_broker(broker)


MAX_RETRIES = 5


def may_retry(retries: int, error: Exception) -> bool:
    """Retry only a few times, and only after errors that are safe to retry."""
    return retries < MAX_RETRIES and isinstance(error, (*SAFE_TO_RETRY, InFlightError))


@dramatiq.actor(retry_when=may_retry)
async def notify(order: str, mobile: str, text: str) -> None:
    """Send a notice."""
    await wikipayam.client.sms.send(mobile, text, track_id=order, idempotency_key=f"{order}:ready")
