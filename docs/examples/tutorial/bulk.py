"""Send one SMS per row of a table, and print the outcomes."""

import csv
from pathlib import Path

import anyio

from wikipayam_async import AsyncWikipayam
from wikipayam_async.templates import Template, messages_from, preview

CUSTOMERS = Path(__file__).with_name("customers.csv")
TEMPLATE = Template("سلام {name}، سفارش {order} آماده است.")


async def main() -> None:
    """Preview the texts, then send them."""
    with CUSTOMERS.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))

    found = preview(TEMPLATE, rows)
    print(f"{found.rows} texts, {found.parts} parts to pay for")

    messages = messages_from(TEMPLATE, rows, receiver_field="mobile", track_id_field="order")
    async with AsyncWikipayam() as client:
        report = await client.sms.send_bulk(messages)

    print(report.summary())
    for result in report.rejected:
        print(f"rejected, row {result.index}: {result.error}")
    for result in report.unknown:
        print(f"unknown, row {result.index}: look in the panel, by receiver and time ({result.track_id})")


anyio.run(main)
