"""Django and Celery: a view enqueues the notice of an order on commit, and a task sends it once and records its outcome."""

import os
from functools import partial

import django
from celery import Celery
from django.conf import settings
from django.db import connection, models, transaction
from django.http import HttpRequest, JsonResponse

from wikipayam_async import SAFE_TO_RETRY, AsyncWikipayam, SendStatus, WikipayamError
from wikipayam_async.idempotency import IdempotencyStoreError, InFlightError, SQLiteIdempotencyStore
from wikipayam_async.portal import ClientPortal

# settings.py
if not settings.configured:
    settings.configure(
        ALLOWED_HOSTS=["*"],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.environ["SHOP_DB"]}},
    )
    django.setup()


# models.py
class Order(models.Model):
    number = models.CharField(primary_key=True, max_length=40)
    mobile = models.CharField(max_length=20)
    notice = models.CharField(max_length=16, default="due")  # then a SendStatus

    class Meta:
        app_label = "shop"


# tasks.py
app = Celery("shop", broker=os.environ["BROKER_URL"])
app.conf.update(task_acks_late=True, task_reject_on_worker_lost=True, worker_prefetch_multiplier=1)
sms = ClientPortal(lambda: AsyncWikipayam(idempotency=SQLiteIdempotencyStore(os.environ["SENT_DB"])))


RETRY = (*SAFE_TO_RETRY, InFlightError, IdempotencyStoreError)


@app.task(autoretry_for=RETRY, retry_backoff=True, max_retries=5)
def notify(number: str) -> None:
    order = Order.objects.get(number=number)
    key = f"{number}:ready"  # the task may be delivered twice
    outcome = SendStatus.ACCEPTED
    try:
        sms.call(sms.client.sms.send, order.mobile, "Ready", track_id=number, idempotency_key=key)
    except RETRY:
        raise
    except WikipayamError as error:  # also an unknown outcome: a person finds out, and nothing is sent again
        outcome = error.send_status or SendStatus.UNKNOWN
    Order.objects.filter(number=number).update(notice=outcome.value)


# views.py
def take(request: HttpRequest) -> JsonResponse:
    number = str(request.POST["order"])
    with transaction.atomic():
        Order.objects.create(number=number, mobile=str(request.POST["mobile"]))
        # Not earlier, when a worker would not find the order; and not at all if the transaction is rolled back.
        transaction.on_commit(partial(notify.delay, number))
    return JsonResponse({"order": number}, status=202)


def create_tables() -> None:
    with connection.schema_editor() as editor:
        editor.create_model(Order)
