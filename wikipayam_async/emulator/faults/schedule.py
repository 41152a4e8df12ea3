"""Which fault strikes next: armed one by one, in a script, by turns or at random; and a log of what was thrown."""

from collections import Counter
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from threading import RLock

from attrs import define, field, frozen

from wikipayam_async.emulator.faults.fault import Fault, FaultKind
from wikipayam_async.emulator.gateway.random_ids import fraction


@frozen
class ThrownFault:
    """A fault that has struck.

    Attributes:
        fault: The fault.
        method: The method of the request it struck.
        path: The path of the request, without the prefix.
    """

    fault: Fault
    method: str
    path: str


@define
class _Armed:
    fault: Fault | None
    on: str | None
    times: int | None


@define
class _Dice:
    odds: Mapping[Fault, float]
    seed: int
    on: str | None
    rolls: int = 0

    def draw(self) -> Fault | None:
        self.rolls += 1
        left = fraction("fault", self.seed, self.rolls)
        for fault, odds in self.odds.items():
            left -= odds
            if left < 0:
                return fault
        return None


@define
class _Turns:
    fault: Fault
    every: int
    on: str | None
    turns: int = 0

    def draw(self) -> Fault | None:
        self.turns += 1
        return None if self.turns % self.every else self.fault


def _fits(on: str | None, target: str) -> bool:
    return on is None or fnmatchcase(target, on)


@define
class Faults:
    """The faults of one emulator.

    ``on`` says which requests are meant: a method and a path without the prefix (``POST /sms/send``), where ``*``
    stands for anything (``GET /receives*``); None means every request. Of several armed faults that fit a request,
    the one armed first strikes; the plans, by turns and at random, are asked where none fits, and the one made first
    that has a fault strikes.
    """

    # Tests arm faults in one thread while a server answers in another.
    _lock: RLock = field(factory=RLock, repr=False, eq=False)
    _armed: list[_Armed] = field(init=False, factory=list)
    _plans: list[_Turns | _Dice] = field(init=False, factory=list)
    _log: list[ThrownFault] = field(init=False, factory=list)

    def arm(self, fault: Fault, *, on: str | None = None, times: int | None = 1) -> None:
        """Let a fault strike the next requests.

        Args:
            fault: The fault.
            on: Which requests are meant.
            times: How often it strikes; None for ever.
        """
        with self._lock:
            self._armed.append(_Armed(fault, on, times))

    def script(self, faults: Iterable[Fault | None], *, on: str | None = None) -> None:
        """Say what happens to the next requests, one by one.

        Args:
            faults: A fault for each request; None lets one through unharmed.
            on: Which requests are meant.
        """
        with self._lock:
            self._armed.extend(_Armed(fault, on, 1) for fault in faults)

    def every(self, fault: Fault, turn: int, *, on: str | None = None) -> None:
        """Let a fault strike one request of so many, for ever.

        Args:
            fault: The fault.
            turn: 10 strikes the 10th, the 20th and so on of the requests that are meant; 1 strikes them all.
            on: Which requests are meant.

        Raises:
            ValueError: The turn is less than 1.
        """
        if turn < 1:
            raise ValueError("turns begin at 1, which is every request")
        with self._lock:
            self._plans.append(_Turns(fault, turn, on))

    def random(self, odds: Mapping[Fault, float], *, seed: int = 0, on: str | None = None) -> None:
        """Let faults strike by chance, the same way in every run.

        Args:
            odds: The probability of every fault; together at most 1.
            seed: Decides which requests are struck.
            on: Which requests are meant.

        Raises:
            ValueError: The probabilities are no probabilities.
        """
        # Rounding must not refuse ten times 0.1.
        if min(odds.values(), default=0) < 0 or sum(odds.values()) > 1 + 1e-9:
            raise ValueError("probabilities are not negative, and together at most 1")
        with self._lock:
            self._plans.append(_Dice(dict(odds), seed, on))

    def clear(self) -> None:
        """Disarm everything; the log stays."""
        with self._lock:
            self._armed.clear()
            self._plans.clear()

    def reset(self) -> None:
        """Disarm everything and empty the log."""
        with self._lock:
            self.clear()
            self._log.clear()

    @property
    def log(self) -> list[ThrownFault]:
        """Every fault that has struck, in order."""
        with self._lock:
            return list(self._log)

    @property
    def thrown(self) -> Counter[FaultKind]:
        """How often every kind of fault has struck."""
        with self._lock:
            return Counter(thrown.fault.kind for thrown in self._log)

    @property
    def pending(self) -> int:
        """How many armed strikes are left; those armed for ever count as one."""
        with self._lock:
            return sum(1 if armed.times is None else armed.times for armed in self._armed)

    def take(self, method: str, path: str) -> Fault | None:
        """Take the fault that strikes a request, and log it.

        Args:
            method: The method of the request.
            path: Its path, without the prefix.

        Returns:
            The fault, or None if the request goes unharmed.
        """
        if not self._armed and not self._plans:
            return None
        with self._lock:
            fault = self._choose(f"{method} {path}")
            if fault is not None:
                self._log.append(ThrownFault(fault, method, path))
            return fault

    def _choose(self, target: str) -> Fault | None:
        for armed in self._armed:
            if _fits(armed.on, target):
                if armed.times is not None:
                    armed.times -= 1
                    if armed.times <= 0:
                        self._armed.remove(armed)
                return armed.fault
        # All are asked, or what one strikes would put the turns and the dice of another out of step.
        drawn = [plan.draw() for plan in self._plans if _fits(plan.on, target)]
        return next((fault for fault in drawn if fault is not None), None)
