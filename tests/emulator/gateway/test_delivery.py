import pytest

from wikipayam_async.emulator import DeliveryRules, DeliveryScript, waiting_then


@pytest.mark.parametrize(
    ("age", "word"),
    [(-1.0, "WAITING_FOR_UPDATE"), (1.9, "WAITING_FOR_UPDATE"), (2.0, "DELIVERED"), (99.0, "DELIVERED")],
)
def test_a_message_waits_and_is_delivered(age: float, word: str) -> None:
    """By default a message waits for two seconds and is then delivered."""
    assert DeliveryRules().script_for("09123456789").word_at(age) == word


@pytest.mark.parametrize("steps", [(), ((1.0, "A"),), ((0.0, "A"), (2.0, "B"), (1.0, "C"))])
def test_the_steps_of_a_script_start_at_zero_and_ascend(steps: tuple[tuple[float, str], ...]) -> None:
    """A script without a step at 0 seconds or with descending steps is refused."""
    with pytest.raises(ValueError) as caught:
        DeliveryScript(steps)
    assert str(caught.value) == "the steps of a delivery script start at 0 seconds and ascend"


def test_the_script_of_a_receiver_can_be_chosen() -> None:
    """A chosen script, or its steps, applies to every spelling of the number."""
    rules = DeliveryRules()
    rules.choose("989120000001", waiting_then("BLACKLISTED", after=0.0))
    rules.choose("09120000002", [(0.0, "SENT"), (5.0, "EXPIRED")])
    assert rules.script_for("09120000001").word_at(0.0) == "BLACKLISTED"
    assert rules.script_for("+989120000002").word_at(6.0) == "EXPIRED"


def test_a_fraction_of_receivers_fails() -> None:
    """The delivery of about the given fraction fails, and the same receivers in every run."""
    numbers = [f"0912{index:07d}" for index in range(2_000)]
    words = [
        [DeliveryRules(failing_fraction=0.25).script_for(number).word_at(9.0) for number in numbers] for _ in range(2)
    ]
    assert words[0] == words[1]
    assert 400 < words[0].count("FAILED") < 600
