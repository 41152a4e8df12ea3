from __future__ import annotations

import io
import os
import signal
import threading
import time
from collections.abc import Callable

import pytest

from tests.cli.conftest import Run
from wikipayam_async.cli import main
from wikipayam_async.emulator import Emulator, Fault

pytestmark = pytest.mark.skipif(os.name == "nt", reason="a process cannot send itself Ctrl-C there")
SENDER = "989127782175"


def interrupt(when: Callable[[], object]) -> threading.Thread:
    """Send this process a Ctrl-C as soon as `when` returns true."""

    def wait() -> None:
        while not when():
            time.sleep(0.001)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=wait)
    thread.start()
    return thread


def test_each_message_is_shown_once(gateway: Emulator, run: Run) -> None:
    """Unread messages are shown once as they arrive, and stay unread; a transient error is shown and polling continues."""
    ids = [gateway.inbound(sender=SENDER, message="first")]

    def polled() -> bool:
        polls = gateway.requests_to("GET /receives/unread")
        if polls == 2 and len(ids) == 1:
            ids.append(gateway.inbound(sender=SENDER, message="second"))
        return polls >= 8

    gateway.faults.script([None, None, None, Fault.status(500), Fault.status(500)])
    thread = interrupt(polled)
    ended = run("inbox", "watch", "--every", "0.02", "--json")
    thread.join()
    assert (ended.code, [one["id"] for one in ended.lines if "id" in one]) == (130, ids)
    assert "the gateway answered 500" in ended.err
    assert [message.is_read for message in gateway.inbox()] == [False, False]


def test_an_unreadable_message_hides_no_other(gateway: Emulator, run: Run) -> None:
    """A message that cannot be read is named once by its offset, and the others are shown."""
    ids = [gateway.inbound(sender=SENDER, message=text) for text in ("first", "secret", "third")]
    gateway.faults.arm(Fault.unencodable(ids[1]), on="GET /receives/unread", times=None)
    thread = interrupt(lambda: gateway.requests_to("GET /receives/unread") >= 30)
    ended = run("inbox", "watch", "--every", "0.001", "--json")
    thread.join()
    assert (ended.code, sorted(one["id"] for one in ended.lines if "id" in one)) == (130, sorted([ids[0], ids[2]]))
    assert ended.err.count("cannot be read: unread messages at offset 1") == 1
    assert "secret" not in ended.err


def test_shown_messages_may_be_marked(gateway: Emulator, run: Run) -> None:
    """With `--mark` a shown message is marked as read; `--sender` filters the messages."""
    gateway.inbound(sender=SENDER, message="mine")
    gateway.inbound(sender="989120000000", message="other")
    thread = interrupt(lambda: any(message.is_read for message in gateway.inbox()))
    ended = run("inbox", "watch", "--every", "0.02", "--mark", "--sender", SENDER)
    thread.join()
    assert ended.code == 130
    assert "mine" in ended.out
    assert {message.message: message.is_read for message in gateway.inbox()} == {"mine": True, "other": False}


def test_a_refused_token_stops_the_watch(gateway: Emulator, run: Run) -> None:
    """A permanent error ends the command; the interval must be above 0."""
    gateway.faults.arm(Fault.status(401))
    assert run("inbox", "watch").code == 4
    assert run("inbox", "watch", "--every", "0").code == 2


@pytest.mark.parametrize("options", [("--json", "--mark"), ("--mark",), ()])
def test_a_message_that_was_not_shown_is_not_marked(
    gateway: Emulator, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...]
) -> None:
    """If the output is closed, the watch ends, and the message stays unread."""

    class Gone(io.StringIO):
        def write(self, _: str, /) -> int:
            raise BrokenPipeError

    gateway.inbound(sender=SENDER, message="first")
    with monkeypatch.context() as patch:
        patch.setattr("sys.stdout", Gone())
        code = main(["inbox", "watch", *options])
    assert code == 2
    assert [message.is_read for message in gateway.inbox()] == [False]
