"""Queue messages without waiting, and send the queued ones before the program ends."""

import asyncio

from wikipayam_async import AsyncWikipayam, SendResult


def note(result: SendResult) -> None:
    print(result.track_id, result.status)


async def main() -> None:
    async with AsyncWikipayam() as client:
        outbox = client.sms.outbox(on_outcome=note, drain_timeout=10)
        async with outbox:
            for number in range(3):
                outbox.post(f"0912000100{number}", "The shop closes in an hour.", track_id=f"CLOSE-{number}")
        print(len(outbox.unsent), "unsent")


if __name__ == "__main__":
    asyncio.run(main())
