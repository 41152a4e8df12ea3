"""The delivery status of accepted messages, as a function of their age."""

from collections.abc import Sequence

from attrs import define, field, frozen

from wikipayam_async.emulator.gateway.numbers import local_form
from wikipayam_async.emulator.gateway.pseudorandom import fraction

WAITING_FOR_UPDATE = "WAITING_FOR_UPDATE"
DELIVERED = "DELIVERED"
UNDELIVERED = "UNDELIVERED"
FAILED = "FAILED"
BLACKLISTED = "BLACKLISTED"


@frozen
class DeliveryScript:
    """The successive delivery statuses of one message.

    Attributes:
        steps: Pairs of an age in seconds since acceptance and the status from that age on. Ages ascend from 0.

    Raises:
        ValueError: The ages do not ascend from 0.
    """

    steps: tuple[tuple[float, str], ...]

    def __attrs_post_init__(self) -> None:
        ages = [age for age, _ in self.steps]
        if not ages or ages[0] != 0 or ages != sorted(ages):
            raise ValueError("the steps of a delivery script start at 0 seconds and ascend")

    def word_at(self, age: float) -> str:
        """Return the status of a message.

        Args:
            age: Seconds since the message was accepted.
        """
        reached = [word for begins, word in self.steps if begins <= age]
        # The age is negative if the clock was set back; the message is then still at its first step.
        return reached[-1] if reached else self.steps[0][1]


def waiting_then(word: str, *, after: float = 2.0) -> DeliveryScript:
    """Return the usual script: `WAITING_FOR_UPDATE`, then one final status.

    Args:
        word: The final status.
        after: Seconds until the final status.
    """
    return DeliveryScript(((0.0, WAITING_FOR_UPDATE), (after, word)))


@define(kw_only=True)
class DeliveryRules:
    """Assigns a script to every message.

    Attributes:
        script: The script of most receivers.
        failing: The script of the failing receivers.
        failing_fraction: The fraction of receivers that fail, from 0 to 1. It depends on the number alone which ones.
        chosen: The scripts set with `choose`, by receiver as `09...`.
    """

    script: DeliveryScript = field(factory=lambda: waiting_then(DELIVERED))
    failing: DeliveryScript = field(factory=lambda: waiting_then(FAILED))
    failing_fraction: float = 0.0
    chosen: dict[str, DeliveryScript] = field(init=False, factory=dict)

    def choose(self, receiver: str, script: DeliveryScript | Sequence[tuple[float, str]]) -> None:
        """Set the script of one receiver.

        Args:
            receiver: The number, in any spelling.
            script: The script, or its steps.
        """
        chosen = script if isinstance(script, DeliveryScript) else DeliveryScript((*script,))
        self.chosen[local_form(receiver)] = chosen

    def script_for(self, receiver: str) -> DeliveryScript:
        """Return the script of a receiver's messages.

        Args:
            receiver: The number, in any spelling.
        """
        number = local_form(receiver)
        if number in self.chosen:
            return self.chosen[number]
        return self.failing if fraction("delivery", number) < self.failing_fraction else self.script
