"""RQ: the worker forks a process for each job, so each job has a client of its own."""

import os

from redis import Redis
from rq import Queue, Retry, Worker

from wikipayam_async import SAFE_TO_RETRY, AsyncWikipayam, SendStatus, WikipayamError
from wikipayam_async.idempotency import InFlightError, SQLiteIdempotencyStore
from wikipayam_async.portal import ClientPortal

queue = Queue("notices", connection=Redis.from_url(os.environ.get("BROKER_URL", "redis://")))


def notify(order: str, mobile: str, text: str) -> dict[str, str | None]:
    """Send a notice. RQ retries after any exception, so only errors that are safe to retry leave the job."""
    store = SQLiteIdempotencyStore(os.environ["SENT_DB"])
    with ClientPortal(lambda: AsyncWikipayam(idempotency=store)) as sms:
        try:
            sent = sms.call(sms.client.sms.send, mobile, text, track_id=order, idempotency_key=f"{order}:ready")
        except (*SAFE_TO_RETRY, InFlightError):
            raise
        except WikipayamError as error:
            return {"track_id": order, "status": error.send_status and error.send_status.value, "error": str(error)}
        return {"track_id": order, "status": SendStatus.ACCEPTED.value, "id": sent.id}


def enqueue(order: str, mobile: str, text: str) -> None:
    """Put a notice into the queue."""
    queue.enqueue(notify, order, mobile, text, retry=Retry(max=3, interval=[1, 10, 60]))


if __name__ == "__main__":
    # `rq worker` would import the packages in each job anew, which takes longer than to send.
    Worker([queue]).work(with_scheduler=True)
