"""SQLAlchemy: idempotency keys in a table of your own, whose outcomes are committed with your business data."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from anyio import to_thread
from sqlalchemy import Engine, ForeignKey, delete, select
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from wikipayam_async import SendStatus
from wikipayam_async.idempotency import Claim, IdempotencyRecord, IdempotencyStoreError, Settlement

T = TypeVar("T")


class Base(DeclarativeBase):
    """The tables of the shop."""


class Order(Base):
    """An order."""

    __tablename__ = "shop_order"
    number: Mapped[str] = mapped_column(primary_key=True)
    notice: Mapped[str | None]  # the outcome of the SMS about it


class Notice(Base):
    """An idempotency key. `order` is a column of the shop's own."""

    __tablename__ = "notice"
    key: Mapped[str] = mapped_column(primary_key=True)
    order: Mapped[str | None] = mapped_column(ForeignKey(Order.number))
    kind: Mapped[str]
    digest: Mapped[str]
    claim_id: Mapped[str]
    owner: Mapped[str]
    track_id: Mapped[str | None]
    status: Mapped[str | None]
    outcome: Mapped[str]
    lease_end: Mapped[float]
    claimed_at: Mapped[float]
    expires_at: Mapped[float]


def now() -> float:
    """Return the time in seconds. On several machines, ask the database for it."""
    return datetime.now(UTC).timestamp()


class NoticeStore:
    """Keeps the keys in `Notice`. A key such as `ORDER-1001:shipped` belongs to the order ORDER-1001."""

    keep_for = timedelta(days=7)
    secret = b""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    async def claim(self, claim: Claim) -> IdempotencyRecord | None:
        """Take a key; return the record that stands in the way, if there is one."""

        def work(session: Session) -> IdempotencyRecord | None:
            notice = session.get(Notice, claim.key, with_for_update=True)
            if notice is None:
                number = claim.key.partition(":")[0]
                order = session.get(Order, number)
                notice = Notice(key=claim.key, order=None if order is None else order.number)
                session.add(notice)
            elif (found := record_of(notice)) is not None and not found.yields_to(claim):
                return found
            notice.kind, notice.digest, notice.claim_id = claim.kind, claim.digest, claim.claim_id
            notice.owner, notice.track_id, notice.status, notice.outcome = claim.owner, claim.track_id, None, ""
            notice.claimed_at, notice.lease_end = now(), now() + claim.lease
            notice.expires_at = notice.lease_end + claim.keep
            return None

        return await self.run(work)

    async def settle(self, settlement: Settlement) -> bool:
        """Write an outcome, and tell the order, in one transaction."""

        def work(session: Session) -> bool:
            notice = session.get(Notice, settlement.key, with_for_update=True)
            if notice is None or notice.claim_id != settlement.claim_id:
                return False
            notice.status, notice.outcome = settlement.status.value, settlement.outcome
            notice.expires_at = now() + settlement.keep
            if notice.order is not None:
                session.get_one(Order, notice.order).notice = settlement.status.value
            return True

        return await self.run(work)

    async def read(self, key: str) -> IdempotencyRecord | None:
        """Return the record of a key."""
        return await self.run(lambda session: record_of(session.get(Notice, key)))

    async def forget(self, key: str) -> bool:
        """Remove a key."""
        gone = delete(Notice).where(Notice.key == key).returning(Notice.key)
        return await self.run(lambda session: session.scalar(gone) is not None)

    async def purge(self) -> int:
        """Remove the keys that have expired."""

        def work(session: Session) -> int:
            expired = session.scalars(select(Notice).where(Notice.expires_at <= now())).all()
            for notice in expired:
                session.delete(notice)
            return len(expired)

        return await self.run(work)

    async def aclose(self) -> None:
        """Do nothing: the engine is the shop's."""

    async def run(self, work: Callable[[Session], T]) -> T:
        """Do something in a transaction of its own, in a thread, and commit it."""
        return await to_thread.run_sync(self.transact, work)

    def transact(self, work: Callable[[Session], T]) -> T:
        """Do something in a transaction; again if another process inserted the same key first."""
        try:
            try:
                with Session(self.engine) as session, session.begin():
                    return work(session)
            except IntegrityError:
                with Session(self.engine) as session, session.begin():
                    return work(session)
        except SQLAlchemyError as error:
            raise IdempotencyStoreError(f"the table of notices: {type(error).__name__}") from None


def record_of(notice: Notice | None) -> IdempotencyRecord | None:
    """Return a row as the client knows it; None if it has expired."""
    if notice is None or notice.expires_at <= now():
        return None
    return IdempotencyRecord(
        key=notice.key,
        kind=notice.kind,
        digest=notice.digest,
        claim_id=notice.claim_id,
        owner=notice.owner,
        track_id=notice.track_id,
        status=None if notice.status is None else SendStatus(notice.status),
        outcome=notice.outcome,
        lease_left=notice.lease_end - now(),
        claimed_at=datetime.fromtimestamp(notice.claimed_at, UTC),
        expires_at=datetime.fromtimestamp(notice.expires_at, UTC),
    )
