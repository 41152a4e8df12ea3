from __future__ import annotations

from collections.abc import Sequence

import pytest

from wikipayam_async.cli.bulk.files.cells import Cell
from wikipayam_async.cli.bulk.files.headers import (
    RECEIVERS,
    TEXTS,
    Header,
    find_header,
    is_empty_cell,
    label_columns,
    named_like,
)
from wikipayam_async.templates.values import BrokenValue, ShownValue
from wikipayam_async.text.names import comparable_name


@pytest.mark.parametrize(
    "name",
    [
        "شماره همراه", "تلفن همراه", "شماره موبایل", "موبايل", "شماره‌ی همراه", "شماره\u00a0تلفن\u200cهمراه", "همراه", "گوشی",
        "Mobile Number", "phone_number", "MOBILE", "recipient", "cell", "Cell Phone", "msisdn", "Mobile\nNo.", "ｍｏｂｉｌｅ",
        "موبایل:", "*Phone No*", "Tel", "شماره تماس", "شمارۀ همراه", "To",
    ],
)  # fmt: skip
def test_the_usual_names_of_receivers(name: str) -> None:
    """In both languages, in any case, width and spelling."""
    assert any(comparable_name(name) in names for names in RECEIVERS)


def test_the_usual_names_of_texts() -> None:
    """In both languages."""
    assert [comparable_name(name) in TEXTS[0] for name in ("Message", "متن پیام", "متن‌ پيامك", "name")] == [
        True, True, True, False,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "place"),
    [
        ([["mobile", "name"], ["0912", "a"]], 0),
        ([["گزارش فروش"], ["موبایل", "نام"], ["0912", "a"]], 1),
        ([["گزارش"], ["1404/10/12"], ["", "نام", "موبایل"]], 2),
        ([["to whom it may concern"], ["x"], ["y", "z"]], 0),
        ([["tel_no", "type"], ["09123456789", "mobile"]], 0),
        ([["name"], ["mobile"]], 0),
        ([["title"], ["09123456789", "mobile"]], 0),
        ([["title"], [ShownValue("5", 5), "mobile"]], 0),
        ([["title"], [BrokenValue("x"), "mobile"]], 0),
        ([["a"], ["b", "c"]], 0),
    ],
)
def test_the_header_below_titles(rows: Sequence[Sequence[Cell]], place: int) -> None:
    """A title is a single cell; a row of data is never taken for the header."""
    assert find_header(rows) == place


def test_columns_have_unique_labels() -> None:
    """Columns without a name and with the name of another do no harm until somebody uses them."""
    cells: list[Cell] = [
        " موبایل\nهمراه ",
        "",
        "name",
        "name",
        BrokenValue("x"),
        "\u200c",
        "name (2)",
        ShownValue("5", 5),
        "column 2",
    ]
    assert label_columns(cells) == Header(
        labels=(
            "موبایل همراه", "column 3", "name", "name (3)", "column 5", "column 6", "name (2)", "5", "column 2",
        ),
        columns=("موبایل همراه", "name", "name (3)", "name (2)", "5", "column 2"),
        repeated=frozenset({"name"}),
    )  # fmt: skip


def test_columns_are_found_as_people_read_them() -> None:
    """Spellings of a name are the same name."""
    assert named_like(["كد ملي", "نام", "KOD"], "کد\u200cملی") == ["كد ملي"]


def test_an_error_is_not_empty() -> None:
    """A number that the sheet does not show is."""
    assert [is_empty_cell(cell) for cell in ("", "a", ShownValue("", 5), ShownValue("5", 5), BrokenValue("x"))] == [
        True, False, True, False, False,
    ]  # fmt: skip
