from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args

import pytest
from cyclopts import App, Token
from cyclopts.argument import Argument

from tests.cli.conftest import Run, paths
from wikipayam_async.cli import app
from wikipayam_async.cli.values import read_number, read_rials, read_whole_number


def options(tree: App) -> Iterator[tuple[str, Argument]]:
    """Yield every option of every command, with the types of its values."""
    for path in paths(tree):
        command = tree
        for name in path:
            command = command[name]
        if command.default_command is not None:
            for argument in command.assemble_argument_collection(default_parameter=tree.default_parameter):
                yield " ".join((*path, argument.name)), argument


def kinds(hint: Any) -> set[Any]:
    """Return the types in an annotation."""
    return {hint}.union(*map(kinds, get_args(hint))) if get_args(hint) else {hint}


OPTIONS = dict(options(app.build()))
WHOLE = sorted(name for name, one in OPTIONS.items() if int in kinds(one.field_info.annotation))
FRACTIONS = sorted(name for name, one in OPTIONS.items() if kinds(one.field_info.annotation) & {float, Decimal})


def converted(argument: Argument, text: str) -> object:
    """Return the value of an option."""
    fresh = copy(argument)
    fresh.tokens = [Token(keyword=argument.name, value=text)]
    return fresh.convert()


def test_the_options_of_all_commands_are_known() -> None:
    """The two lists below are not empty by mistake."""
    assert {"otp --pattern", "bulk --header-row", "inbox list --limit", "emulator --port"} <= set(WHOLE)
    assert {"bulk --price-persian", "bulk --yes-up-to", "campaign run --rate", "status --wait"} <= set(FRACTIONS)


@pytest.mark.parametrize("name", WHOLE)
@pytest.mark.parametrize("text", ["12.6", "12.0", "1e3", "0x10", "1_0", "none", "", "١٢٫٠"])
def test_a_whole_number_is_never_rounded(name: str, text: str) -> None:
    """Every option that takes a whole number refuses anything else."""
    with pytest.raises(Exception, match="expected a whole number"):
        converted(OPTIONS[name], text)


@pytest.mark.parametrize("name", WHOLE)
def test_a_whole_number_may_be_written_in_persian(name: str) -> None:
    """Digits of any script and separated thousands are read."""
    assert converted(OPTIONS[name], "۱٬۲۰۰") in (1200, (1200,))  # in a tuple where there may be several


@pytest.mark.parametrize("name", FRACTIONS)
def test_a_number_is_one_that_people_write(name: str) -> None:
    """Every other number option takes a Persian fraction, and neither `nan` nor programmers' notations nor `none`."""
    assert converted(OPTIONS[name], "۸۹٫۵") == Decimal("89.5")
    for text in ("nan", "inf", "1e3", "0x10", "1_0", "none", ""):
        with pytest.raises(Exception, match="expected a"):
            converted(OPTIONS[name], text)


@pytest.mark.parametrize(
    ("text", "whole", "number", "rials"),
    [("7", 7, 7.0, Decimal(7)), ("-7", -7, -7.0, None), ("7t", None, None, Decimal(70))],
)
def test_values_are_read(text: str, whole: int | None, number: float | None, rials: Decimal | None) -> None:
    """Only amounts have a unit, and no amount is negative."""
    tokens = [Token(value=text)]
    for read, expected in ((read_whole_number, whole), (read_number, number), (read_rials, rials)):
        if expected is None:
            with pytest.raises(ValueError, match=r"^expected a"):
                read(None, tokens)
        else:
            assert read(None, tokens) == expected


@pytest.mark.parametrize(
    ("option", "given"),
    [
        ("--price-persian", "0.4x"),
        ("--batch-size", "89.5"),
        ("--yes-up-to", "-1"),
    ],
)
def test_the_error_names_the_option(run: Run, option: str, given: str) -> None:
    """A wrong value is a usage error before anything is read."""
    ended = run("bulk", "missing.csv", option, given)
    assert (ended.code, option in ended.err, Path("missing.csv.campaign").exists()) == (2, True, False)
