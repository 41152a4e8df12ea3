"""SQLAlchemy: one-time codes in tables of your own database. Every step is one transaction that locks its rows."""

from collections.abc import Callable, Sequence
from typing import TypeVar

import attrs
from anyio import to_thread
from sqlalchemy import Engine, delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from wikipayam_async import SendStatus
from wikipayam_async.verification import CheckStatus, LimitScope, VerificationStoreError
from wikipayam_async.verification.store import (
    ChallengeRecord,
    ChallengeState,
    CheckAttempt,
    CheckOutcome,
    Quota,
    Refusal,
    SendIntent,
    SendOutcome,
    WrongTryWait,
)

T = TypeVar("T")


class Base(DeclarativeBase):
    """The tables of the codes."""


class ChallengeRow(Base):
    """A challenge: the fields of `ChallengeRecord`."""

    __tablename__ = "code_challenge"
    id: Mapped[str] = mapped_column(primary_key=True)
    receiver: Mapped[str]
    purpose: Mapped[str]
    key_id: Mapped[str]
    ip: Mapped[str | None]
    created_at: Mapped[float]
    expires_at: Mapped[float]
    forget_at: Mapped[float] = mapped_column(index=True)
    max_tries: Mapped[int]
    wrong: Mapped[int]
    state: Mapped[str]
    channel: Mapped[int]
    sends: Mapped[int]
    send_status: Mapped[str]
    message_id: Mapped[str | None]
    resend_at: Mapped[float]
    fallback_at: Mapped[float | None] = mapped_column(index=True)

    def record(self) -> ChallengeRecord:
        """Return the row as the verifier knows it."""
        fields = {name: getattr(self, name) for name in attrs.fields_dict(ChallengeRecord)}
        states = {"state": ChallengeState(self.state), "send_status": SendStatus(self.send_status)}
        return ChallengeRecord(**fields | states)


class CounterRow(Base):
    """A counter of a limit, or the wrong codes of a receiver and purpose: their key begins with `wrong/`."""

    __tablename__ = "code_counter"
    key: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int]
    since: Mapped[float]
    until: Mapped[float] = mapped_column(index=True)


