"""The emulated gateway: a state machine without I/O, whose clock is handed in."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from threading import RLock

from attrs import evolve

from wikipayam_async.emulator.app import AsgiApp, create_app
from wikipayam_async.emulator.exchange import Exchange, Request, Response
from wikipayam_async.emulator.faults.apply import throw
from wikipayam_async.emulator.faults.latency import Lag, Latency
from wikipayam_async.emulator.faults.schedule import Faults
from wikipayam_async.emulator.gateway.clock import TEHRAN, zoned
from wikipayam_async.emulator.gateway.delivery import DeliveryRules
from wikipayam_async.emulator.gateway.gateway import DEFAULT_PREFIX, Gateway, Limits
from wikipayam_async.emulator.gateway.inbox import InboundMessage
from wikipayam_async.emulator.gateway.random_ids import IdSource
from wikipayam_async.emulator.gateway.state import (
    DEFAULT_BALANCE,
    DEFAULT_LINE,
    DEFAULT_LINES,
    DEFAULT_PATTERNS,
    DEFAULT_PRICE,
    DEFAULT_TOKEN,
    DEFAULT_USER_NAME,
    DEFAULT_USERNAME,
    Account,
    LedgerEntry,
    State,
)


class Emulator:
    """One emulated gateway. ``Emulator()`` is ready for use: it has an account with the default token.

    Every method and property may be used from any thread.

    Args:
        clock: Seconds that only rise; delivery and the rate limit follow it.
        wall: The time of day when the emulator starts; by default the present.
        seed: Decides the ids, and how long each answer takes within the latency.
        price: What a part costs, in IRR.
        prefix: What stands before every path.
        limits: What is put up with.
        delivery: What becomes of accepted messages.
        latency: How long every answer takes, those of faults included; by default no time.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.monotonic,
        wall: datetime | None = None,
        seed: int = 0,
        price: int = DEFAULT_PRICE,
        prefix: str = DEFAULT_PREFIX,
        limits: Limits = Limits(),  # noqa: B008 - frozen, so one for all does
        delivery: DeliveryRules | None = None,
        latency: Latency = Latency(0),  # noqa: B008 - frozen too
    ) -> None:
        self._lock = RLock()
        self._clock = clock
        self._started = clock()
        self._wall = zoned(wall) if wall else datetime.now(TEHRAN)
        self._price = price
        self._state = State(ids=IdSource(seed), delivery=delivery or DeliveryRules())
        self._gateway = Gateway(state=self._state, clock=clock, now=self.now, prefix=prefix, limits=limits)
        self._requests: Counter[tuple[str, str]] = Counter()
        self._lag = Lag(seed, latency)
        self.faults = Faults(self._lock)
        self.account = self.add_account(token=DEFAULT_TOKEN, username=DEFAULT_USERNAME, user_name=DEFAULT_USER_NAME)
        self.app: AsgiApp = create_app(self)

    def add_account(
        self,
        *,
        token: str,
        balance: int = DEFAULT_BALANCE,
        lines: Iterable[str] = DEFAULT_LINES,
        patterns: Iterable[int] | Mapping[int, str] = DEFAULT_PATTERNS,
        username: str | None = None,
        user_name: str | None = None,
    ) -> Account:
        """Open a further account.

        Args:
            token: Its API token.
            balance: What it holds, in IRR.
            lines: The lines it may send from; codes go out on the first.
            patterns: The ids of its one-time code patterns, or their texts by id (``{code}`` stands for the code).
            username: The name for Holoo's road, unique; made up by default.
            user_name: The name the balance answer shows; by default the same.

        Returns:
            The account; its balance may be set at any time.

        Raises:
            ValueError: The token or the name is taken, or there is no line.
        """
        with self._lock:
            return self._gateway.add_account(
                token=token,
                username=username,
                user_name=user_name,
                lines=lines,
                patterns=patterns,
                balance=balance,
                price=self._price,
            )

    def handle(self, request: Request) -> Response:
        """Answer a request as the gateway does, whatever faults are armed.

        Args:
            request: The request.

        Returns:
            The answer.
        """
        with self._lock:
            self._seen(request)
            return self._gateway.answer(request)

    def exchange(self, request: Request) -> Exchange:
        """Answer a request, and let the fault that is due strike.

        Args:
            request: The request.

        Returns:
            What a shell is to deliver.
        """
        with self._lock:
            path = self._seen(request)
            fault, lag = self.faults.take(request.method, path), self._lag.take()
            if fault is None:
                return Exchange(self._gateway.answer(request), delay=lag)
            thrown = throw(fault, lambda: self._gateway.answer(request))
            return evolve(thrown, delay=thrown.delay + lag)

    def inbound(
        self, *, sender: str, message: str, receiver: str = DEFAULT_LINE, received_at: datetime | None = None
    ) -> str:
        """Let a message come in.

        Args:
            sender: Who sends it; the gateway spells it ``989...``.
            message: The text.
            receiver: The line it comes to, which decides whose inbox it goes to.
            received_at: When; by default now. Without a zone it is the emulator's.

        Returns:
            Its id.
        """
        with self._lock:
            message_id = self._state.ids.take()
            came = zoned(received_at) if received_at else self.now()
            self._state.owner_of(receiver).inbox.add(
                InboundMessage(id=message_id, sender=sender, receiver=receiver, message=message, received_at=came)
            )
            return message_id

    @contextmanager
    def memory(self) -> Iterator[State]:
        """Read or change what the gateway remembers while no request does.

        Yields:
            The memory.
        """
        with self._lock:
            yield self._state

    def now(self) -> datetime:
        """Tell the emulator's time of day.

        Returns:
            The time, in its time zone.
        """
        return self._wall + timedelta(seconds=self._clock() - self._started)

    def reset(self) -> None:
        """Forget what was sent, received, counted and armed; accounts go back to their opening balance."""
        with self._lock:
            self._gateway.reset()
            self._requests.clear()
            self.faults.reset()

    @property
    def limits(self) -> Limits:
        """What is put up with; may be set at any time."""
        return self._gateway.limits

    @limits.setter
    def limits(self, limits: Limits) -> None:
        self._gateway.limits = limits

    @property
    def latency(self) -> Latency:
        """How long every answer takes; may be set at any time."""
        return self._lag.latency

    @latency.setter
    def latency(self, latency: Latency) -> None:
        self._lag.latency = latency

    @property
    def delivery(self) -> DeliveryRules:
        """What becomes of accepted messages."""
        return self._state.delivery

    @property
    def ledger(self) -> list[LedgerEntry]:
        """Everything accepted so far, in order; a copy."""
        with self._lock:
            return list(self._state.ledger.entries)

    @property
    def accepted(self) -> int:
        """How many messages have been accepted."""
        return len(self._state.ledger.entries)

    def sent_to(self, receiver: str) -> list[LedgerEntry]:
        """List what a receiver was sent.

        Args:
            receiver: The number, in any spelling.

        Returns:
            The entries, oldest first.
        """
        with self._lock:
            return self._state.ledger.sent_to(receiver)

    def last_code(self, receiver: str) -> str | None:
        """Find the one-time code a receiver was sent last, by message or by call.

        Args:
            receiver: The number, in any spelling.

        Returns:
            The code, or None if there was none.
        """
        codes = [entry.code for entry in self.sent_to(receiver) if entry.code is not None]
        return codes[-1] if codes else None

    def accepted_track_ids(self) -> list[str]:
        """List the track ids of everything accepted, as often as each was accepted.

        Returns:
            The track ids, in order.
        """
        return [entry.track_id for entry in self.ledger if entry.track_id is not None]

    def inbox(self, line: str = DEFAULT_LINE) -> list[InboundMessage]:
        """List the inbox a line's messages go to.

        Args:
            line: The line.

        Returns:
            The messages, in the order they came in.
        """
        with self._lock:
            return self._state.owner_of(line).inbox.all()

    @property
    def requests(self) -> int:
        """How many requests the emulator has seen, refused and faulty ones included."""
        with self._lock:
            return self._requests.total()

    @property
    def request_counts(self) -> Counter[tuple[str, str]]:
        """How many requests were seen of every method and path (without the prefix); a copy."""
        with self._lock:
            return Counter(self._requests)

    def requests_to(self, target: str) -> int:
        """Count the requests to one endpoint.

        Args:
            target: A method and a path without the prefix, as in ``POST /sms/send``.

        Returns:
            The count.
        """
        method, _, path = target.partition(" ")
        with self._lock:
            return self._requests[method, path]

    def _seen(self, request: Request) -> str:
        path = self._gateway.path_of(request) or request.path
        self._requests[request.method, path] += 1
        return path
