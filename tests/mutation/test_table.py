import json
from pathlib import Path

from tests.mutation.table import Row, read_results, rows_of, with_rows

PAGE = "# Page\n\n<!-- figures:mutation -->\n<!-- /figures:mutation -->\n\nEnd.\n"


def test_mutmuts_codes_are_read(tmp_path: Path) -> None:
    """A failed test, a crash and the time limit kill; a mutant without tests survives; another code is not a result."""
    codes = {"failed": 1, "loops": 36, "crashed": -11, "passed": 0, "no test": 33, "not tested": None, "odd": 35}
    (tmp_path / "retry.py.meta").write_text(json.dumps({"exit_code_by_key": codes}), encoding="utf-8")
    assert read_results(tmp_path / "retry.py.meta") == {
        "failed": True,
        "loops": True,
        "crashed": True,
        "passed": False,
        "no test": False,
        "not tested": None,
        "odd": None,
    }


def test_a_row_has_a_rate() -> None:
    """The rate is a percentage with one decimal; a module without mutants has none."""
    row = Row("core/retry.py", 1200, 1199, "2026-11-29")
    assert str(row) == "| `core/retry.py` | 1,200 | 1,199 | 1 | 99.9% | 2026-11-29 |"
    assert Row("core/fault.py", 0, 0).rate == "–"


def test_new_rows_replace_old_ones() -> None:
    """The other modules keep their rows, those that are gone lose them, and the last line is the total."""
    existing = ["core/retry.py", "bulk/runner.py"]
    page = with_rows(
        PAGE,
        {name: Row(name, 1000, 900, "2026-11-22") for name in (*existing, "core/gone.py")},
        [*existing, "core/gone.py"],
    )
    page = with_rows(page, {"core/retry.py": Row("core/retry.py", 100, 100, "2026-11-29")}, existing)
    assert page == (
        "# Page\n\n<!-- figures:mutation -->\n"
        "| Module | Mutants | Killed | Survived | Rate | Date |\n| --- | ---: | ---: | ---: | ---: | --- |\n"
        "| `bulk/runner.py` | 1,000 | 900 | 100 | 90.0% | 2026-11-22 |\n"
        "| `core/retry.py` | 100 | 100 | 0 | 100.0% | 2026-11-29 |\n"
        "| **All** | 1,100 | 1,000 | 100 | 90.9% |  |\n"
        "<!-- /figures:mutation -->\n\nEnd.\n"
    )
    assert rows_of(page) == {
        "bulk/runner.py": Row("bulk/runner.py", 1000, 900, "2026-11-22"),
        "core/retry.py": Row("core/retry.py", 100, 100, "2026-11-29"),
    }
