"""The store in a file of SQLite; what it does is in the contract, how it does it is here."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import anyio
import pytest
from attrs import evolve

from wikipayam_async import ConfigurationError, idempotency
from wikipayam_async.idempotency import Claim, IdempotencyStoreError, Settlement, SQLiteIdempotencyStore
from wikipayam_async.outcomes import SendStatus
from wikipayam_async.sqlite import connection as module
from wikipayam_async.sqlite.turn import ProcessTurn

CLAIM = Claim(key="k", kind="sms", digest="d", claim_id="c", owner="o", track_id=None, lease=15.0, keep=60.0)

WORKER = """
import sys, anyio
from attrs import evolve
from wikipayam_async.idempotency import Claim, SQLiteIdempotencyStore

async def main():
    store = SQLiteIdempotencyStore(sys.argv[1])
    won = []
    async def one(n):
        claim = Claim(key=f"k-{n}", kind="sms", digest="d", claim_id=sys.argv[2], owner="o", track_id=None, lease=60, keep=60)
        if await store.claim(claim) is None:
            won.append(n)
    async with anyio.create_task_group() as group:
        for n in range(100):
            group.start_soon(one, n)
    await store.aclose()
    print(len(won))

anyio.run(main)
"""


def list_files(folder: Path) -> list[Path]:
    """Return the files of a folder."""
    return list(folder.iterdir())


def test_the_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    """All of them."""

    async def main() -> None:
        store = SQLiteIdempotencyStore(tmp_path / "sent.db")
        await store.claim(CLAIM)
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in list_files(tmp_path)}
        assert modes == dict.fromkeys(("sent.db", "sent.db-wal", "sent.db-shm", "sent.db.lock"), 0o600)
        assert (store.path, repr(store)) == (tmp_path / "sent.db", f"SQLiteIdempotencyStore('{tmp_path}/sent.db')")
        await store.aclose()

    anyio.run(main)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["sent.db", "sent.db.lock"]


def test_a_store_that_is_closed_while_being_cancelled_closes_its_file(tmp_path: Path) -> None:
    """As the client does when its block is left by a cancellation: the log of the file is gone."""

    async def main() -> None:
        store = SQLiteIdempotencyStore(tmp_path / "sent.db")
        await store.claim(CLAIM)
        with anyio.CancelScope() as scope:
            scope.cancel()
            await store.aclose()

    anyio.run(main)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["sent.db", "sent.db.lock"]


def test_processes_share_a_file(tmp_path: Path) -> None:
    """Of four that claim the same hundred keys at once, each key has one winner."""
    command = [sys.executable, "-c", WORKER, str(tmp_path / "sent.db")]
    workers = [subprocess.Popen([*command, str(n)], stdout=subprocess.PIPE) for n in range(4)]  # noqa: S603
    won = [int(worker.communicate()[0]) for worker in workers]
    assert sum(won) == 100


def test_one_store_in_many_loops_and_threads(tmp_path: Path) -> None:
    """One after another, and at once."""
    path = tmp_path / "sent.db"
    store = SQLiteIdempotencyStore(path)

    async def main(number: int) -> None:
        async with anyio.create_task_group() as group:
            for n in range(5):
                group.start_soon(store.claim, evolve(CLAIM, key=f"k-{number}-{n}"))

    asyncio.run(main(0))
    asyncio.run(main(1))
    anyio.run(main, 2, backend="trio")
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: asyncio.run(main(number)), range(3, 11)))
    asyncio.run(store.aclose())
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT count(*) FROM idempotency").fetchone() == (55,)
    connection.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system does not fork")
def test_a_forked_process_opens_the_file_by_itself(tmp_path: Path) -> None:
    """As the workers of a prefork server; the connection of the parent is not used."""
    code = (
        "import asyncio, os, sys\n"
        "from wikipayam_async.idempotency import SQLiteIdempotencyStore\n"
        "store = SQLiteIdempotencyStore(sys.argv[1])\n"
        "asyncio.run(store.read('k'))\n"
        "child = os.fork()\n"
        "for _ in range(20): asyncio.run(store.forget('k'))\n"
        "ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) if child else 0\n"
        "asyncio.run(store.aclose())\n"
        "sys.exit(ended)\n"
    )
    command = [sys.executable, "-W", "ignore", "-c", code, str(tmp_path / "sent.db")]
    assert subprocess.run(command, check=False).returncode == 0  # noqa: S603 - our own program


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system does not fork")
def test_a_forked_process_takes_no_keys_once_its_parent_closed_the_file(tmp_path: Path) -> None:
    """SQLite takes the parent's locks for its own there, so the parent removes the log that both use: no key is taken any more."""
    code = (
        "import asyncio, os, signal, sys\n"
        "from attrs import evolve\n"
        "from tests.idempotency.test_sqlite import CLAIM\n"
        "from wikipayam_async.idempotency import IdempotencyStoreError, SQLiteIdempotencyStore\n"
        "store = SQLiteIdempotencyStore(sys.argv[1])\n"
        "asyncio.run(store.claim(CLAIM))\n"
        "(claimed, claims), (closed, closes), (told, tells) = os.pipe(), os.pipe(), os.pipe()\n"
        "if not os.fork():\n"
        "    asyncio.run(store.claim(evolve(CLAIM, key='before')))\n"
        "    os.write(claims, b'x')\n"
        "    os.read(closed, 1)\n"
        "    try:\n"
        "        asyncio.run(store.claim(evolve(CLAIM, key='after')))\n"
        "    except IdempotencyStoreError:\n"
        "        os.write(tells, b'refused')\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "os.close(tells)\n"
        "os.read(claimed, 1)\n"
        "asyncio.run(store.aclose())\n"
        "os.write(closes, b'x')\n"
        "os.wait()\n"
        "print(os.read(told, 10).decode())\n"
    )
    command = [sys.executable, "-W", "ignore", "-c", code, str(tmp_path / "sent.db")]
    ended = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - our own program
    with sqlite3.connect(tmp_path / "sent.db") as connection:
        found = connection.execute("SELECT key FROM idempotency ORDER BY key").fetchall()
    connection.close()
    assert (found, ended.stdout) == ([("before",), ("k",)], "refused\n")


