"""The snippets of docs/en/snippets.md make the same requests in Python and with curl."""

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
    RecordingEmulator,
    curl_of,
    endpoint_of,
    make_pages,
    read_snippets,
    run_snippets,
)
from tests.docs.gateway import operations
from wikipayam_async.emulator import DEFAULT_TOKEN, InboundMessage, LedgerEntry, Request, serve
from wikipayam_async.lab.curl import TOKEN_VARIABLE as TOKEN

SNIPPETS = read_snippets(CALLS.read_text(encoding="utf-8"))
COMMANDS = re.findall(r"```sh\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
SHELL = Path("/bin/sh")
UNQUOTED = re.compile(r"'[^']*'|" + re.escape(TOKEN))

Run: TypeAlias = Callable[[str], Any]
"""Runs a command and returns the JSON of the answer."""


@frozen
class Step:
    """The request of a snippet and the state of the emulator after it.

    Attributes:
        request: Method, path, query, JSON body and credentials of the request.
        answer: Status and JSON body of the answer.
        ledger: Every message that the emulator has accepted so far.
        inbox: The messages in its inbox.
        balance: The balance of the account.
    """

    request: tuple[str, str, dict[str, str], Any, str | None]
    answer: tuple[int, Any]
    ledger: list[LedgerEntry]
    inbox: list[InboundMessage]
    balance: int


def step_of(emulator: RecordingEmulator) -> Step:
    """Return the step of an emulator that has received exactly one request."""
    ((request, response),) = emulator.seen
    emulator.seen.clear()
    assert response is not None
    body = json.loads(request.body) if request.body else None
    sent = (request.method, request.path, dict(request.query), body, request.headers.get("authorization"))
    return Step(sent, (response.status, response.json()), emulator.ledger, emulator.inbox(), emulator.account.balance)


async def by_python(emulator: RecordingEmulator) -> list[Step]:
    """Run the Python snippets."""
    return [step_of(emulator) async for _ in run_snippets(SNIPPETS, emulator)]


@pytest.fixture(scope="module")
def expected() -> list[Step]:
    """The steps of the Python snippets."""
    return anyio.run(by_python, RecordingEmulator())


def arguments_of(command: str) -> argparse.Namespace:
    """Parse a curl command like a shell and curl, with the token's variable set."""
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
    """Make the request of a curl command to another host."""
    arguments = arguments_of(command)
    assert arguments.url.startswith(f"{BASE_URL}/")
    parts = urlsplit(arguments.url)
    assert bool(arguments.fields) == arguments.in_query
    added = "&".join(
        f"{name}={quote(value, safe='')}" for name, _, value in (one.partition("=") for one in arguments.fields)
    )
    query = parts.query or added
    connection = http.client.HTTPConnection(host, timeout=10)
    headers = dict(line.split(": ", 1) for line in arguments.headers)
    body = None if arguments.body is None else arguments.body.encode()
    try:
        connection.request(arguments.method or "GET", f"{parts.path}?{query}" if query else parts.path, body, headers)
        return json.loads(connection.getresponse().read())
    finally:
        connection.close()


def execute(command: str, url: str, home: Path) -> Any:
    """Run a command with curl in a shell, against another host."""
    done = subprocess.run(  # noqa: S603 - a command of the project's own page
        [SHELL, "-c", command.replace(BASE_URL, url)],
        env={"PATH": os.environ["PATH"], "HOME": str(home), TOKEN.removeprefix("$"): DEFAULT_TOKEN},
        capture_output=True,
        check=True,
        timeout=30,
    )
    return json.loads(done.stdout)


async def play_commands(run: Run, emulator: RecordingEmulator) -> tuple[list[Step], list[Any]]:
    """Run the page's commands in the order of the snippets, each after its snippet's preparation."""
    steps, answers = [], []
    preparations = [evolve(snippet, code="") for snippet in SNIPPETS]
    commands = iter(COMMANDS)
    async for _ in run_snippets(preparations, emulator):
        answers.append(await anyio.to_thread.run_sync(run, next(commands)))
        steps.append(step_of(emulator))
    return steps, answers


def check_commands(expected: list[Step], emulator: RecordingEmulator, run: Run) -> None:
    """Assert that the commands make the steps of the Python snippets and get the same answers."""
    steps, answers = anyio.run(play_commands, run, emulator)
    assert steps == expected
    assert answers == [step.answer[1] for step in expected]


def test_the_page_is_what_its_generator_writes() -> None:
    """The page is up to date; `python -m docs.examples.endpoints.page` writes it."""
    for page, content in anyio.run(make_pages).items():
        assert page.read_text(encoding="utf-8") == content


def test_every_endpoint_has_a_snippet(expected: list[Step]) -> None:
    """The snippets call every operation of the package in each documented variant."""
    called = [(endpoint_of(Request(*step.request[:2])), step.request[3]) for step in expected]
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


def test_the_python_snippets_have_the_documented_effect(expected: list[Step]) -> None:
    """Every message is accepted as written in its snippet, and every marking and deletion affects a message."""
    assert [
        (entry.kind, entry.receiver, entry.code or entry.message, entry.track_id) for entry in expected[-1].ledger
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
    assert {step.answer[0] for step in expected} == {200}
    data = [step.answer[1]["data"] for step in expected]
    counts = [one.get("marked_count", one.get("deleted_count")) for one in data if isinstance(one, dict)]
    assert [count for count in counts if count is not None] == [1, 2, 1, 2, 3, 1]
    assert [message.message for message in expected[-1].inbox] == ["۱۱", "سلام"]


def test_the_curl_commands_make_the_same_requests(expected: list[Step]) -> None:
    """Interpreted here, each command makes the same request and leaves the same ledger and inbox as its snippet."""
    emulator = RecordingEmulator()
    with serve(emulator) as server:
        check_commands(expected, emulator, lambda command: interpret(command, f"{server.host}:{server.port}"))


@pytest.mark.skipif(shutil.which("curl") is None or not SHELL.exists(), reason="curl is not installed")
def test_the_curl_commands_work_with_curl(expected: list[Step], tmp_path: Path) -> None:
    """Run by curl in a shell, each command has the effect of its snippet."""
    emulator = RecordingEmulator()
    with serve(emulator) as server:
        check_commands(expected, emulator, lambda command: execute(command, server.url, tmp_path))


def test_no_command_holds_a_token() -> None:
    """Every command has the token's variable where the request has the token."""
    assert DEFAULT_TOKEN not in PAGE.read_text(encoding="utf-8")
    assert [command.count(TOKEN) for command in COMMANDS] == [1] * 20 + [2, 1]


def test_only_holoos_get_has_the_token_in_its_url(expected: list[Step]) -> None:
    """Only the Holoo GET request has the token in its URL, and the page warns about it."""
    in_query = [step.request[:2] for step in expected if DEFAULT_TOKEN in step.request[2].values()]
    assert in_query == [("GET", "/api/v1/service/holoo")]
    assert "**The token is in the URL**" in SNIPPETS[-1].text


@pytest.mark.skipif(not SHELL.exists(), reason="there is no /bin/sh")
@pytest.mark.parametrize(
    "text", ['it\'s "ready" & $HOME `id`', "سلام\nدنیا", "50% off \\n", f"about {DEFAULT_TOKEN}'s end"]
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_no_text_escapes_its_quotes_in_a_command(method: str, text: str) -> None:
    """A shell passes any message to curl unchanged."""
    body = json.dumps({"message": text}).encode() if method == "POST" else b""
    request = Request(method, "/api/v1/service/holoo", {} if body else {"message": text}, {}, body)
    command = curl_of(request).replace(TOKEN, "$token")
    done = subprocess.run(  # noqa: S603 - a command of the project's own page
        [SHELL, "-c", f"curl() {{ printf '%s\\0' \"$@\"; }}\n{command}"],
        env={"token": DEFAULT_TOKEN},
        capture_output=True,
        check=True,
        timeout=10,
    )
    last = done.stdout.decode().rstrip("\0").split("\0")[-1]
    assert (json.loads(last)["message"] if body else last.removeprefix("message=")) == text
