"""Mutate modules one at a time, and list the mutants that no test notices: `python -m tests.mutation [MODULE ...]`.

Run it in a copy of the tree, as `nox -s mutation` does: mutmut writes beside the sources. Each mutant is tested with the
module's own tests; one that survives them, with the tests of its room.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from tests.mutation.modules import modules, own_tests, room_tests
from tests.mutation.table import Row, read_results, table, with_rows
from tests.support.run_facts import run_facts, write_run

PACKAGE = Path("wikipayam_async")
# The deselected test lists the methods of a class, to which mutmut adds its own. The oracles compare too many
# values with other packages for a mutant. mutmut adds the constant to the usual time, and multiplies both.
CONFIG = """\
[mutmut]
source_paths = wikipayam_async
only_mutate =
    wikipayam_async/{module}
pytest_add_cli_args_test_selection =
    {tests}
pytest_add_cli_args =
    --override-ini=faulthandler_timeout={seconds}
    --deselect=tests/services/test_raw.py::test_every_call_has_a_raw_response
    --ignore=tests/numbers/test_oracle.py
    --ignore=tests/text/test_oracles.py
timeout_multiplier = 8.0
timeout_constant = 1.5
use_git_change_detection = false
"""


class Run:
    """Runs mutmut on one module within a time limit."""

    def __init__(self, module: str, *, children: int, seconds: float, promises: bool) -> None:
        self._module = module
        self._wider = [*room_tests(module), *(["tests/promises"] if promises else [])]
        self._children = str(children)
        self._until = time.monotonic() + seconds

    def results(self) -> dict[str, bool | None]:
        """Return whether each mutant was killed; None if the time did not suffice."""
        shutil.rmtree("mutants", ignore_errors=True)
        found = self._test(own_tests(self._module), [], seconds=15)
        survivors = [name for name, killed in found.items() if killed is False]
        if survivors and self._wider:
            Path("mutants", "mutmut-stats.json").unlink(missing_ok=True)
            again = self._test(self._wider, survivors, seconds=60)
            found |= {name: again.get(name) is True for name in survivors}  # not tested again in time: it survived
        return found

    def _test(self, tests: Sequence[str], mutants: Sequence[str], *, seconds: float) -> dict[str, bool | None]:
        """Run tests on mutants, and end them at a test that takes longer than it may."""
        config = CONFIG.format(module=self._module, tests="\n    ".join(tests), seconds=seconds)
        Path("setup.cfg").write_text(config, encoding="utf-8")
        command = [sys.executable, "-m", "mutmut", "run", "--max-children", self._children, *mutants]
        with (
            Path("mutmut.log").open("w") as log,
            subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True) as process,  # noqa: S603 - our own
        ):
            try:
                failed = process.wait(max(0, self._until - time.monotonic()))
            except subprocess.TimeoutExpired:
                failed = 0
                print(f"{self._module}: the time did not suffice")
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)  # its children, too
        if failed:
            raise RuntimeError(f"{self._module}: {Path('mutmut.log').read_text('utf-8')[-3000:]}")
        return read_results(Path("mutants", PACKAGE, f"{self._module}.meta"))


def show(mutants: Mapping[str, bool | None]) -> None:
    """Print the difference of each mutant that survived."""
    for name, killed in mutants.items():
        if killed is False:
            done = subprocess.run(  # noqa: S603 - our own
                [sys.executable, "-m", "mutmut", "show", name], check=False, capture_output=True, text=True
            )
            print(done.stdout)


def main() -> int:
    """Run the modules and print or write the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("modules", nargs="*", metavar="MODULE", help="such as core or core/retry.py; none means all")
    parser.add_argument("--children", type=int, default=1, help="how many mutants are tested at once")
    parser.add_argument("--minutes", type=float, default=30, help="the time limit of a module (default: %(default)s)")
    parser.add_argument(
        "--promises", action="store_true", help="test survivors with the promises, too, which takes hours"
    )
    parser.add_argument("--page", type=Path, help="the page whose rows are replaced")
    options = parser.parse_args()
    rows: dict[str, Row] = {}
    failed = 0
    for module in modules(PACKAGE, options.modules):
        if not Path(own_tests(module)[0]).exists():
            continue
        run = Run(module, children=options.children, seconds=options.minutes * 60, promises=options.promises)
        try:
            results = run.results()
        except RuntimeError as error:  # the others are still worth running
            print(error)
            failed = 1
            continue
        tested = [killed for killed in results.values() if killed is not None]
        today = datetime.now(UTC).date()
        rows[module] = Row(module, len(tested), sum(tested), today.isoformat())
        show(results)
        print(rows[module], flush=True)
        if options.page:
            page = options.page.read_text("utf-8")
            options.page.write_text(with_rows(page, rows, modules(PACKAGE)), encoding="utf-8")
            write_run(options.page.parents[1], options.page.name, "mutation", run_facts(today))
    print(table(rows.values()))
    return failed


if __name__ == "__main__":
    sys.exit(main())
