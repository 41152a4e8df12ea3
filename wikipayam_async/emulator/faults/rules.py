"""The fault rules of a running emulator: each can be listed and removed."""

from collections.abc import Collection, Sequence

from attrs import define, field, frozen

from wikipayam_async.emulator.faults.parse import FaultRule, Probability, arm_faults
from wikipayam_async.emulator.faults.schedule import ArmedFault, Faults


@frozen
class FaultInForce:
    """A fault rule that still applies.

    Attributes:
        id: Its number, unique within the emulator.
        rule: The rule as text, as in `502:after@5%`.
        remaining: The number of requests that it still applies to; None means no limit.
    """

    id: int
    rule: str
    remaining: int | None


@define
class _Entry:
    id: int
    rule: FaultRule
    armed: ArmedFault | None = None


@define
class FaultRules:
    """The fault rules of an emulator, which can be listed and removed one by one.

    Faults that were added to `Faults` in another way are not listed; `clear` removes them too.

    Attributes:
        faults: The faults of the emulator.
        seed: Determines which requests have a random fault.
    """

    faults: Faults
    seed: int = 0
    _entries: list[_Entry] = field(init=False, factory=list)
    _issued: int = field(init=False, default=0)

    def add(self, rules: Sequence[FaultRule]) -> list[FaultInForce]:
        """Add rules; all of them or none.

        Adding or removing a random rule starts the random choice of requests anew, since random rules are drawn together.

        Args:
            rules: The rules, as `parse_fault` returns them.

        Returns:
            The added rules.

        Raises:
            ValueError: The probabilities for an endpoint exceed 100 %.
        """
        added = [_Entry(0, rule) for rule in rules]
        self._forget_finished()
        # Checked before anything changes: a scratch list refuses what the emulator's own would refuse.
        arm_faults(Faults(), [entry.rule for entry in [*self._entries, *added]])
        for entry in added:
            self._issued += 1
            entry.id = self._issued
        self._entries += added
        self._arm()
        return [_in_force(entry) for entry in added]

    def all(self) -> list[FaultInForce]:
        """Return the rules that still apply, oldest first."""
        self._forget_finished()
        return [_in_force(entry) for entry in self._entries]

    def remove(self, ids: Collection[int]) -> None:
        """Remove rules.

        Args:
            ids: The numbers of the rules.

        Raises:
            KeyError: A number is that of no rule that still applies; nothing is removed.
        """
        self._forget_finished()
        if unknown := set(ids) - {entry.id for entry in self._entries}:
            raise KeyError(min(unknown))
        removed = [entry for entry in self._entries if entry.id in ids]
        self._entries = [entry for entry in self._entries if entry.id not in ids]
        for entry in removed:
            self._disarm(entry)
        if any(isinstance(entry.rule.often, Probability) for entry in removed):
            self._arm()

    def clear(self) -> None:
        """Remove all faults of the emulator."""
        self._entries.clear()
        self.faults.clear()

    def _arm(self) -> None:
        """Arm the new rules, and the random ones anew."""
        random = [entry for entry in self._entries if isinstance(entry.rule.often, Probability)]
        for entry in random:
            self._disarm(entry)
        new = [entry for entry in self._entries if entry.armed is None]
        for entry, armed in zip(
            new, arm_faults(self.faults, [entry.rule for entry in new], seed=self.seed), strict=True
        ):
            entry.armed = armed

    def _disarm(self, entry: _Entry) -> None:
        if entry.armed is not None:
            self.faults.remove(entry.armed)
            entry.armed = None

    def _forget_finished(self) -> None:
        """Forget the rules that were used up, and those that a reset of the emulator removed."""
        self._entries = [
            entry for entry in self._entries if entry.armed is not None and self.faults.is_armed(entry.armed)
        ]


def _in_force(entry: _Entry) -> FaultInForce:
    return FaultInForce(entry.id, entry.rule.text, None if entry.armed is None else entry.armed.times)
