"""The tables of docs/en/endpoints.md agree with the package's operations and methods."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from attrs import frozen

from tests.docs.gateway import methods, operations
from tests.docs.pages import DOCS

PAGE = DOCS / "en" / "endpoints.md"
PERSIAN_PAGE = DOCS / "fa" / "endpoints.md"
CODE = re.compile(r"`([^`]+)`")
NO_OPERATION = "anything else"


@frozen
class Row:
    """A row of the first table.

    Attributes:
        endpoint: The endpoint, as in `POST /sms/send`.
        methods: The full names of the methods, as in `client.sms.send`.
        commands: The commands, as in `wikipayam send`.
        replay: What repeating the request would mean.
    """

    endpoint: str
    methods: list[str]
    commands: list[str]
    replay: str


def section(title: str, page: Path = PAGE) -> list[list[str]]:
    """Return the cells of the table below a heading, without its header."""
    text = page.read_text(encoding="utf-8").partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def in_full(cell: str) -> Iterator[str]:
    """Yield the full names of a cell; `.send_many` belongs to the service of the name before it."""
    service = ""
    for name in CODE.findall(cell):
        full = f"{service}{name}" if name.startswith(".") else name
        service = full.rpartition(".")[0]
        yield full


def rows(title: str = "The calls", page: Path = PAGE) -> list[Row]:
    """Return the rows of the first table of a page."""
    return [
        Row(endpoint.strip("`"), list(in_full(called)), CODE.findall(commands), replay)
        for endpoint, _, called, commands, replay in section(title, page)
    ]


def test_every_operation_has_a_row() -> None:
    """Every operation has a row with its replay, and no row has another endpoint."""
    documented = {row.endpoint: row.replay for row in rows()}
    assert documented.pop(NO_OPERATION) == "set by you"
    assert documented == {endpoint: operation.replay.value for endpoint, operation in operations().items()}


INTERNAL = {"client.sms.bulk_with"}
"""Methods for other packages of the project, with options that no caller needs."""


def test_every_method_has_its_row() -> None:
    """Every method is listed once, with the endpoint that its docstring names."""
    documented = [(method, row.endpoint) for row in rows() for method in row.methods]
    expected = {method: endpoint or NO_OPERATION for method, endpoint in methods().items() if method not in INTERNAL}
    assert sorted(documented) == sorted(expected.items())


def test_every_method_is_found() -> None:
    """The methods of every service and of the client are found."""
    assert {name.rpartition(".")[0] for name in methods()} == {
        "client", "client.sms", "client.receives", "client.otp", "client.voice", "client.holoo",
    }  # fmt: skip
    assert {"client.balance", "client.sms.delivery_status", "client.receives.iter"} <= set(methods())


@pytest.mark.parametrize("command", sorted({command for row in rows() for command in row.commands}))
def test_every_command_exists(command: str) -> None:
    """The command line has each command of the table and its option."""
    app = pytest.importorskip("wikipayam_async.cli.app").build()
    program, *words = command.split()
    assert program == "wikipayam"
    for word in words:
        if word.startswith("--"):
            assert word in {name for argument in app.assemble_argument_collection() for name in argument.names}
        else:
            app = app[word]


def test_every_call_with_gaps_is_listed() -> None:
    """The last table lists exactly the operations whose documentation has gaps."""
    documented = {endpoint.strip("`") for endpoint, *_ in section("What it leaves open, call by call")}
    assert set(operations()) - documented == {"GET /receives/unread/count"}
    assert documented - set(operations()) == set()


def test_the_persian_page_has_the_same_rows() -> None:
    """Its calls have the same endpoints, methods, commands and replays, and its gaps are of the same calls."""
    assert rows("فراخوانی‌ها", PERSIAN_PAGE)[:-1] == rows()[:-1]
    assert rows("فراخوانی‌ها", PERSIAN_PAGE)[-1].methods == rows()[-1].methods
    gaps = [row[0] for row in section("آنچه هر فراخوانی باز گذاشته است", PERSIAN_PAGE)]
    assert gaps == [row[0] for row in section("What it leaves open, call by call")]