def test_a_connection_of_another_process_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is neither used nor closed."""

    async def main() -> None:
        store = SQLiteIdempotencyStore(tmp_path / "sent.db")
        await store.read("k")
        opened = store._open
        assert opened is not None
        monkeypatch.setattr(os, "getpid", lambda: 7)
        await store.read("k")
        assert (store._open is opened, store._inherited) == (False, [opened])
        await store.aclose()
        store._open = opened
        await store.aclose()
        assert opened.connection.execute("SELECT 1").fetchone() == (1,)
        opened.connection.close()
        opened.turn.close()

    anyio.run(main)


def test_concurrent_first_calls_open_one_connection(tmp_path: Path) -> None:
    """The others use it."""

    async def main() -> None:
        store = SQLiteIdempotencyStore(tmp_path / "sent.db")
        async with anyio.create_task_group() as group:
            for _ in range(10):
                group.start_soon(store.read, "k")
        assert store._inherited == []
        await store.aclose()

    anyio.run(main)


def test_each_claim_removes_two_expired_keys(tmp_path: Path) -> None:
    """So the file does not grow for ever where nobody calls `purge`."""
    now = 1000.0

    async def main() -> None:
        nonlocal now
        store = SQLiteIdempotencyStore(tmp_path / "sent.db", keep_for=timedelta(seconds=60), clock=lambda: now)
        for number in range(5):
            await store.claim(evolve(CLAIM, key=f"k-{number}"))
        now = 5000.0
        await store.claim(evolve(CLAIM, key="new"))
        assert await store.purge() == 3
        assert await store.read("new") is not None
        await store.aclose()

    anyio.run(main)


def test_another_file_is_refused(tmp_path: Path) -> None:
    """And left as it is; the lock is given back."""
    path = tmp_path / "customers.csv"
    path.write_bytes(b"name,mobile\n" * 1000)

    async def main() -> None:
        store = SQLiteIdempotencyStore(path)
        for _ in range(2):
            with pytest.raises(IdempotencyStoreError) as caught:
                await store.read("k")
            assert str(caught.value).startswith(f"{path}: is damaged or no idempotency store: ")

    anyio.run(main)
    assert path.read_bytes() == b"name,mobile\n" * 1000


def test_a_file_that_is_removed_takes_no_more_keys(tmp_path: Path) -> None:
    """Another process would find none, and send again."""

    async def main() -> None:
        store = SQLiteIdempotencyStore(tmp_path / "sent.db")
        await store.claim(CLAIM)
        (tmp_path / "sent.db").unlink()
        with pytest.raises(IdempotencyStoreError, match=r"sent.db was removed or replaced while it was in use"):
            await store.read("k")
        await store.aclose()

    anyio.run(main)


def test_a_network_file_system_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is made."""
    monkeypatch.setattr(module, "network_file_system_of", lambda _: "nfs4")
    with pytest.raises(IdempotencyStoreError, match="keep the store on a local disk"):
        anyio.run(SQLiteIdempotencyStore(tmp_path / "sent.db").read, "k")
    assert list(tmp_path.iterdir()) == []


