"""Send a text to every row of a CSV file, and print the outcome of each message that was not accepted."""

import asyncio
import csv
from pathlib import Path

from wikipayam_async import AsyncWikipayam
from wikipayam_async.templates import messages_from

FILE = Path(__file__).with_name("customers.csv")
TEXT = "Dear {name}, your order {order} is ready."


async def main() -> None:
    with FILE.open(encoding="utf-8-sig", newline="") as file:
        messages = messages_from(TEXT, csv.DictReader(file), receiver_field="mobile", track_id_field="order")
        async with AsyncWikipayam() as client:
            report = await client.sms.send_bulk(messages, batch_size=100, concurrency=8)
    print(report.summary())
    for result in report:
        if not result.ok:
            print(result.index, result.status, result.error)


if __name__ == "__main__":
    asyncio.run(main())
