"""Lose the response to an accepted request, and print the unknown messages."""

import anyio

from wikipayam_async import AsyncWikipayam, SmsMessage
from wikipayam_async.emulator import DEFAULT_LINE, DEFAULT_TOKEN, Emulator, EmulatorTransport, Fault, When


async def main() -> None:
    """Send four SMS in two requests, and lose the response to the first."""
    emulator = Emulator()  # in this process, without a port
    emulator.faults.arm(Fault.reset(when=When.AFTER), on="POST /sms/send")

    messages = [SmsMessage(f"0912000100{n}", "سفارش شما آماده است", track_id=f"ORDER-{n}") for n in range(4)]
    async with AsyncWikipayam(DEFAULT_TOKEN, sender=DEFAULT_LINE, transport=EmulatorTransport(emulator)) as client:
        report = await client.sms.send_bulk(messages, batch_size=2, concurrency=1)

    print(report.summary())
    for result in report.unknown:
        print(f"unknown: {result.track_id}")
    print(f"the gateway's ledger: {len(emulator.ledger)} accepted")


anyio.run(main)
