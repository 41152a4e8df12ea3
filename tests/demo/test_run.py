import io
from collections import Counter
from functools import partial

import anyio
from rich.console import Console

from wikipayam_async.demo.messages import read_receivers, write_messages
from wikipayam_async.demo.progress import Display
from wikipayam_async.demo.run import run
from wikipayam_async.emulator import DELIVERED, DeliveryRules, Emulator, Fault, serve, waiting_then


def test_a_run_reports_what_the_gateway_accepted() -> None:
    """Outcomes, delivery states, balances and request counts are those of the gateway."""
    emulator = Emulator(delivery=DeliveryRules(script=waiting_then(DELIVERED, after=0.0)))
    emulator.faults.script([Fault.status(429, retry_after=0.0)], on="POST /sms/send")
    messages = write_messages(read_receivers(), 5)
    display = Display(Console(file=io.StringIO(), width=100))
    with serve(emulator) as served:
        report = anyio.run(partial(run, batch_size=2, concurrency=1), served.url, messages, display.stage)
    assert [one.id for one in report.bulk.results] == [entry.id for entry in emulator.ledger]
    assert (report.deliveries, report.pending) == ({"DELIVERED": 5}, 0)
    assert report.balance_before - report.balance_after == sum(entry.cost for entry in emulator.ledger)
    assert (report.requests.requests["sms.send"], report.requests.retries) == (4, Counter({"sms.send": 1}))
