"""The journal in PostgreSQL."""

from __future__ import annotations

import itertools

import pytest

from wikipayam_async.campaigns.contract import JOURNAL_CONTRACT, Check
from wikipayam_async.integrations.procrastinate import PostgresJournal

pytestmark = pytest.mark.anyio

_numbers = itertools.count()


@pytest.mark.parametrize("check", JOURNAL_CONTRACT, ids=lambda check: check.__name__)
async def test_the_journal_keeps_the_contract(check: Check, postgres_url: str) -> None:
    """Each object has connections of its own, as another process would."""
    name = f"contract-{next(_numbers)}"
    await check(lambda: PostgresJournal(postgres_url, name))
