"""Celery, prefork: each worker process has one event loop and one client, in a portal."""

import os
from typing import Any

from celery import Celery
from celery.signals import task_failure, task_retry, worker_process_shutdown

from wikipayam_async import SAFE_TO_RETRY, AsyncWikipayam
from wikipayam_async.idempotency import InFlightError, SQLiteIdempotencyStore
from wikipayam_async.portal import ClientPortal

app = Celery("shop", broker=os.environ["BROKER_URL"], backend=os.environ["BROKER_URL"])
app.conf.update(
    task_acks_late=True,  # a task whose worker dies is delivered again ...
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
)

# Opened by the first task of each process, after the fork.
sms = ClientPortal(lambda: AsyncWikipayam(idempotency=SQLiteIdempotencyStore(os.environ["SENT_DB"])))


@worker_process_shutdown.connect
def close(**_: Any) -> None:
    """Close the client when the process ends, after its last task."""
    sms.close()


@task_failure.connect
@task_retry.connect
def shorten(einfo: Any, **_: Any) -> None:
    """Leave the text of a traceback. With its frames, an error is so large that a worker which is stopped may hang."""
    einfo.tb = None


@app.task(autoretry_for=(*SAFE_TO_RETRY, InFlightError), retry_backoff=True, max_retries=5)
def notify(order: str, mobile: str, text: str) -> dict[str, str | None]:
    """Send a notice; its key makes a second delivery of the task harmless."""
    sent = sms.call(
        sms.client.sms.send,
        mobile,
        text,
        track_id=order,
        idempotency_key=f"{order}:ready",  # ... and does not send again
    )
    return {"id": sent.id, "track_id": sent.track_id}
