"""The journal in SQLite: one writer, readers beside it, a full disk, a power failure."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from unittest.mock import patch

import anyio
import pytest

from tests.campaigns.doubles import WallClock, all_results, messages
from tests.sqlite.killed import kill_while_written
from wikipayam_async import CallFinished, InvalidInputError
from wikipayam_async.campaigns import (
    Campaign,
    CampaignStatus,
    JournalBusyError,
    JournalError,
    JournalWriteError,
    SQLiteJournal,
    StopRequest,
    StoredOutcome,
)
from wikipayam_async.campaigns.sqlite import journal as module
from wikipayam_async.emulator import Emulator
from wikipayam_async.sqlite.connection import FileFormat, open_writer
from wikipayam_async.sqlite.lock import FileLock
from wikipayam_async.testing import emulator_client

pytestmark = pytest.mark.anyio

HOLD = """
import sys, time
from pathlib import Path
from wikipayam_async.sqlite.lock import FileLock
FileLock(Path(sys.argv[1])).acquire()
print("held", flush=True)
sys.stdin.read()
"""


async def planned(path: Path, emulator: Emulator, count: int = 30, **arguments: Any) -> Campaign:
    """Return an open campaign with some messages in batches of ten."""
    campaign = await Campaign.open(emulator_client(emulator), path, **arguments).__aenter__()
    await campaign.plan(messages(count), batch_size=10)
    return campaign


def test_a_path_is_checked() -> None:
    """An empty one, or another object, is none."""
    for wrong in ("", 7):
        with pytest.raises(InvalidInputError, match="path: expected the path of a file"):
            SQLiteJournal(wrong)  # type: ignore[arg-type]
    assert SQLiteJournal("eid.db").path == Path.cwd() / "eid.db"


async def test_files_are_private_and_vanish_at_the_end(tmp_path: Path) -> None:
    """While a campaign is used, its files are there for their owner alone; afterwards there is one."""
    campaign = await planned(tmp_path / "eid.db", Emulator())
    await campaign.progress()
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}
    assert modes == dict.fromkeys(["eid.db", "eid.db-wal", "eid.db-shm", "eid.db.lock"], 0o600)
    await campaign.__aexit__(None, None, None)
    assert [file.name for file in tmp_path.iterdir()] == ["eid.db"]


async def test_reading_leaves_no_litter(tmp_path: Path) -> None:
    """Also if it is all that was done; and looking for a campaign that is not there makes no file."""
    path = tmp_path / "eid.db"
    await (await planned(path, Emulator())).__aexit__(None, None, None)
    async with Campaign.open(None, path) as campaign:
        assert (await campaign.progress()).pending == 30
    assert [file.name for file in tmp_path.iterdir()] == ["eid.db"]
    async with Campaign.open(None, tmp_path / "other.db") as campaign:
        with pytest.raises(Exception, match="nothing is planned here"):
            await campaign.progress()
    assert [file.name for file in tmp_path.iterdir()] == ["eid.db"]


async def test_a_folder_that_cannot_be_written_can_be_read_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a reader leaves behind stays, and is no error."""
    path = tmp_path / "eid.db"
    await (await planned(path, Emulator())).__aexit__(None, None, None)

    def refuse(*_: object) -> None:
        raise OSError("read-only file system")

    monkeypatch.setattr(module, "tidy", refuse)
    async with Campaign.open(None, path) as campaign:
        assert (await campaign.progress()).pending == 30


async def test_a_failed_plan_leaves_no_file(tmp_path: Path) -> None:
    """Nor a lock."""
    campaign = Campaign.open(emulator_client(Emulator()), tmp_path / "eid.db")
    async with campaign:
        with pytest.raises(InvalidInputError):
            await campaign.plan(7)  # type: ignore[call-overload]
        assert list(tmp_path.iterdir()) == []
        await campaign.plan(messages(1))
    assert [file.name for file in tmp_path.iterdir()] == ["eid.db"]


