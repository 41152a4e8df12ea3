from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve

from tests.cli.conftest import PASSWORD, Run
from wikipayam_async.cli.database_checks import check_health, check_schema
from wikipayam_async.cli.exits import Exit
from wikipayam_async.emulator import Emulator
from wikipayam_async.integrations.procrastinate import SchemaState
from wikipayam_async.integrations.procrastinate.health import DatabaseHealth

HEALTH = DatabaseHealth(
    server_version="17.2 (Debian)",
    milliseconds=0.25,
    connections=10,
    max_connections=97,
    encrypted=True,
    read_only=False,
    pooler=False,
    transaction_pooling=False,
)


def test_doctor_checks_the_database_of_the_environment(gateway: Emulator, database: str, run: Run) -> None:
    """Before and after a migration; nothing shows the URL."""
    ended = run("doctor")
    schema = ended.out.splitlines()[-1]
    assert (ended.code, schema) == (
        2, "FAILS  schema: version none; 1 migration due: stop the workers, then run `wikipayam campaign migrate`",
    )  # fmt: skip
    assert run("campaign", "migrate").code == 0
    ended = run("doctor", "--json")
    found = {check["name"]: check["code"] for check in ended.json["checks"]}
    assert (ended.code, [found[name] for name in ("database", "pooler", "connections", "schema")]) == (0, [0, 0, 0, 0])
    assert PASSWORD not in ended.out + ended.err


def test_an_unreachable_database_is_found(gateway: Emulator, run: Run) -> None:
    """It is a failure like that of the gateway."""
    ended = run("doctor", "--database", f"postgresql://sms:{PASSWORD}@127.0.0.1:1/sms")
    assert (ended.code, ended.out.splitlines()[-1]) == (
        5, "FAILS  database: the database cannot be used: nothing listens at this address",
    )  # fmt: skip
    assert PASSWORD not in ended.out + ended.err


@pytest.mark.parametrize(
    ("changes", "name", "code", "part"),
    [
        ({}, "database", Exit.OK, "PostgreSQL 17.2 (Debian), 0.2 ms a statement, encrypted"),
        ({"encrypted": False}, "database", Exit.OK, "not encrypted; over a network, add ?sslmode=require"),
        ({"server_version": "12.9"}, "database", Exit.USAGE, "the workers need 13 or newer"),
        ({"read_only": True}, "database", Exit.USAGE, "use the URL of the primary"),
        ({"pooler": True}, "pooler", Exit.OK, "in session mode"),
        ({"pooler": True, "transaction_pooling": True}, "pooler", Exit.OK, "workers poll for new jobs"),
        ({}, "connections", Exit.OK, "10 of 97 are in use"),
        ({"connections": 90}, "connections", Exit.USAGE, "a worker needs up to 10"),
    ],
)
def test_the_server_is_judged(changes: dict[str, Any], name: str, code: Exit, part: str) -> None:
    """What has to be changed is said."""
    (check,) = (one for one in check_health(evolve(HEALTH, **changes)) if one.name == name)
    assert (check.code, part in check.text) == (code, True)


@pytest.mark.parametrize(
    ("version", "code", "text"),
    [
        (3, Exit.OK, "version 3, up to date"),
        (1, Exit.USAGE, "version 1; 2 migrations due: stop the workers, then run `wikipayam campaign migrate`"),
        (4, Exit.USAGE, "version 4 is of a newer wikipayam_async: install that version here, too"),
    ],
)
def test_the_tables_are_judged(version: int, code: Exit, text: str) -> None:
    """By the version that this package needs."""
    check = check_schema(SchemaState(version, "3.10"), 3)
    assert (check.code, check.text) == (code, text)
