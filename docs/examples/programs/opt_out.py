"""Hold back the messages to people who answered «لغو» (stop)."""

import asyncio

from wikipayam_async import AsyncWikipayam, SmsMessage
from wikipayam_async.optout import OptOutList, is_opt_out


async def main() -> None:
    opted_out = OptOutList()
    async with AsyncWikipayam() as client:
        async for message in client.receives.iter_unread():
            if is_opt_out(message.message):
                opted_out.add(message.sender)
        messages = [SmsMessage(f"0912000100{number}", "The sale begins today.") for number in range(5)]
        report = await client.sms.send_bulk(messages, opt_out=opted_out)
    print(report.summary())
    print(len(report.suppressed), "held back")


if __name__ == "__main__":
    asyncio.run(main())
