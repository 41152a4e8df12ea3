"""The snippets of docs/en/snippets.md: each does in Python and with curl the same thing to the emulator."""

from __future__ import annotations

import argparse
import http.client
import json
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import quote, urlsplit

import anyio
import pytest
from attrs import evolve, frozen

from docs.examples.endpoints.page import (
    BASE_URL,
    CALLS,
    PAGE,
    TOKEN,
    RecordingEmulator,
    curl_of,
    endpoint_of,
    make_page,
    read_snippets,
    run_snippets,
)
from tests.docs.gateway import operations
from wikipayam_async.emulator import DEFAULT_TOKEN, InboundMessage, LedgerEntry, Request, serve

SNIPPETS = read_snippets(CALLS.read_text(encoding="utf-8"))
COMMANDS = re.findall(r"```sh\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
SHELL = Path("/bin/sh")
UNQUOTED = re.compile(r"'[^']*'|" + re.escape(TOKEN))

Run: TypeAlias = Callable[[str], Any]
"""Runs a command, and returns the JSON that it was answered."""


@frozen
class Step:
    """What one snippet brought about.

    Attributes:
        asked: Method, path, query, JSON body and credentials of the request.
        answered: Status and JSON body of the answer.
        ledger: Everything that the emulator has accepted by then.
        inbox: What its inbox holds then.
        balance: What is left on the account.
    """

    asked: tuple[str, str, dict[str, str], Any, str | None]
    answered: tuple[int, Any]
    ledger: list[LedgerEntry]
    inbox: list[InboundMessage]
    balance: int


def step_of(emulator: RecordingEmulator) -> Step:
    """Look at an emulator after exactly one request."""
    ((request, response),) = emulator.seen
    emulator.seen.clear()
    assert response is not None
    body = json.loads(request.body) if request.body else None
    asked = (request.method, request.path, dict(request.query), body, request.headers.get("authorization"))
    return Step(asked, (response.status, response.json()), emulator.ledger, emulator.inbox(), emulator.account.balance)


async def by_python(emulator: RecordingEmulator) -> list[Step]:
    """Run the Python snippets."""
    return [step_of(emulator) async for _ in run_snippets(SNIPPETS, emulator)]


@pytest.fixture(scope="module")
def wanted() -> list[Step]:
    """What the Python snippets do."""
    return anyio.run(by_python, RecordingEmulator())


def arguments_of(command: str) -> argparse.Namespace:
    """Take a curl command apart, as a shell and curl do; the token's variable is set."""
    parser = argparse.ArgumentParser(exit_on_error=False)
    parser.add_argument("-X", dest="method")
    parser.add_argument("-H", dest="headers", action="append", default=[])
    parser.add_argument("-d", dest="body")
    parser.add_argument("-G", dest="in_query", action="store_true")
    parser.add_argument("--data-urlencode", dest="fields", action="append", default=[])
    parser.add_argument("url")
    line = UNQUOTED.sub(lambda word: DEFAULT_TOKEN if word[0] == TOKEN else word[0], command.replace("\\\n", ""))
    program, *words = shlex.split(line)
    assert program == "curl"
    return parser.parse_args(words)


def interpret(command: str, host: str) -> Any:
    """Do what a curl command does, towards another host."""
    given = arguments_of(command)
    assert given.url.startswith(f"{BASE_URL}/")
    parts = urlsplit(given.url)
    assert bool(given.fields) == given.in_query
    added = "&".join(
        f"{name}={quote(value, safe='')}" for name, _, value in (one.partition("=") for one in given.fields)
    )
    query = parts.query or added
    connection = http.client.HTTPConnection(host, timeout=10)
    headers = dict(line.split(": ", 1) for line in given.headers)
    body = None if given.body is None else given.body.encode()
    try:
        connection.request(given.method or "GET", f"{parts.path}?{query}" if query else parts.path, body, headers)
        return json.loads(connection.getresponse().read())
    finally:
        connection.close()


def execute(command: str, url: str, home: Path) -> Any:
    """Run a command with the real curl, in a shell, towards another host."""
    done = subprocess.run(  # noqa: S603 - our own page
        [SHELL, "-c", command.replace(BASE_URL, url)],
        env={"PATH": os.environ["PATH"], "HOME": str(home), TOKEN.removeprefix("$"): DEFAULT_TOKEN},
        capture_output=True,
        check=True,
        timeout=30,
    )
    return json.loads(done.stdout)


async def play_commands(run: Run, emulator: RecordingEmulator) -> tuple[list[Step], list[Any]]:
    """Run the page's commands in the order of the snippets, each after what its snippet needs."""
    steps, answers = [], []
    preparations = [evolve(snippet, code="") for snippet in SNIPPETS]
    commands = iter(COMMANDS)
    async for _ in run_snippets(preparations, emulator):
        answers.append(await anyio.to_thread.run_sync(run, next(commands)))
        steps.append(step_of(emulator))
    return steps, answers


def check_commands(wanted: list[Step], emulator: RecordingEmulator, run: Run) -> None:
    """Compare what the commands do, and what they are told, with what the Python snippets do."""
    steps, answers = anyio.run(play_commands, run, emulator)
    assert steps == wanted
    assert answers == [step.answered[1] for step in wanted]


def test_the_page_is_what_its_generator_writes() -> None:
    """Who changes a snippet writes the page anew: `python -m docs.examples.endpoints.page`."""
    assert PAGE.read_text(encoding="utf-8") == anyio.run(make_page)


def test_every_endpoint_has_a_snippet(wanted: list[Step]) -> None:
    """The snippets call each operation that the package knows, and each in the documented variants."""
    called = [(endpoint_of(Request(*step.asked[:2])), step.asked[3]) for step in wanted]
    assert {endpoint for endpoint, _ in called} == set(operations())
    variants = [
        (endpoint, *body) for endpoint, body in called if endpoint in {"POST /receives/mark-read", "DELETE /receives"}
    ]
    assert variants == [
        ("POST /receives/mark-read", "receive_ids"),
        ("POST /receives/mark-read", "mark_all"),
        ("DELETE /receives", "receive_ids"),
        ("DELETE /receives", "delete_all_read"),
        ("DELETE /receives", "delete_all_unread"),
        ("DELETE /receives", "delete_older_than_days"),
    ]


def test_the_python_snippets_do_what_they_say(wanted: list[Step]) -> None:
    """Every message is accepted as it stands in its snippet, and every mark and deletion concerns a message."""
    assert [
        (entry.kind, entry.receiver, entry.code or entry.message, entry.track_id) for entry in wanted[-1].ledger
    ] == [
        ("sms", "09123456789", "Your order is ready", "ORDER-1001"),
        ("sms", "09120000001", "Your order is ready", "ORDER-1"),
        ("sms", "09120000002", "سفارش شما آماده است", "ORDER-2"),
        ("sms", "09123456789", "Your order has left", "ORDER-3"),
        ("otp", "09123456789", "123456", "LOGIN-1001"),
        ("voice", "09123456789", "123456", "LOGIN-1002"),
        ("holoo", "09120000001", "Your order is ready", None),
        ("holoo", "09120000001", "Your order is ready", None),
    ]
    assert {step.answered[0] for step in wanted} == {200}
    data = [step.answered[1]["data"] for step in wanted]
    counts = [one.get("marked_count", one.get("deleted_count")) for one in data if isinstance(one, dict)]
    assert [count for count in counts if count is not None] == [1, 2, 1, 2, 3, 1]
    assert [message.message for message in wanted[-1].inbox] == ["۱۱", "سلام"]


def test_the_curl_commands_do_what_the_snippets_do(wanted: list[Step]) -> None:
    """Each makes the same request, gets the same answer and leaves the same ledger and inbox: by our own reading of it."""
    emulator = RecordingEmulator()
    with serve(emulator) as server:
        check_commands(wanted, emulator, lambda command: interpret(command, f"{server.host}:{server.port}"))


@pytest.mark.skipif(shutil.which("curl") is None or not SHELL.exists(), reason="there is no curl here")
def test_the_curl_commands_do_it_with_curl(wanted: list[Step], tmp_path: Path) -> None:
    """So they do in a shell, with the real curl."""
    emulator = RecordingEmulator()
    with serve(emulator) as server:
        check_commands(wanted, emulator, lambda command: execute(command, server.url, tmp_path))


def test_no_command_holds_a_token() -> None:
    """The page names the token's variable, in every command exactly where the request has the token."""
    assert DEFAULT_TOKEN not in PAGE.read_text(encoding="utf-8")
    assert [command.count(TOKEN) for command in COMMANDS] == [1] * 20 + [2, 1]


def test_only_holoos_get_has_the_token_in_its_url(wanted: list[Step]) -> None:
    """And the page says so beside it."""
    in_query = [step.asked[:2] for step in wanted if DEFAULT_TOKEN in step.asked[2].values()]
    assert in_query == [("GET", "/api/v1/service/holoo")]
    assert "**The token is in the URL**" in SNIPPETS[-1].text


@pytest.mark.skipif(not SHELL.exists(), reason="there is no shell here")
@pytest.mark.parametrize(
    "text", ['it\'s "ready" & $HOME `id`', "سلام\nدنیا", "50% off \\n", f"about {DEFAULT_TOKEN}'s end"]
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_no_text_breaks_out_of_a_command(method: str, text: str) -> None:
    """Whatever a message holds, a shell hands it to curl as it is."""
    body = json.dumps({"message": text}).encode() if method == "POST" else b""
    request = Request(method, "/api/v1/service/holoo", {} if body else {"message": text}, {}, body)
    command = curl_of(request).replace(TOKEN, "$token")
    done = subprocess.run(  # noqa: S603 - a command made here
        [SHELL, "-c", f"curl() {{ printf '%s\\0' \"$@\"; }}\n{command}"],
        env={"token": DEFAULT_TOKEN},
        capture_output=True,
        check=True,
        timeout=10,
    )
    last = done.stdout.decode().rstrip("\0").split("\0")[-1]
    assert (json.loads(last)["message"] if body else last.removeprefix("message=")) == text
