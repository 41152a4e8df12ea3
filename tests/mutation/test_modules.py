from pathlib import Path

import wikipayam_async
from tests.mutation.modules import ROOMS, modules, own_tests, room_tests

PACKAGE = Path(wikipayam_async.__file__).parent


def test_every_module_of_the_rooms_is_mutated() -> None:
    """Modules are named by their path; packages' lists of names are left out."""
    found = list(modules(PACKAGE))
    assert {"core/retry.py", "cli/bulk/plan.py", "cli/campaign/run.py", "optout.py", "services/sms/service.py"} <= set(
        found
    )
    assert {"campaigns/runner.py", "integrations/hooks.py", "redact/scrub.py", "templates/rows.py"} <= set(found)
    assert [name for name in found if "__init__" in name or name.startswith(("emulator", "cli/app"))] == []
    assert {name.split("/")[0] for name in found} <= {room.split("/")[0] for room in ROOMS}


def test_patterns_choose_modules() -> None:
    """A room, a module or a glob."""
    assert list(modules(PACKAGE, ["core/retry.py", "optout.py"])) == ["core/retry.py", "optout.py"]
    messages = sorted(path.name for path in (PACKAGE / "messages").glob("*.py") if path.stem != "__init__")
    assert list(modules(PACKAGE, ["messages"])) == [f"messages/{name}" for name in messages]
    assert list(modules(PACKAGE, ["services/*/models.py"])) == ["services/receives/models.py"]


def test_a_module_is_tested_by_its_own_tests_first() -> None:
    """With those that it shares with its like; then by those of its room."""
    assert own_tests("services/sms/watch.py") == ["tests/services/sms/test_watch.py"]
    assert own_tests("optout.py") == ["tests/test_optout.py"]
    assert own_tests("core/wire.py") == ["tests/core/test_wire.py", "tests/core/test_lane_contract.py"]
    assert [room_tests(name) for name in ("services/sms/watch.py", "cli/campaign/run.py", "optout.py")] == [
        ["tests/services"],
        ["tests/cli/campaign"],
        [],
    ]
