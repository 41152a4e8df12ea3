"""`wikipayam idempotency show`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anyio
import pytest
from attrs import evolve

from tests.cli.conftest import Run
from wikipayam_async.idempotency import Claim, IdempotencyStore, Settlement, SQLiteIdempotencyStore
from wikipayam_async.idempotency.process import process_name
from wikipayam_async.integrations.postgres import PostgresIdempotencyStore
from wikipayam_async.integrations.redis import RedisIdempotencyStore
from wikipayam_async.outcomes import SendStatus

CLAIM = Claim(
    key="order-42:shipped",
    kind="sms",
    digest="d" * 64,
    claim_id="c",
    owner="another machine",
    track_id="t-1",
    lease=30.0,
    keep=3600.0,
)


def fill(store: IdempotencyStore, status: SendStatus | None, **changes: Any) -> None:
    """Put a key into a store."""

    async def work() -> None:
        await store.claim(evolve(CLAIM, **changes))
        if status is not None:
            await store.settle(Settlement(key=CLAIM.key, claim_id=CLAIM.claim_id, status=status, keep=3600.0))
        await store.aclose()

    anyio.run(work)


@pytest.mark.parametrize(
    ("status", "changes", "shown", "code"),
    [
        (SendStatus.ACCEPTED, {}, "accepted", 0),
        (SendStatus.REJECTED, {}, "rejected", 1),
        (SendStatus.NOT_ATTEMPTED, {}, "not_attempted", 1),
        (SendStatus.UNKNOWN, {}, "unknown", 3),
        (None, {"owner": process_name()}, "in_flight", 3),
        (None, {"lease": 0.0}, "unknown", 3),
    ],
)
def test_the_outcome_is_shown(
    status: SendStatus | None, changes: dict[str, Any], shown: str, code: int, tmp_path: Path, run: Run
) -> None:
    """With its track id, as a table and as JSON; the exit code tells it, too."""
    path = tmp_path / "sent.db"
    fill(SQLiteIdempotencyStore(path), status, **changes)
    ended = run("idempotency", "show", CLAIM.key, "--store", str(path), "--json")
    assert (ended.code, ended.json["status"], ended.json["track_id"], ended.json["kind"]) == (code, shown, "t-1", "sms")
    plain = run("idempotency", "show", CLAIM.key, "--store", str(path))
    assert plain.code == code
    assert shown in plain.out


def test_a_key_that_is_not_there(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is said, and the exit code is 1; the store may come from the environment."""
    path = tmp_path / "sent.db"
    fill(SQLiteIdempotencyStore(path), None)
    monkeypatch.setenv("WIKIPAYAM_IDEMPOTENCY_STORE", str(path))
    ended = run("idempotency", "show", "another", "--json")
    assert (ended.code, ended.json["status"]) == (1, None)
    assert "no such key" in ended.err


def test_a_store_is_needed(tmp_path: Path, run: Run) -> None:
    """A file that is not there is not made."""
    ended = run("idempotency", "show", "k")
    assert (ended.code, "store: none given" in ended.err) == (2, True)
    ended = run("idempotency", "show", "k", "--store", str(tmp_path / "missing.db"))
    assert (ended.code, "there is no such file" in ended.err) == (2, True)
    assert list(tmp_path.iterdir()) == []
    assert run("idempotency", "show", "not a key", "--store", "x").code == 2


def test_stores_on_servers(postgres_url: str, redis_url: str, run: Run) -> None:
    """By their URLs."""
    for url, store in (
        (postgres_url, PostgresIdempotencyStore(postgres_url)),
        (redis_url, RedisIdempotencyStore(redis_url)),
    ):
        fill(store, SendStatus.ACCEPTED)
        ended = run("idempotency", "show", CLAIM.key, "--store", url, "--json")
        assert (ended.code, ended.json["status"]) == (0, "accepted")
