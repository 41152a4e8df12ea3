"""What becomes of a message once it is accepted: status words that follow one another as time passes."""

from collections.abc import Sequence

from attrs import define, field, frozen

from wikipayam_async.emulator.gateway.numbers import local_form
from wikipayam_async.emulator.gateway.random_ids import fraction

WAITING_FOR_UPDATE = "WAITING_FOR_UPDATE"
DELIVERED = "DELIVERED"
UNDELIVERED = "UNDELIVERED"


@frozen
class DeliveryScript:
    """The status words of one message, each with the age at which it begins.

    Attributes:
        steps: Pairs of seconds since acceptance and the word from then on, in rising order; the first begins at 0.
    """

    steps: tuple[tuple[float, str], ...]

    def __attrs_post_init__(self) -> None:
        ages = [age for age, _ in self.steps]
        if not ages or ages[0] != 0 or ages != sorted(ages):
            raise ValueError("a delivery script begins at 0 seconds and its steps rise")

    def word_at(self, age: float) -> str:
        """Look up the status word of a message.

        Args:
            age: Seconds since the message was accepted.

        Returns:
            The word.
        """
        reached = [word for begins, word in self.steps if begins <= age]
        # A clock that was set back gives a negative age; the message is then still at its first step.
        return reached[-1] if reached else self.steps[0][1]


def waiting_then(word: str, *, after: float = 2.0) -> DeliveryScript:
    """Write the usual script: waiting first, then one final word.

    Args:
        word: The final word.
        after: Seconds until it is reached.

    Returns:
        The script.
    """
    return DeliveryScript(((0.0, WAITING_FOR_UPDATE), (after, word)))


@define(kw_only=True)
class DeliveryRules:
    """Which message follows which script.

    Attributes:
        script: What happens to most messages.
        failing: What happens to the unlucky ones.
        failing_fraction: How many receivers are unlucky, from 0 to 1; which ones, is decided by their number alone.
        chosen: The scripts that `choose` has fixed, by receiver as ``09...``.
    """

    script: DeliveryScript = field(factory=lambda: waiting_then(DELIVERED))
    failing: DeliveryScript = field(factory=lambda: waiting_then(UNDELIVERED))
    failing_fraction: float = 0.0
    chosen: dict[str, DeliveryScript] = field(init=False, factory=dict)

    def choose(self, receiver: str, script: DeliveryScript | Sequence[tuple[float, str]]) -> None:
        """Fix the script of one receiver.

        Args:
            receiver: The number, in any spelling.
            script: The script, or its steps.
        """
        chosen = script if isinstance(script, DeliveryScript) else DeliveryScript((*script,))
        self.chosen[local_form(receiver)] = chosen

    def script_for(self, receiver: str) -> DeliveryScript:
        """Find the script a receiver's messages follow.

        Args:
            receiver: The number, in any spelling.

        Returns:
            The script.
        """
        number = local_form(receiver)
        if number in self.chosen:
            return self.chosen[number]
        return self.failing if fraction("delivery", number) < self.failing_fraction else self.script
