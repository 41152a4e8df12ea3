import pytest

from wikipayam_async.emulator.server.control.routes import CALLS, Match, find


@pytest.mark.parametrize(
    ("path", "methods", "id_"),
    [
        ("", ["GET"], ""),
        ("/", ["GET"], ""),
        ("/faults", ["GET", "POST", "DELETE"], ""),
        ("/faults/7", ["DELETE"], "7"),
        ("/faults/", [], ""),
        ("/faults/7/8", [], "8"),
        ("/ledger/7", [], "7"),
        ("/nothing", [], "nothing"),
    ],
)
def test_calls_are_found_by_their_paths(path: str, methods: list[str], id_: str) -> None:
    """A path has its calls by method; only some paths have an id."""
    match = find(path)
    assert ([*match.calls], match.id) == (methods, id_)


def test_every_call_is_found_and_has_a_summary() -> None:
    """No call hides another, and the docstring of its handler describes it."""
    assert [find(call.path.replace("{id}", "1")).calls[call.method] for call in CALLS] == [*CALLS]
    assert [call for call in CALLS if not call.summary.endswith(".")] == []
    assert Match({}).id == ""
