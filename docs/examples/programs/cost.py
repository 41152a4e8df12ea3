"""Estimate what a bulk send costs, and compare it with the balance. Nothing is sent."""

import asyncio

from wikipayam_async import AsyncWikipayam, SmsMessage
from wikipayam_async.cost import Tariff, format_money

TARIFF = Tariff(persian=895, latin=1790)  # rials a part, as your panel names them


async def main() -> None:
    messages = [SmsMessage(f"0912000{number:04}", "جشنواره‌ی پاییزی آغاز شد. لغو۱۱") for number in range(200)]
    async with AsyncWikipayam() as client:
        check = await client.estimate(messages, TARIFF)
    print(check.parts, "parts,", format_money(check.cost))
    if check.shortfall:
        print("charge the account with", format_money(check.shortfall))


if __name__ == "__main__":
    asyncio.run(main())
