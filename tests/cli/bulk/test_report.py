from __future__ import annotations

import pytest

from tests.cli.bulk.commands import FILE, RESULTS, SENDS, A, B, C, write
from tests.cli.conftest import Run
from wikipayam_async.emulator import Emulator, Fault


def test_json_output_is_one_object(gateway: Emulator, run: Run) -> None:
    """With --json stdout holds one object, and stderr is empty without errors."""
    write(f"{A},hi", f"{A},hi")
    ended = run("bulk", FILE, "--yes", "--dedupe", "receiver-and-text", "--json")
    assert (ended.code, ended.err) == (0, "")
    assert ended.json == {
        "counts": {"accepted": 1, "rejected": 1, "unknown": 0, "not_attempted": 0},
        "held_back": 1, "results": RESULTS, "exit": "ok", "causes": {}, "failure": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("fault", "code", "counts"),
    [
        (Fault.status(400), 1, (2, 2, 0, 0)),
        (Fault.status(402), 1, (2, 2, 0, 0)),
        (Fault.status(403), 4, (2, 2, 0, 0)),
        (Fault.status(401), 4, (2, 2, 0, 0)),
        (Fault.reset(), 3, (2, 0, 2, 0)),
        (Fault.status(500), 3, (2, 0, 2, 0)),
        (Fault.status(429, retry_after=3600), 5, (2, 2, 0, 0)),
    ],
)
def test_the_exit_code_reports_the_outcome(
    gateway: Emulator, run: Run, fault: Fault, code: int, counts: tuple[int, ...]
) -> None:
    """Rejected is 1, unknown 3, a refused token 4, a gateway failure 5."""
    write(f"{A},hi", f"{B},hi", f"{C},hi", f"{A},ho")
    gateway.faults.script([None, fault], on=SENDS)
    ended = run("bulk", FILE, "--yes", "--batch-size", "2", "--concurrency", "1", "--json")
    assert (ended.code, tuple(ended.json["counts"].values())) == (code, counts)
    assert ended.json["exit"] == {1: "rejected", 3: "unknown", 4: "auth", 5: "gateway"}[code]


def test_unknown_outweighs_a_refused_token(gateway: Emulator, run: Run) -> None:
    """An unknown outcome is the most severe, and the report says how to resolve it."""
    write(f"{A},hi", f"{B},hi", f"{C},hi")
    gateway.faults.script([Fault.reset(), Fault.status(401)], on=SENDS)
    ended = run("bulk", FILE, "--yes", "--batch-size", "1", "--concurrency", "1")
    assert ended.code == 3
    assert ended.err.splitlines()[-4:] == [
        "0 accepted, 1 rejected, 1 unknown, 1 not attempted",
        f"results: {RESULTS} (wikipayam results {RESULTS})",
        (
            "the unknown messages may have been sent: look up their track ids in the panel "
            f"(wikipayam results {RESULTS} --status unknown). --resume never sends them again; "
            "put those that were not sent into a new file"
        ),
        f"to resume: wikipayam bulk {FILE} --yes --batch-size 1 --concurrency 1 --resume {RESULTS} --retry-rejected",
    ]


def test_the_command_that_shows_the_results_is_quoted(gateway: Emulator, run: Run) -> None:
    """The printed command works in a shell for any file name."""
    write(f"{A},hi", name="my file.csv")
    assert "(wikipayam results 'my file.csv.results.jsonl')\n" in run("bulk", "my file.csv", "--yes").err


def test_a_disk_that_fills_up_stops_the_run(gateway: Emulator, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The run stops, reports the reason, and its exit code is 1."""
    import errno  # noqa: PLC0415

    from wikipayam_async.cli.bulk.appender import Appender  # noqa: PLC0415

    real = Appender.write

    def full(self: Appender, number: int, content: bytes) -> None:
        if b'"claimed"' in content:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(self, number, content)

    monkeypatch.setattr(Appender, "write", full)
    write(f"{A},hi")
    ended = run("bulk", FILE, "--yes", "--json")
    assert ended.code == 1
    assert ended.err == "stopped early: [Errno 28] No space left on device\n"
    assert ended.json["failure"] == "[Errno 28] No space left on device"
    assert gateway.requests_to(SENDS) == 0