class CodeStore:
    """Keeps the challenges and counters in PostgreSQL. Run `purge` now and then, for example every hour."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    async def start(
        self, record: ChallengeRecord, *, quotas: Sequence[Quota], waits: Sequence[WrongTryWait], now: float
    ) -> Refusal | None:
        """Create a challenge, if every limit allows it."""

        def work(session: Session) -> Refusal | None:
            wrong = session.get(CounterRow, wrong_key(record), with_for_update=True)
            if wrong is not None and now < wrong.until:
                wait = max((one.seconds for one in waits if one.tries <= wrong.number), default=0.0)
                wrong.since = min(wrong.since, now)  # a clock was set back
                if wrong.since + wait > now:
                    return Refusal(scope=LimitScope.PURPOSE, retry_after=wrong.since + wait - now)
            refused = take(session, quotas, now)
            if refused is None:
                session.add(ChallengeRow(**attrs.asdict(record)))
            return refused

        return await self.run(work)

    async def find(self, id: str, *, now: float) -> ChallengeRecord | None:  # noqa: A002 - the protocol's name
        """Return a challenge; None if it does not exist or is forgotten."""

        def work(session: Session) -> ChallengeRecord | None:
            row = session.get(ChallengeRow, id)
            return row.record() if row is not None and now < row.forget_at else None

        return await self.run(work)

    async def begin_send(self, intent: SendIntent, *, now: float) -> ChallengeRecord | Refusal | None:
        """Record that the code is about to be sent again. Of several that try, one does it."""

        def work(session: Session) -> ChallengeRecord | Refusal | None:
            row = locked(session, intent.id, now)
            if row is None or row.record().status_at(now) is not None or row.sends != intent.sends:
                return None
            refused = take(session, intent.quotas, now)
            if refused is not None:
                return refused
            row.channel, row.resend_at, row.sends = intent.channel, intent.resend_at, row.sends + 1
            row.send_status, row.message_id, row.fallback_at = SendStatus.UNKNOWN.value, None, None
            return row.record()

        return await self.run(work)

    async def end_send(self, outcome: SendOutcome, *, now: float) -> bool:
        """Write the outcome of a send, unless a later one was begun."""

        def work(session: Session) -> bool:
            row = locked(session, outcome.id, now)
            if row is None or row.sends != outcome.sends:
                return False
            over = row.record().status_at(now) is not None
            row.send_status, row.message_id = outcome.send_status.value, outcome.message_id
            row.resend_at, row.fallback_at = outcome.resend_at, None if over else outcome.fallback_at
            return True

        return await self.run(work)

    async def check(self, attempt: CheckAttempt, *, now: float) -> CheckOutcome:
        """Count an entered code, and use up the challenge if it is right."""

        def work(session: Session) -> CheckOutcome:
            row = locked(session, attempt.id, now)
            if row is None or row.purpose != attempt.purpose:
                return CheckOutcome(status=CheckStatus.NOT_FOUND)
            status, key = row.record().status_at(now), wrong_key(row)
            if status is not None:
                last = session.get(CounterRow, key)
                in_a_row = last.number if last is not None and now < last.until else 0
                return CheckOutcome(status=status, wrong=row.wrong, wrong_in_a_row=in_a_row)
            if attempt.right:
                row.state, row.fallback_at = ChallengeState.USED.value, None
                session.execute(delete(CounterRow).where(CounterRow.key == key))
                return CheckOutcome(status=CheckStatus.OK, wrong=row.wrong)
            (wrong,) = counters(session, [key], now)
            wrong.number = wrong.number + 1 if now < wrong.until else 1
            wrong.since, wrong.until = now, now + attempt.forget_wrong_after
            row.wrong += 1
            if row.wrong >= row.max_tries:
                row.fallback_at = None
            return CheckOutcome(status=CheckStatus.WRONG, wrong=row.wrong, wrong_in_a_row=wrong.number)

        return await self.run(work)

    async def cancel(self, id: str, *, now: float, refunds: Sequence[str] = ()) -> bool:  # noqa: A002 - as above
        """Close an open challenge, and give counters 1 back."""

        def work(session: Session) -> bool:
            row = locked(session, id, now)
            if row is None or row.state != ChallengeState.OPEN:
                return False
            row.state, row.fallback_at = ChallengeState.CANCELED.value, None
            for key in sorted(refunds):
                less = update(CounterRow).where(CounterRow.key == key, CounterRow.number > 0)
                session.execute(less.values(number=CounterRow.number - 1))
            return True

        return await self.run(work)

    async def claim_due(self, *, now: float, limit: int, lease: float) -> Sequence[ChallengeRecord]:
        """Take the challenges whose next channel is due; `skip_locked` leaves those of other processes to them."""

        def work(session: Session) -> list[ChallengeRecord]:
            due = select(ChallengeRow).where(ChallengeRow.fallback_at <= now).order_by(ChallengeRow.fallback_at)
            taken: list[ChallengeRecord] = []
            while rows := session.scalars(due.limit(limit - len(taken)).with_for_update(skip_locked=True)).all():
                for row in rows:
                    closed = now >= row.forget_at or row.record().status_at(now) is not None
                    row.fallback_at = None if closed else now + lease
                    if not closed:
                        taken.append(row.record())
            return taken

        return await self.run(work)

    async def purge(self, *, now: float) -> int:
        """Remove what is forgotten."""

        def work(session: Session) -> int:
            session.execute(delete(CounterRow).where(CounterRow.until <= now))
            gone = delete(ChallengeRow).where(ChallengeRow.forget_at <= now).returning(ChallengeRow.id)
            return len(session.scalars(gone).all())

        return await self.run(work)

    async def aclose(self) -> None:
        """Do nothing: the engine is the app's."""

    async def run(self, work: Callable[[Session], T]) -> T:
        """Do something in a transaction of its own, in a thread, and commit it."""

        def transact() -> T:
            try:
                with Session(self.engine) as session, session.begin():
                    return work(session)
            except SQLAlchemyError as error:
                raise VerificationStoreError(f"the table of codes: {type(error).__name__}") from None

        return await to_thread.run_sync(transact)


def locked(session: Session, challenge_id: str, now: float) -> ChallengeRow | None:
    """Return a challenge that no other transaction changes meanwhile; None if it is forgotten."""
    row = session.get(ChallengeRow, challenge_id, with_for_update=True)
    return row if row is not None and now < row.forget_at else None


def wrong_key(of: ChallengeRecord | ChallengeRow) -> str:
    """Return the key of the wrong codes of a receiver and purpose."""
    return f"wrong/{of.purpose}/{of.receiver}"


def counters(session: Session, keys: Sequence[str], now: float) -> Sequence[CounterRow]:
    """Return counters, locked in the order of their keys, so that no two transactions wait for each other."""
    for key in sorted(keys):
        new = insert(CounterRow).values(key=key, number=0, since=now, until=now)
        session.execute(new.on_conflict_do_nothing())
    found = select(CounterRow).where(CounterRow.key.in_(keys)).order_by(CounterRow.key).with_for_update()
    return session.scalars(found, execution_options={"populate_existing": True}).all()


def take(session: Session, quotas: Sequence[Quota], now: float) -> Refusal | None:
    """Count an event, if every counter has room."""
    rows = {row.key: row for row in counters(session, [quota.key for quota in quotas], now)}
    refusals = []
    for quota in quotas:
        row = rows[quota.key]
        if now >= row.since + quota.period:
            row.number, row.since = 0, now
        row.since = min(row.since, now)  # a clock was set back
        row.until = row.since + quota.period
        if row.number >= quota.limit:
            refusals.append(Refusal(scope=quota.scope, retry_after=row.until - now))
    if not refusals:
        for row in rows.values():
            row.number += 1
    return max(refusals, key=lambda refusal: refusal.retry_after, default=None)