async def test_a_second_process_is_an_error_that_names_it(tmp_path: Path) -> None:
    """It sends nothing; it may read, and ask the first to stop."""
    path = tmp_path / "eid.db"
    await (await planned(path, Emulator())).__aexit__(None, None, None)
    emulator = Emulator()
    with subprocess.Popen(  # noqa: S603, ASYNC220 - own code
        [sys.executable, "-c", HOLD, f"{path}.lock"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        async with Campaign.open(emulator_client(emulator), path) as campaign:
            with pytest.raises(JournalBusyError) as caught:
                await campaign.run()
            assert str(caught.value) == (
                f"{path}: process {process.pid} is using this campaign; nothing was sent. progress(), results(), pause() "
                "and cancel() work meanwhile"
            )
            assert (await campaign.progress()).status is CampaignStatus.PLANNED
            await campaign.pause()
            await campaign.cancel()
        names = {file.name for file in tmp_path.iterdir()}
        assert {"eid.db.pause", "eid.db.cancel"} <= names
        process.communicate()
    assert emulator.requests == 0
    async with Campaign.open(emulator_client(emulator), path) as campaign:
        with pytest.raises(Exception, match="the campaign is canceled"):
            await campaign.run()
    assert [file.name for file in tmp_path.iterdir()] == ["eid.db"]


async def test_a_process_that_does_not_say_its_name_is_another_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lock is what counts."""
    first, second = SQLiteJournal(tmp_path / "eid.db"), SQLiteJournal(tmp_path / "eid.db")
    await first.lock()
    monkeypatch.setattr(second._lock, "owner", lambda: "")
    with pytest.raises(JournalBusyError, match="another process is using this campaign"):
        await second.lock()
    await first.aclose()


async def test_a_link_to_a_journal_is_the_same_journal(tmp_path: Path) -> None:
    """It has the same lock, so that it has one writer by whatever name."""
    link = tmp_path / "link.db"
    link.symlink_to(tmp_path / "eid.db")
    first, second = SQLiteJournal(tmp_path / "eid.db"), SQLiteJournal(link)
    await first.lock()
    with pytest.raises(JournalBusyError):
        await second.lock()
    await first.aclose()


async def test_a_look_at_the_lock_does_not_disturb_the_next_writer(tmp_path: Path) -> None:
    """A reader holds it for a moment; the writer tries again."""
    first, second = SQLiteJournal(tmp_path / "eid.db"), SQLiteJournal(tmp_path / "eid.db")
    first._lock.acquire()

    async def release() -> None:
        await anyio.sleep(0.1)
        first._lock.release()

    async with anyio.create_task_group() as group:
        group.start_soon(release)
        await second.lock()
    await second.aclose()


async def test_what_cannot_be_opened_is_not_locked(tmp_path: Path) -> None:
    """After a failed start there is no lock, and no file that was not there before."""
    path = tmp_path / "eid.db"
    path.write_bytes(b"not a database" * 1000)
    journal = SQLiteJournal(path)
    with pytest.raises(JournalError):
        await journal.lock()
    assert [file.name for file in tmp_path.iterdir()] == ["eid.db"]
    with pytest.raises(JournalError):
        await journal.read_facts()
    await journal.aclose()


async def test_writing_needs_the_lock(tmp_path: Path) -> None:
    """Two writers can lose what was committed."""
    journal = SQLiteJournal(tmp_path / "eid.db")
    for call in (journal.write_facts({}), journal.begin_plan(), journal._outside(lambda _: None)):
        with pytest.raises(JournalError, match="the journal is not open for writing"):
            await call
    assert not await journal.request(StopRequest.PAUSE)
    await journal.discard_plan()


async def test_a_file_whose_maker_was_killed_can_be_read(tmp_path: Path) -> None:
    """What it began to write is undone, unless another process makes the file just now; nothing is planned either way."""
    path = tmp_path / "eid.db"
    kill_while_written(path)
    before = path.stat().st_size
    maker = FileLock(tmp_path / "eid.db.lock")
    maker.acquire()
    sizes: list[int] = []
    for release in (maker.release, lambda: None):
        journal = SQLiteJournal(path)
        assert await journal.read_facts() == {}
        await journal.aclose()
        sizes.append(path.stat().st_size)
        release()
    assert (sizes, [file.name for file in tmp_path.iterdir()]) == ([before, 0], ["eid.db"])


async def test_a_plan_of_another_process_that_died_is_forgotten(tmp_path: Path) -> None:
    """A file without a finished plan is planned anew."""
    path = tmp_path / "eid.db"
    journal = SQLiteJournal(path)
    await journal.lock()
    await journal.begin_plan()
    await journal.aclose()
    campaign = await planned(path, Emulator(), 3)
    assert (await campaign.progress()).total == 3
    await campaign.__aexit__(None, None, None)


class Snapshots(SQLiteJournal):
    """A journal that copies its files as a power failure would leave them: without what no commit has synchronized."""

    def __init__(self, path: Path, folder: Path) -> None:
        super().__init__(path)
        self._folder = folder
        self._synchronized = 0
        self.copies: list[Path] = []

    async def claim(self, no: int, token: str) -> bool:
        """Claim, and note how much of the log the commit has synchronized."""
        claimed = await super().claim(no, token)
        self._note()
        return claimed

    async def settle(self, no: int, token: str, outcomes: Sequence[StoredOutcome]) -> bool:
        """Settle; the commit has synchronized the log, too."""
        settled = await super().settle(no, token, outcomes)
        self._note()
        return settled

    def _note(self) -> None:
        self._synchronized = self._beside("-wal").stat().st_size

    def copy(self) -> None:
        """Copy the files, as they are on the disk."""
        folder = self._folder / str(len(self.copies))
        folder.mkdir()
        shutil.copy(self.path, folder / "eid.db")
        (folder / "eid.db-wal").write_bytes(self._beside("-wal").read_bytes()[: self._synchronized])
        self.copies.append(folder / "eid.db")


async def test_after_a_power_failure_nothing_that_was_sent_is_pending(tmp_path: Path) -> None:
    """At any moment between a request and its outcome, the synchronized bytes show its messages as in flight.

    The copies hold what SQLite has synchronized, by its own rule that a commit with `synchronous=FULL` has; what the
    disk's own cache does with that is not simulated.
    """
    emulator = Emulator()
    journal = Snapshots(tmp_path / "eid.db", tmp_path)
    accepted: list[set[str]] = []

    def copy(event: object) -> None:
        if isinstance(event, CallFinished) and event.messages:
            journal.copy()
            accepted.append(set(emulator.accepted_track_ids()))

    async with Campaign.open(emulator_client(emulator, on_event=copy), journal) as campaign:
        await campaign.plan(messages(60), batch_size=10)
        assert (await campaign.run(concurrency=3)).accepted == 60
    assert len(journal.copies) == 6
    for path, sent in zip(journal.copies, accepted, strict=True):
        async with Campaign.open(None, path) as campaign:
            pending = {one.track_id for one in await all_results(campaign, status="not_attempted")}
            assert pending.isdisjoint(sent)
            assert (await campaign.progress()).unknown == 0
        after = Emulator()
        async with Campaign.open(emulator_client(after), path) as campaign:
            report = await campaign.run()
            assert report.status is CampaignStatus.COMPLETED
        assert sent.isdisjoint(after.accepted_track_ids())
        assert len(sent | set(after.accepted_track_ids())) + report.unknown >= 60


async def limit_pages(campaign: Campaign, spare: int) -> None:
    """Let the database grow by some pages only, as a full disk does."""
    journal: Any = campaign._journal
    pages = await journal._writer.outside(lambda connection: connection.execute("PRAGMA page_count").fetchone()[0])
    await journal._writer.outside(lambda connection: connection.execute(f"PRAGMA max_page_count = {pages + spare}"))


async def test_a_full_disk_loses_nothing(tmp_path: Path) -> None:
    """What is in flight when it fills is in the error; the file is intact, and the next run goes on."""
    emulator = Emulator()
    path = tmp_path / "eid.db"
    async with Campaign.open(emulator_client(emulator), path, sleep=WallClock().sleep) as campaign:
        await campaign.plan(messages(3000), batch_size=10)
        await campaign._journal.lock()
        await limit_pages(campaign, 2)
        with pytest.raises(JournalWriteError) as caught:
            await campaign.run(concurrency=2)
    known = {str(result.track_id) for result in caught.value.results}
    assert "database or disk is full" in str(caught.value.__cause__)
    assert 0 < len(known) <= 20
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()
    async with Campaign.open(emulator_client(emulator), path) as campaign:
        report = await campaign.run()
        unknown = {str(one.track_id) for one in await all_results(campaign, status="unknown")}
    assert unknown == known
    assert (report.status, report.accepted + report.unknown) == (CampaignStatus.COMPLETED, 3000)
    assert sorted(emulator.accepted_track_ids()) == sorted(f"m-{index}" for index in range(3000))


async def test_a_full_disk_before_the_intent_sends_nothing(tmp_path: Path) -> None:
    """The claim fails, so no request leaves."""
    emulator = Emulator()
    path = tmp_path / "eid.db"
    async with Campaign.open(emulator_client(emulator), path, sleep=WallClock().sleep) as campaign:
        await campaign.plan(messages(30), batch_size=10)

        async def full(no: int, token: str) -> bool:
            def fail(connection: sqlite3.Connection) -> bool:
                connection.execute("PRAGMA max_page_count = 1")
                connection.execute("CREATE TABLE filler (x)")
                return True

            return bool(await journal._write(fail))

        journal: Any = campaign._journal
        journal.claim = full
        report = await campaign.run()
        assert (report.status, report.pending, emulator.accepted) == (CampaignStatus.PAUSED, 30, 0)
    async with Campaign.open(emulator_client(emulator), path) as campaign:
        assert (await campaign.run()).accepted == 30


@pytest.mark.parametrize("name", ["eid.db", "eid.db.lock"])
async def test_a_file_that_is_removed_meanwhile_sends_nothing(tmp_path: Path, name: str) -> None:
    """The next process would find an older one, or none; without the lock it would run the campaign beside this one."""
    emulator = Emulator()
    campaign = await planned(tmp_path / "eid.db", emulator)
    (tmp_path / name).unlink()
    with pytest.raises(JournalError, match=f"{name} was removed or replaced while it was in use. Put it back"):
        await campaign.run()
    await campaign.__aexit__(None, None, None)
    assert emulator.accepted == 0


async def test_a_purge_leaves_no_trace(tmp_path: Path) -> None:
    """The file is overwritten before it is removed."""
    path = tmp_path / "eid.db"
    campaign = await planned(path, Emulator())
    await campaign.run()
    await campaign.requeue([], note="nothing")
    seen: list[bytes] = []
    original = vars(module)["remove_files"]

    def remove(target: Path) -> None:
        seen.append(target.read_bytes())
        original(target)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "remove_files", remove)
        await campaign.purge()
    await campaign.__aexit__(None, None, None)
    assert [b"0912000" in content for content in seen] == [False]
    assert list(tmp_path.iterdir()) == []


async def test_anybody_can_read_the_file_with_sql(tmp_path: Path) -> None:
    """The tables are plain rows."""
    path = tmp_path / "eid.db"
    campaign = await planned(path, Emulator(), 3)
    await campaign.run()
    await campaign.__aexit__(None, None, None)
    with sqlite3.connect(path) as connection:
        rows = connection.execute(
            'SELECT m.receiver, m.text, o.status FROM message m JOIN outcome o USING ("index") ORDER BY "index"'
        ).fetchall()
    connection.close()
    assert rows == [(f"0912000000{index}", "سلام", "accepted") for index in range(3)]


async def test_a_file_without_a_plan_is_removed(tmp_path: Path) -> None:
    """A process that is interrupted before or while it plans leaves nothing; a finished plan stays."""
    path = tmp_path / "eid.db"
    journal = SQLiteJournal(path)
    with anyio.CancelScope() as scope:
        scope.cancel()
        await journal.lock()
    await journal.aclose()
    journal = SQLiteJournal(path)
    await journal.lock()
    await journal.begin_plan()
    await journal.aclose()
    assert list(tmp_path.iterdir()) == []
    async with Campaign.open(emulator_client(Emulator()), path) as campaign:
        await campaign.plan(messages(3))
    assert [one.name for one in tmp_path.iterdir()] == ["eid.db"]


async def test_a_purge_removes_the_file_although_the_disk_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everything is overwritten by then; making the file smaller needs room that there is not."""

    def shrink(_: sqlite3.Connection) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(module, "_shrink", shrink)
    campaign = await planned(tmp_path / "eid.db", Emulator())
    await campaign.purge()
    await campaign.__aexit__(None, None, None)
    assert list(tmp_path.iterdir()) == []


async def test_an_interrupted_purge_is_finished_by_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A purge that was killed after it had deleted the rows may simply be repeated."""
    campaign = await planned(tmp_path / "eid.db", Emulator())
    with monkeypatch.context() as patched:
        patched.setattr(SQLiteJournal, "_outside", None)  # whatever ends it here
        with pytest.raises(TypeError):
            await campaign.purge()
    await campaign.__aexit__(None, None, None)
    async with Campaign.open(None, tmp_path / "eid.db") as campaign:
        await campaign.purge()
    assert list(tmp_path.iterdir()) == []


async def test_two_tasks_that_become_the_writer_at_once_have_one_connection(tmp_path: Path) -> None:
    """Two writing connections of one process could lose what is committed."""
    journal = SQLiteJournal(tmp_path / "eid.db")
    opened: list[Path] = []

    def count(path: Path, form: FileFormat) -> sqlite3.Connection:
        opened.append(path)
        return open_writer(path, form)

    with patch.object(module, "open_writer", count):
        async with anyio.create_task_group() as group:
            group.start_soon(journal.lock)
            group.start_soon(journal.lock)
    await journal.aclose()
    assert opened == [journal.path]
