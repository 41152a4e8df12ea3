"""Campaigns, idempotency keys and codes that fail, each as in an entry of the page `errors.md`."""

from __future__ import annotations

from typing import Any

from anyio.lowlevel import checkpoint
from attrs import evolve

from tests.docs.bench import RECEIVER, TEXT, TRACK_ID, Bench, Raises
from tests.support.raw import closed_port
from wikipayam_async.campaigns import Campaign, JournalError, MemoryJournal, SQLiteJournal
from wikipayam_async.emulator import load_state
from wikipayam_async.idempotency import Claim, IdempotencyRecord, MemoryIdempotencyStore, SQLiteIdempotencyStore
from wikipayam_async.integrations.procrastinate import PostgresJournal
from wikipayam_async.verification import MemoryStore, NumberProofs


async def unplanned(bench: Bench) -> object:
    """Run a campaign without a plan."""
    async with Campaign.open(bench.client(), bench.folder / "eid.campaign") as campaign:
        return await campaign.run()


async def other_plan(bench: Bench) -> object:
    """Plan a campaign with another option."""
    async with Campaign.open(bench.client(), MemoryJournal("eid")) as campaign:
        await campaign.plan(bench.messages())
        return await campaign.plan(bench.messages(), batch_size=50)


async def other_messages(bench: Bench) -> object:
    """Plan a campaign with other messages."""
    async with Campaign.open(bench.client(), MemoryJournal("eid")) as campaign:
        await campaign.plan(bench.messages())
        return await campaign.plan(bench.messages(2))


async def no_journal(bench: Bench) -> object:
    """Open a file that is no campaign."""
    path = bench.folder / "eid.campaign"
    path.write_text("not a campaign " * 100, "utf-8")
    async with Campaign.open(bench.client(), path) as campaign:
        return await campaign.progress()


async def busy(bench: Bench) -> object:
    """Run a campaign that another process uses."""
    path = bench.folder / "eid.campaign"
    async with Campaign.open(bench.client(), path) as campaign:
        await campaign.plan(bench.messages())
        other = SQLiteJournal(path)
        await other.lock()
        try:
            return await campaign.run()
        finally:
            await other.aclose()


async def no_database(bench: Bench) -> object:
    """Open a campaign in a database that is away."""
    url = f"postgresql://sms@127.0.0.1:{closed_port()}/sms"
    async with Campaign.open(bench.client(), PostgresJournal(url, name="eid")) as campaign:
        return await campaign.progress()


async def disk_full(bench: Bench) -> object:
    """Run a campaign whose outcomes cannot be written."""

    class Full(MemoryJournal):
        async def settle(self, *_: Any, **__: Any) -> bool:
            raise JournalError("eid: cannot be written: the disk is full")

    async def skip(_: float) -> None:
        await checkpoint()

    async with Campaign.open(bench.client(), Full("eid"), sleep=skip) as campaign:
        await campaign.plan(bench.messages())
        return await campaign.run()


async def send_with_key(bench: Bench, store: Any, text: str = TEXT) -> object:
    """Send a message with an idempotency key."""
    client, key = bench.client(idempotency=store), "order-1001:shipped"
    return await client.sms.send(RECEIVER, text, idempotency_key=key, track_id=TRACK_ID)


async def other_message(bench: Bench) -> object:
    """Send another message with the same key."""
    store = MemoryIdempotencyStore()
    await send_with_key(bench, store)
    return await send_with_key(bench, store, "Another text")


async def unwritable_store(bench: Bench) -> object:
    """Send with a store that cannot be opened."""
    (bench.folder / "sent.db").mkdir()
    return await send_with_key(bench, SQLiteIdempotencyStore(bench.folder / "sent.db"))


async def in_flight(bench: Bench) -> object:
    """Send with a key that another call has."""

    class Taken(MemoryIdempotencyStore):
        async def claim(self, claim: Claim) -> IdempotencyRecord | None:
            await super().claim(evolve(claim, claim_id="another", lease=60.0))
            return await super().claim(claim)

    return await bench.client(idempotency=Taken()).sms.send(
        RECEIVER, TEXT, idempotency_key="order-1001:shipped", timeout=0.1
    )


async def died(bench: Bench) -> object:
    """Send with a key whose call died."""

    class Dead(MemoryIdempotencyStore):
        async def claim(self, claim: Claim) -> IdempotencyRecord | None:
            await super().claim(evolve(claim, claim_id="another", lease=-60.0))
            return await super().claim(claim)

    return await send_with_key(bench, Dead())


async def limit(bench: Bench) -> object:
    """Start two challenges at once."""
    verifier = bench.verifier()
    await bench.started(verifier)
    return await bench.started(verifier)


async def over(bench: Bench) -> object:
    """Send an unknown challenge again."""
    return await bench.verifier().resend("0" * 32)


async def broken_store(bench: Bench) -> object:
    """Start a challenge with a store that fails."""

    class Broken(MemoryStore):
        async def start(self, *_: Any, **__: Any) -> Any:
            raise OSError

    return await bench.started(bench.verifier(store=Broken()))


def proof(text: str) -> Raises:
    """Return what checks a proof."""

    async def raise_it(_: Bench) -> object:
        return NumberProofs(secret="0" * 64).verify(text, purpose="login")

    return raise_it


async def old_proof(_: Bench) -> object:
    """Check a proof that has expired."""
    times = iter((0.0, 86_400.0))
    proofs = NumberProofs(secret="0" * 64, clock=lambda: next(times))
    return proofs.verify(proofs.issue("09123456789", purpose="login"), purpose="login")


async def no_state(bench: Bench) -> None:
    """Load a file that holds no state."""
    path = bench.folder / "state.json"
    path.write_text("[]", "utf-8")
    load_state(bench.emulator, path)
