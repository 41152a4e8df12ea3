from wikipayam_async.emulator.server.control.problem import Problem, Refusal


def test_a_refusal_says_what_is_wrong_and_what_to_do() -> None:
    """A refusal has the status, the body and the additional headers of a response."""
    refusal = Refusal(405, "No.", "Try GET.", headers={"allow": "GET"})
    assert (refusal.status, refusal.problem, refusal.headers) == (405, Problem("No.", "Try GET."), {"allow": "GET"})
    assert (str(refusal), Refusal(400, "a", "b").headers) == ("No.", {})
