import pytest

from wikipayam_async.emulator import Fault, FaultRule, Faults, parse_fault
from wikipayam_async.emulator.faults.rules import FaultInForce, FaultRules


@pytest.fixture
def rules() -> FaultRules:
    """The rules of an emulator without faults."""
    return FaultRules(Faults())


def add(rules: FaultRules, *texts: str) -> list[FaultInForce]:
    """Add rules as texts."""
    return rules.add([parse_fault(text) for text in texts])


def test_rules_are_listed_until_they_are_used_up(rules: FaultRules) -> None:
    """A rule for n requests shows how many are left, and is gone after the last; another has no limit."""
    assert add(rules, "503@first2", "hang@every10") == [
        FaultInForce(1, "503@first2", 2),
        FaultInForce(2, "hang@every10", None),
    ]
    rules.faults.take("GET", "/x")
    assert rules.all() == [FaultInForce(1, "503@first2", 1), FaultInForce(2, "hang@every10", None)]
    rules.faults.take("GET", "/x")
    assert rules.all() == [FaultInForce(2, "hang@every10", None)]


def test_one_rule_is_removed(rules: FaultRules) -> None:
    """The others stay in force, with what they have counted."""
    add(rules, "503@first3", "hang", "reset@first2@/sms/send")
    rules.faults.take("GET", "/x")
    rules.remove([2])
    assert rules.all() == [FaultInForce(1, "503@first3", 2), FaultInForce(3, "reset@first2@/sms/send", 2)]
    assert [rules.faults.take("GET", "/x") for _ in range(3)] == [Fault.status(503)] * 2 + [None]


def test_an_unknown_number_removes_nothing(rules: FaultRules) -> None:
    """The error has the unknown number, and the known rules of the same call stay."""
    add(rules, "503")
    with pytest.raises(KeyError) as caught:
        rules.remove([1, 7, 9])
    assert (caught.value.args, [rule.id for rule in rules.all()]) == ((7,), [1])


def test_random_rules_keep_their_probabilities(rules: FaultRules) -> None:
    """Random rules that are added one after the other are drawn together: 50 % and 50 % leave no request without a fault."""
    add(rules, "503@50%")
    add(rules, "502@50%")
    drawn = [rules.faults.take("GET", "/x") for _ in range(200)]
    assert set(drawn) == {Fault.status(503), Fault.status(502)}
    rules.remove([1])
    assert {rules.faults.take("GET", "/x") for _ in range(200)} == {None, Fault.status(502)}


def test_a_rule_too_many_changes_nothing(rules: FaultRules) -> None:
    """Probabilities above 100 % are refused, and the rules in force stay."""
    add(rules, "503@60%")
    with pytest.raises(ValueError):
        add(rules, "hang@once", "502@60%")
    assert rules.all() == [FaultInForce(1, "503@60%", None)]
    assert add(rules, "hang@once") == [FaultInForce(2, "hang@once", 1)]


def test_all_faults_are_cleared(rules: FaultRules) -> None:
    """Faults that were added in another way are removed, too, and numbers are not used again."""
    add(rules, "503")
    rules.faults.arm(Fault.hang())
    rules.clear()
    assert (rules.all(), rules.faults.take("GET", "/x")) == ([], None)
    assert add(rules, "503")[0].id == 2


def test_a_reset_of_the_emulator_is_noticed(rules: FaultRules) -> None:
    """Rules that the emulator has cleared are not listed."""
    add(rules, "503", "502@10%")
    rules.faults.reset()
    assert rules.all() == []


def test_a_rule_that_was_not_parsed_has_no_text(rules: FaultRules) -> None:
    """A rule made in Python is listed without a text."""
    assert rules.add([FaultRule(Fault.hang())]) == [FaultInForce(1, "", None)]