def test_a_process_that_keeps_the_file_locked_is_an_error(tmp_path: Path) -> None:
    """Of every call that waits for the turn."""
    errors: list[IdempotencyStoreError] = []

    async def main() -> None:
        store = SQLiteIdempotencyStore(tmp_path / "sent.db")
        await store.read("k")
        assert store._open is not None
        store._open.turn._longest_wait = 0.02

        async def settle() -> None:
            try:
                await store.settle(Settlement(key="k", claim_id="c", status=SendStatus.ACCEPTED, keep=60.0))
            except IdempotencyStoreError as error:
                errors.append(error)

        other = ProcessTurn(tmp_path / "sent.db.lock")
        with other:
            async with anyio.create_task_group() as group:
                for _ in range(3):
                    group.start_soon(settle)
        other.close()
        assert await store.settle(Settlement(key="k", claim_id="c", status=SendStatus.ACCEPTED, keep=60.0)) is False
        await store.aclose()

    anyio.run(main)
    assert len(errors) == 3
    assert all("cannot be used" in str(error) for error in errors)


def test_the_settings_of_a_store(tmp_path: Path) -> None:
    """Claims and digests are made with them."""
    store = SQLiteIdempotencyStore(tmp_path / "sent.db", keep_for=timedelta(hours=1), secret="s" * 16)
    assert (store.keep_for, store.secret) == (timedelta(hours=1), b"s" * 16)
    plain = SQLiteIdempotencyStore(tmp_path / "sent.db")
    assert (plain.keep_for, plain.secret) == (timedelta(days=7), b"")
    with pytest.raises(ConfigurationError, match=r"^path: expected the path of a file; got a number \(int\)$"):
        SQLiteIdempotencyStore(7)  # type: ignore[arg-type] # what a caller without types may pass


def test_an_error_that_comes_later_names_the_file(tmp_path: Path) -> None:
    """One of a file that was opened before, too."""
    errors: list[str] = []

    async def main() -> None:
        store = SQLiteIdempotencyStore(tmp_path / "sent.db")
        await store.read("k")
        assert store._open is not None
        store._open.connection.execute("DROP TABLE idempotency")
        try:
            await store.read("k")
        except IdempotencyStoreError as error:
            errors.append(str(error))
        await store.aclose()

    anyio.run(main)
    assert errors == [f"{tmp_path / 'sent.db'}: cannot be used: no such table: idempotency"]


def test_the_store_is_imported_on_first_use() -> None:
    """Some builds of Python lack SQLite; any other name is missing as usual."""
    assert idempotency.SQLiteIdempotencyStore is SQLiteIdempotencyStore
    with pytest.raises(AttributeError, match="has no attribute 'OracleStore'"):
        vars(idempotency)["__getattr__"]("OracleStore")
    code = "import sys; sys.modules['sqlite3'] = None; import wikipayam_async"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0  # noqa: S603 - our own program
