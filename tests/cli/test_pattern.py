from __future__ import annotations

from tests.cli.conftest import Run

GOOD = "کد ورود: {code}\n\n@shop.example #{code}"


def test_a_good_pattern_has_no_problem(run: Run) -> None:
    """Its parts are shown as it arrives, with a code in it."""
    ended = run("pattern", GOOD, "--host", "shop.example")
    assert (ended.code, ended.out.splitlines()) == (0, ["1 part in ucs2: 38 units", "no problem found"])


def test_problems_are_shown(run: Run) -> None:
    """Each has a rule and what to write instead, and the exit code is 1."""
    ended = run("pattern", GOOD + " ", "--host", "shop.example")
    assert ended.code == 1
    what = "write the last line exactly so: @shop.example #{code}"
    how = "the host alone, one space, ASCII characters, nothing after it"
    assert ended.out.splitlines()[1:] == [f"autofill_spelling: {what} ({how})"]


def test_a_check_as_json(run: Run) -> None:
    """JSON has the sample text, the line and the problems."""
    assert run("pattern", "code: %c%", "--placeholder", "%c%", "--digits", "8", "--json").json == {
        "ok": True,
        "sample": "code: 12345678",
        "parts": 1,
        "encoding": "gsm7",
        "units": 14,
        "autofill_line": None,
        "problems": [],
    }
    found = run("pattern", "x", "--json").json
    assert [one["rule"] for one in found["problems"]] == ["no_code"]


def test_an_invalid_host_is_a_usage_error(run: Run) -> None:
    """The error says what a host looks like."""
    ended = run("pattern", GOOD, "--host", "https://shop.example")
    assert (ended.code, "without https://" in ended.err) == (2, True)
