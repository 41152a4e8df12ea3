"""Chooses the fault of each request: armed, scripted, periodic or random. Keeps a log of the faults."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from fnmatch import fnmatchcase
from functools import partial
from threading import RLock
from typing import Protocol

from attrs import define, field, frozen

from wikipayam_async.emulator.faults.fault import Fault, FaultKind
from wikipayam_async.emulator.gateway.pseudorandom import fraction


@frozen
class ThrownFault:
    """A fault that has occurred.

    Attributes:
        fault: The fault.
        method: The method of the request.
        path: The path of the request, without the prefix.
    """

    fault: Fault
    method: str
    path: str


class ArmedFault(Protocol):
    """What adding a fault returns, to look at it and to remove it later."""

    @property
    def times(self) -> int | None:
        """The number of requests that it still applies to; None means no limit."""
        ...


@define(eq=False)
class _Armed:
    fault: Fault | None
    on: str | None
    times: int | None


@define(eq=False)
class _Unlimited:
    choose: Callable[[int], Fault | None]
    """Returns the fault of the nth matching request."""
    on: str | None
    requests: int = 0

    @property
    def times(self) -> None:
        return None

    def next_fault(self) -> Fault | None:
        self.requests += 1
        return self.choose(self.requests)


def _draw(chances: Mapping[Fault, float], seed: int, number: int) -> Fault | None:
    rest = fraction("fault", seed, number)
    for fault, odds in chances.items():
        rest -= odds
        if rest < 0:
            return fault
    return None


def _matches(on: str | None, target: str) -> bool:
    return on is None or fnmatchcase(target, on)


@define
class Faults:
    """The faults of one emulator.

    `on` selects requests by method and path, without the prefix (`POST /sms/send`); `*` matches anything
    (`GET /receives*`), and None matches every request.

    A request has at most one fault. Armed and scripted faults go first, in the order they were added. Periodic and
    random faults apply to the requests that match none of those; of several, the one added first applies.
    """

    # Tests arm faults in one thread while a server responds in another.
    _lock: RLock = field(factory=RLock, repr=False, eq=False)
    _armed: list[_Armed] = field(init=False, factory=list)
    _unlimited: list[_Unlimited] = field(init=False, factory=list)
    _log: list[ThrownFault] = field(init=False, factory=list)

    def arm(self, fault: Fault, *, on: str | None = None, times: int | None = 1) -> ArmedFault:
        """Apply a fault to the next requests.

        Args:
            fault: The fault.
            on: Which requests match.
            times: The number of requests; None means no limit.

        Returns:
            The armed fault, for `remove`.
        """
        armed = _Armed(fault, on, times)
        with self._lock:
            self._armed.append(armed)
        return armed

    def script(self, faults: Iterable[Fault | None], *, on: str | None = None) -> None:
        """Set the faults of the next requests, one by one.

        Args:
            faults: The fault of each request; None for a request without one.
            on: Which requests match.
        """
        with self._lock:
            self._armed.extend(_Armed(fault, on, 1) for fault in faults)

    def every(self, fault: Fault, turn: int, *, on: str | None = None) -> ArmedFault:
        """Apply a fault to every nth request.

        Args:
            fault: The fault.
            turn: The period: 10 means the 10th, the 20th and so on of the matching requests; 1 means all of them.
            on: Which requests match.

        Returns:
            The armed fault, for `remove`.

        Raises:
            ValueError: The period is less than 1.
        """
        if turn < 1:
            raise ValueError("expected a period of at least 1, which is every request")
        return self._add(_Unlimited(lambda number: None if number % turn else fault, on))

    def random(self, odds: Mapping[Fault, float], *, seed: int = 0, on: str | None = None) -> ArmedFault:
        """Apply faults at random, to the same requests in every run.

        Args:
            odds: The probability of each fault; their sum is at most 1.
            seed: Determines which requests have a fault.
            on: Which requests match.

        Returns:
            The armed faults, for `remove`.

        Raises:
            ValueError: A probability is negative, or their sum exceeds 1.
        """
        # The tolerance allows ten times 0.1, whose sum is rounded.
        if min(odds.values(), default=0) < 0 or sum(odds.values()) > 1 + 1e-9:
            raise ValueError("expected probabilities from 0 whose sum is at most 1")
        return self._add(_Unlimited(partial(_draw, dict(odds), seed), on))

    def is_armed(self, armed: ArmedFault) -> bool:
        """Tell whether a fault still applies: it was neither removed nor used up.

        Args:
            armed: What adding it returned.
        """
        with self._lock:
            return armed in self._armed or armed in self._unlimited

    def remove(self, armed: ArmedFault) -> None:
        """Remove one fault, if it still applies.

        Args:
            armed: What adding it returned.
        """
        with self._lock:
            self._armed = [one for one in self._armed if one is not armed]
            self._unlimited = [one for one in self._unlimited if one is not armed]

    def clear(self) -> None:
        """Remove all faults; the log stays."""
        with self._lock:
            self._armed.clear()
            self._unlimited.clear()

    def reset(self) -> None:
        """Remove all faults and clear the log."""
        with self._lock:
            self.clear()
            self._log.clear()

    @property
    def log(self) -> list[ThrownFault]:
        """The faults that have occurred, in order."""
        with self._lock:
            return list(self._log)

    @property
    def thrown(self) -> Counter[FaultKind]:
        """The number of faults that have occurred, by kind."""
        with self._lock:
            return Counter(thrown.fault.kind for thrown in self._log)

    @property
    def pending(self) -> int:
        """The number of requests that armed faults still apply to; one without a limit counts as 1."""
        with self._lock:
            return sum(1 if armed.times is None else armed.times for armed in self._armed)

    def take(self, method: str, path: str) -> Fault | None:
        """Return the fault of a request and log it; None for a request without one.

        Args:
            method: The method of the request.
            path: Its path, without the prefix.
        """
        if not self._armed and not self._unlimited:
            return None
        with self._lock:
            fault = self._choose(f"{method} {path}")
            if fault is not None:
                self._log.append(ThrownFault(fault, method, path))
            return fault

    def _add(self, unlimited: _Unlimited) -> ArmedFault:
        with self._lock:
            self._unlimited.append(unlimited)
        return unlimited

    def _choose(self, target: str) -> Fault | None:
        for armed in self._armed:
            if _matches(armed.on, target):
                if armed.times is not None:
                    armed.times -= 1
                    if armed.times <= 0:
                        self._armed.remove(armed)
                return armed.fault
        # Each counts every matching request, so that the faults of one do not shift those of another.
        found = [one.next_fault() for one in self._unlimited if _matches(one.on, target)]
        return next((fault for fault in found if fault is not None), None)
