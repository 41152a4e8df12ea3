"""Run the programs that use a portal in a framework, unchanged and in a process of their own, with an emulator."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from wikipayam_async.emulator import DEFAULT_LINE, DEFAULT_TOKEN, Emulator, Fault, When, serve

DOCS = Path(__file__).parent.parent.parent / "docs"
PORTALS = DOCS / "examples" / "portals"

if not DOCS.is_dir():
    pytest.skip("the documentation is not part of what is tested here", allow_module_level=True)

CELERY = """
import os, sys, time
import django_celery as shop
from celery.contrib.testing.worker import start_worker
from django.test import RequestFactory

shop.app.conf.broker_transport_options = {"polling_interval": 0.02}
shop.create_tables()
with start_worker(shop.app, perform_ping_check=False, pool="solo", concurrency=1):
    for order in sys.argv[1:]:
        form = {"order": order, "mobile": "09123456789"}
        assert shop.take(RequestFactory().post("/orders", form)).status_code == 202
        shop.notify.delay(order)  # the queue delivers the task again
    shop.take(RequestFactory().post("/orders", {"order": "LAST", "mobile": "12"}))
    deadline = time.monotonic() + 30
    while shop.Order.objects.filter(notice="due").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
print(dict(shop.Order.objects.values_list("number", "notice")))
shop.sms.close()
"""
"""Takes orders while a worker of Celery runs, and prints what became of their notices."""

SENT = {
    "django_portal": ["Ready", "Your appointment is tomorrow"],
    "flask_portal": ["Your order is ready"],
}


@pytest.mark.parametrize("name", SENT)
def test_a_program_sends_from_plain_views(name: str) -> None:
    """The assertions of the program hold, and the emulator has its messages."""
    pytest.importorskip(name.partition("_")[0])
    emulator = Emulator()
    with serve(emulator) as served:
        environment = {
            "SMS_AUTH_TOKEN": DEFAULT_TOKEN,
            "SMS_SENDER": DEFAULT_LINE,
            "WIKIPAYAM_SMS_API_BASE_URL": served.url,
            "PYTHONPATH": str(DOCS.parent),
        }
        command = [sys.executable, str(PORTALS / f"{name}.py")]
        subprocess.run(command, check=True, env=os.environ | environment, timeout=60)  # noqa: S603 - as above
    assert [sms.message for sms in emulator.ledger] == SENT[name]


def test_a_task_of_django_sends_once_and_records_the_outcome(tmp_path: Path) -> None:
    """Every task is delivered twice: each message leaves once, also the one whose answer is lost; a bad number is rejected."""
    for need in ("django", "celery"):
        pytest.importorskip(need)
    emulator = Emulator()
    emulator.faults.arm(Fault.reset(when=When.AFTER), on="POST /sms/send")
    with serve(emulator) as served:
        environment = {
            "SMS_AUTH_TOKEN": DEFAULT_TOKEN,
            "SMS_SENDER": DEFAULT_LINE,
            "WIKIPAYAM_SMS_API_BASE_URL": served.url,
            "PYTHONPATH": os.pathsep.join([str(DOCS.parent), str(PORTALS)]),
            "BROKER_URL": "memory://",
            "SHOP_DB": str(tmp_path / "shop.db"),
            "SENT_DB": str(tmp_path / "sent.db"),
        }
        command = [sys.executable, "-c", CELERY, "LOST", "A", "B"]
        done = subprocess.run(  # noqa: S603 - the program of this module
            command, check=True, env=os.environ | environment, timeout=60, stdout=subprocess.PIPE, encoding="utf-8"
        )
    expected = {"LOST": "unknown", "A": "accepted", "B": "accepted", "LAST": "rejected"}
    assert done.stdout.splitlines()[-1] == str(expected)
    assert sorted(emulator.accepted_track_ids()) == ["A", "B", "LOST"]


def test_every_program_is_run() -> None:
    """Each file has its messages above, or a test of its own."""
    assert sorted(file.stem for file in PORTALS.glob("*.py")) == sorted([*SENT, "django_celery"])
