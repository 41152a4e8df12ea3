from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from wikipayam_async.cost import Tariff, read_tariff
from wikipayam_async.errors import InvalidInputError

TARIFF = """
persian = 984.5
latin = "۱۷۹ تومان"
vat = 10

[lines.3000]
persian = 700

[lines.3000.operators.Irancell]
latin = 1400

[operators.MCI]
persian = "89.5t"
"""


def written(path: Path, text: str) -> Path:
    """Return a file with a text."""
    path = path / "tariff.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_tariff_is_read_from_a_file(tmp_path: Path) -> None:
    """Prices are exact numbers or amounts as people write them; a table without a price has the outer one."""
    assert read_tariff(written(tmp_path, TARIFF)) == Tariff(
        persian=Decimal("984.5"),
        latin=1790,
        vat=10,
        lines={"3000": Tariff(persian=700, operators={"Irancell": Tariff(persian=700, latin=1400)})},
        operators={"MCI": Tariff(persian=895)},
    )


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("persian = ", "tariff: expected a TOML file; got Invalid value (at end of document)"),
        (
            "latin = 1",
            (
                "tariff: expected a table with persian, latin, vat, lines and operators; only persian is required; "
                "got a table without persian"
            ),
        ),
        (
            "persian = 1\nprice = 2",
            (
                "tariff: expected a table with persian, latin, vat, lines and operators; only persian "
                "is required; got a table with price"
            ),
        ),
        ("persian = 1\nlines = 3", "tariff.lines: expected tables; got a number (int)"),
        (
            "persian = 1\nlines.3000 = 3",
            (
                "tariff.lines.3000: expected a table with persian, latin, vat, lines and "
                "operators; only persian is required; got a number (int)"
            ),
        ),
        (
            "persian = 'much'",
            (
                "tariff.persian: expected an amount of 0 or more such as 895, 984.5 or 1,790 in rials, or "
                "89.5t in tomans; got a string of 4 characters with letters"
            ),
        ),
        (
            "persian = -1",
            (
                "tariff.persian: expected rials, 0 or more, as an int or a Decimal (Tariff.tomans takes tomans); "
                "got a number (int)"
            ),
        ),
        ("persian = 1\nvat = 9.5", "tariff.vat: expected a whole number from 0 to 100; got an object of type Decimal"),
        (
            "persian = 1\n[lines.3000]\nvat = 101",
            "tariff.lines.3000.vat: expected a whole number from 0 to 100; got 101",
        ),
    ],
)
def test_the_error_names_the_place(tmp_path: Path, text: str, error: str) -> None:
    """Another content is refused, with the place in the file and the rule."""
    with pytest.raises(InvalidInputError) as caught:
        read_tariff(written(tmp_path, text))
    assert str(caught.value) == error


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    """The error says why."""
    with pytest.raises(InvalidInputError) as caught:
        read_tariff(tmp_path / "none")
    assert str(caught.value) == "tariff: expected a readable TOML file; got FileNotFoundError"
