import re

import pytest

from wikipayam_async.emulator import Fault, FaultRule, Faults, When, arm_faults, parse_fault
from wikipayam_async.emulator.faults import parse as parse_module
from wikipayam_async.emulator.faults.parse import EveryNth, FirstN, Probability
from wikipayam_async.emulator.gateway.routes import targets

HANG, RESET, BAD_GATEWAY = Fault.hang(), Fault.reset(), Fault.status(502)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("502", FaultRule(BAD_GATEWAY, EveryNth(1), None)),
        ("502:after@5%", FaultRule(Fault.status(502, when=When.AFTER), Probability(0.05), None)),
        ("hang@0.5 %", FaultRule(HANG, Probability(0.005), None)),
        ("hang@100%", FaultRule(HANG, Probability(1.0), None)),
        ("hang@always", FaultRule(HANG, EveryNth(1), None)),
        ("hang@ONCE", FaultRule(HANG, FirstN(1), None)),
        ("reset@every10", FaultRule(RESET, EveryNth(10), None)),
        ("reset@every 010", FaultRule(RESET, EveryNth(10), None)),
        ("reset@first-3@/sms/send", FaultRule(RESET, FirstN(3), "* /sms/send")),
        ("reset@sms/send", FaultRule(RESET, EveryNth(1), "* /sms/send")),
        ("reset@post /sms/*@once", FaultRule(RESET, FirstN(1), "POST /sms/*")),
        (" hang @ once @ GET  /receives/{id} ", FaultRule(HANG, FirstN(1), "GET /receives/*")),
        ("hang@*/send", FaultRule(HANG, EveryNth(1), "* */send")),
    ],
)
def test_a_fault_is_parsed_into_a_rule(text: str, rule: FaultRule) -> None:
    """The second and third part are optional, and their order does not matter."""
    assert parse_fault(text) == rule


@pytest.mark.parametrize("text", ["502@sometimes", "502@101%", "502@every0", "502@first", "502@", "502@-5%"])
def test_an_unknown_frequency_is_refused(text: str) -> None:
    """The error lists the known frequencies."""
    with pytest.raises(ValueError) as caught:
        parse_fault(text)
    often = text.partition("@")[2]
    assert str(caught.value) == f"unknown frequency {often!r}; known are 5%, every10, first3, once and always"


@pytest.mark.parametrize("text", ["/sms/sned", "DELETE /sms/send", "/api/v1/sms/send", "FETCH /receives"])
def test_an_unknown_endpoint_is_refused(text: str) -> None:
    """A pattern that matches no endpoint is refused, and the error lists the endpoints."""
    with pytest.raises(ValueError) as caught:
        parse_fault(f"502@{text}")
    assert str(caught.value) == f"unknown endpoint {text!r}; known are {', '.join(targets())}"


@pytest.mark.parametrize("text", ["502@5%@once", "502@/sms/send@/sms/deliver", "502@5%@/sms/send@once"])
def test_too_many_parts_are_refused(text: str) -> None:
    """A second frequency or a second endpoint is refused."""
    with pytest.raises(ValueError) as caught:
        parse_fault(text)
    assert str(caught.value) == (
        f"{text!r} has too many parts; write WHAT@HOW OFTEN@WHERE, as in 502:after@5%@/sms/send"
    )


def test_the_examples_in_the_docstring_are_valid() -> None:
    """Every example in the module's docstring can be parsed."""
    lines = (parse_module.__doc__ or "").splitlines()
    kinds = [line.partition("`: ")[0] + "`" for line in lines if line.startswith("- ")]
    examples = [example for line in [lines[2], *kinds] for example in re.findall(r"`([^`]+)`", line)]
    assert len([parse_fault(example) for example in examples]) == 29


def faults_of(rules: list[str], requests: int = 6, *, seed: int = 0) -> list[Fault | None]:
    """Arm rules, and return the faults of requests to `POST /sms/send`."""
    faults = Faults()
    arm_faults(faults, [parse_fault(rule) for rule in rules], seed=seed)
    return [faults.take("POST", "/sms/send") for _ in range(requests)]


def test_a_rule_applies_at_its_frequency() -> None:
    """Faults occur on the first n requests, every nth, or all of them."""
    assert faults_of(["hang@first2"]) == [HANG, HANG, None, None, None, None]
    assert faults_of(["hang@every3"]) == [None, None, HANG, None, None, HANG]
    assert faults_of(["hang"]) == [HANG] * 6
    assert faults_of(["hang@/receives"]) == [None] * 6


def test_a_request_has_at_most_one_fault() -> None:
    """The first n requests go before random faults, these before periodic ones, and of one sort the first rule applies."""
    assert faults_of(["502@always", "reset@every2", "hang@first2"]) == [HANG, HANG, *[BAD_GATEWAY] * 4]
    assert faults_of(["502@always", "reset@100%@/sms/send"]) == [RESET] * 6
    assert faults_of(["reset@every2", "502@every3"]) == [None, RESET, BAD_GATEWAY, RESET, None, RESET]


def test_random_rules_for_one_endpoint_keep_their_probability() -> None:
    """Random faults do not reduce each other's probability, and the same seed selects the same requests."""
    faults = faults_of(["502@30%", "reset@20%", "reset@10%"], 3_000, seed=5)
    assert faults == faults_of(["502@30%", "reset@20%", "reset@10%"], 3_000, seed=5)
    assert faults != faults_of(["502@30%", "reset@20%", "reset@10%"], 3_000, seed=6)
    assert 820 < faults.count(BAD_GATEWAY) < 980
    assert 820 < faults.count(RESET) < 980


def test_random_rules_for_two_endpoints_are_independent() -> None:
    """A request without a fault by one pattern may have one by another."""
    faults = faults_of(["502@30%@/sms/send", "reset@30%"], 3_000)
    assert 820 < faults.count(BAD_GATEWAY) < 980
    assert 550 < faults.count(RESET) < 710


@pytest.mark.parametrize(
    ("where", "shown"), [("", "every endpoint"), ("@/sms/send", "* /sms/send")], ids=["everywhere", "one"]
)
def test_probabilities_add_up_to_at_most_100_percent(where: str, shown: str) -> None:
    """Probabilities above 100 % are refused, and nothing is armed."""
    faults = Faults()
    rules = [parse_fault("hang@once"), parse_fault(f"502@60%{where}"), parse_fault(f"reset@41%{where}")]
    with pytest.raises(ValueError) as caught:
        arm_faults(faults, rules)
    assert str(caught.value) == f"the faults for {shown} exceed 100%"
    assert (faults.pending, faults.take("POST", "/sms/send")) == (0, None)
