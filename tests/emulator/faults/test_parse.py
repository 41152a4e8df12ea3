import re

import pytest

from wikipayam_async.emulator import Fault, FaultRule, Faults, When, arm_faults, parse_fault
from wikipayam_async.emulator.faults import parse as fault_text
from wikipayam_async.emulator.faults.parse import First, Share, Turn
from wikipayam_async.emulator.gateway.routes import targets

HANG, RESET, BAD_GATEWAY = Fault.hang(), Fault.reset(), Fault.status(502)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("502", FaultRule(BAD_GATEWAY, Turn(1), None)),
        ("502:after@5%", FaultRule(Fault.status(502, when=When.AFTER), Share(0.05), None)),
        ("hang@0.5 %", FaultRule(HANG, Share(0.005), None)),
        ("hang@100%", FaultRule(HANG, Share(1.0), None)),
        ("hang@always", FaultRule(HANG, Turn(1), None)),
        ("hang@ONCE", FaultRule(HANG, First(1), None)),
        ("reset@every10", FaultRule(RESET, Turn(10), None)),
        ("reset@every 010", FaultRule(RESET, Turn(10), None)),
        ("reset@first-3@/sms/send", FaultRule(RESET, First(3), "* /sms/send")),
        ("reset@sms/send", FaultRule(RESET, Turn(1), "* /sms/send")),
        ("reset@post /sms/*@once", FaultRule(RESET, First(1), "POST /sms/*")),
        (" hang @ once @ GET  /receives/{id} ", FaultRule(HANG, First(1), "GET /receives/*")),
        ("hang@*/send", FaultRule(HANG, Turn(1), "* */send")),
    ],
)
def test_a_rule_says_what_how_often_and_where(text: str, rule: FaultRule) -> None:
    """The second and the third part may be left out or change places."""
    assert parse_fault(text) == rule


@pytest.mark.parametrize("text", ["502@sometimes", "502@101%", "502@every0", "502@first", "502@", "502@-5%"])
def test_an_unknown_frequency_is_told_the_known_ones(text: str) -> None:
    """The error lists all ways to say how often."""
    with pytest.raises(ValueError) as caught:
        parse_fault(text)
    often = text.partition("@")[2]
    assert str(caught.value) == f"unknown how often {often!r}; known are 5%, every10, first3, once and always"


@pytest.mark.parametrize("text", ["/sms/sned", "DELETE /sms/send", "/api/v1/sms/send", "FETCH /receives"])
def test_an_unknown_endpoint_is_told_the_known_ones(text: str) -> None:
    """A place where no fault could ever strike is a mistake, and the error lists the places."""
    with pytest.raises(ValueError) as caught:
        parse_fault(f"502@{text}")
    assert str(caught.value) == f"unknown endpoint {text!r}; known are {', '.join(targets())}"


@pytest.mark.parametrize("text", ["502@5%@once", "502@/sms/send@/sms/deliver", "502@5%@/sms/send@once"])
def test_too_many_parts_are_refused(text: str) -> None:
    """One frequency and one place is all there is."""
    with pytest.raises(ValueError) as caught:
        parse_fault(text)
    assert str(caught.value) == (
        f"{text!r} has too many parts; write WHAT@HOW OFTEN@WHERE, as in 502:after@5%@/sms/send"
    )


def test_what_the_documentation_shows_is_understood() -> None:
    """Every example of a fault in the module's docstring is one."""
    lines = (fault_text.__doc__ or "").splitlines()
    kinds = [line.partition("``: ")[0] + "``" for line in lines if line.startswith("- ")]
    examples = [example for line in [lines[2], *kinds] for example in re.findall(r"``([^`]+)``", line)]
    assert len([parse_fault(example) for example in examples]) == 27


def taken(rules: list[str], requests: int = 6, *, seed: int = 0) -> list[Fault | None]:
    """Arm rules, and list what strikes requests to `/sms/send`."""
    faults = Faults()
    arm_faults(faults, [parse_fault(rule) for rule in rules], seed=seed)
    return [faults.take("POST", "/sms/send") for _ in range(requests)]


def test_rules_strike_as_often_as_they_say() -> None:
    """The first so many, one of so many, and all."""
    assert taken(["hang@first2"]) == [HANG, HANG, None, None, None, None]
    assert taken(["hang@every3"]) == [None, None, HANG, None, None, HANG]
    assert taken(["hang"]) == [HANG] * 6
    assert taken(["hang@/receives"]) == [None] * 6


def test_of_several_rules_one_strikes() -> None:
    """The first so many go before chance, chance before turns, and of the same sort the one given first."""
    assert taken(["502@always", "reset@every2", "hang@first2"]) == [HANG, HANG, *[BAD_GATEWAY] * 4]
    assert taken(["502@always", "reset@100%@/sms/send"]) == [RESET] * 6
    assert taken(["reset@every2", "502@every3"]) == [None, RESET, BAD_GATEWAY, RESET, None, RESET]


def test_shares_of_one_place_keep_their_size() -> None:
    """Two faults by chance do not take from each other, and one seed strikes the same requests."""
    struck = taken(["502@30%", "reset@20%", "reset@10%"], 3_000, seed=5)
    assert struck == taken(["502@30%", "reset@20%", "reset@10%"], 3_000, seed=5)
    assert struck != taken(["502@30%", "reset@20%", "reset@10%"], 3_000, seed=6)
    assert 820 < struck.count(BAD_GATEWAY) < 980
    assert 820 < struck.count(RESET) < 980


def test_shares_of_two_places_are_drawn_apart() -> None:
    """What one place is spared, another may be struck with."""
    struck = taken(["502@30%@/sms/send", "reset@30%"], 3_000)
    assert 820 < struck.count(BAD_GATEWAY) < 980
    assert 550 < struck.count(RESET) < 710


@pytest.mark.parametrize(
    ("where", "shown"), [("", "every endpoint"), ("@/sms/send", "* /sms/send")], ids=["everywhere", "one"]
)
def test_shares_come_to_a_whole_at_most(where: str, shown: str) -> None:
    """More than all requests cannot be struck, and then nothing is armed."""
    faults = Faults()
    rules = [parse_fault("hang@once"), parse_fault(f"502@60%{where}"), parse_fault(f"reset@41%{where}")]
    with pytest.raises(ValueError) as caught:
        arm_faults(faults, rules)
    assert str(caught.value) == f"the faults for {shown} come to more than 100%"
    assert (faults.pending, faults.take("POST", "/sms/send")) == (0, None)
