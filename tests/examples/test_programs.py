"""Run every program of the gallery unchanged, with an emulator, and compare its output and what it sent."""

from __future__ import annotations

import re
import runpy
import shutil
import ssl
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import pytest
from anyio.abc import ByteStream
from anyio.from_thread import start_blocking_portal
from attrs import frozen
from fastapi.testclient import TestClient

from tests.support.net import BALANCE, authority, server_tls
from tests.support.raw import RawGateway, RawRequest, closed_port, raw_gateway
from wikipayam_async.emulator import (
    DEFAULT_LINE,
    DEFAULT_TOKEN,
    DELIVERED,
    DeliveryRules,
    Emulator,
    Fault,
    ServedEmulator,
    serve,
    waiting_then,
)

DOCS = Path(__file__).parent.parent.parent / "docs"
PROGRAMS = DOCS / "examples" / "programs"
PAGES = [DOCS / language / "without-async.md" for language in ("en", "fa")]

if not DOCS.is_dir():
    pytest.skip("the documentation is not part of what is tested here", allow_module_level=True)

FIRST_ID, SECOND_ID = "f2c138347dfa457400000001", "f2c138347dfa457400000002"
INBOX = (("09120001001", "hello"), ("09120001002", "لغو"), ("09120001003", "bye"))


@frozen
class Expected:
    """What a program prints, and what the gateway accepts and answers.

    Attributes:
        printed: The lines of the output.
        sent: The accepted messages, as receiver and text, in any order.
        requests: The number of requests by endpoint.
    """

    printed: list[str]
    sent: list[tuple[str, str]]
    requests: dict[str, int]


SEND = "POST /sms/send"

EXPECTED = {
    "consumer.py": Expected(
        ["received: hello", "received: لغو", "received: bye", "3 handled"],
        [],
        {"GET /receives/unread": 1, "POST /receives/mark-read": 3},
    ),
    "cost.py": Expected(["200 parts, 179,000 rials"], [], {"GET /user/balance": 1}),
    "count_events.py": Expected(
        [
            "1 account.balance requests",
            "1 account.balance succeeded",
            "1 sms.send requests",
            "1 sms.send succeeded",
        ],
        [("09123456789", "Your seat is 14A.")],
        {SEND: 1, "GET /user/balance": 1},
    ),
    "delivery.py": Expected(
        ["2 messages: 2 delivered, 0 failed, 0 pending", "MORNING-1 DELIVERED", "MORNING-2 DELIVERED"],
        [("09120001001", "Good morning."), ("09120001002", "Good morning.")],
        {SEND: 1, "POST /sms/deliver": 1},
    ),
    "handle_errors.py": Expected(
        [
            f"accepted as {FIRST_ID}",
            "refused: receiver: expected an Iranian mobile number such as 09123456789, but it is a short code; got a string of 4 characters with digits",
        ],
        [("09123456789", "Your order is ready.")],
        {SEND: 1},
    ),
    "inbound.py": Expected(
        [
            "2025-03-20 09:30:00 hello",
            "2025-03-20 09:30:00 لغو",
            "2025-03-20 09:30:00 bye",
            "3 read, 0 deleted",
        ],
        [],
        {"GET /receives/unread": 1, "POST /receives/mark-read": 1, "DELETE /receives": 1},
    ),
    "opt_out.py": Expected(
        ["5 messages: 4 accepted, 1 rejected, 0 unknown, 0 not attempted", "1 held back"],
        [(f"0912000100{number}", "The sale begins today.") for number in (0, 1, 3, 4)],
        {SEND: 1, "GET /receives/unread": 2},
    ),
    "own_http_client.py": Expected(
        ["POST /api/v1/sms/send 200", f"accepted as {FIRST_ID}"],
        [("09123456789", "Your parcel is on its way.")],
        {SEND: 1},
    ),
    "phone_numbers.py": Expected(
        [
            "۰۹۱۲ ۳۴۵ ۶۷۸۹ -> 09123456789 mobile",
            "+98 912 345 6789 -> 09123456789 mobile",
            "00989123456789 -> 09123456789 mobile",
            "021-88776655 -> 02188776655 landline",
            "12 -> number: expected an Iranian phone number, but it has too few digits: a landline needs its area code; got a string of 2 characters with digits",
        ],
        [],
        {},
    ),
    "rate.py": Expected(
        ["50 messages: 50 accepted, 0 rejected, 0 unknown, 0 not attempted"],
        [(f"0912000{number:04}", "The shop opens at nine.") for number in range(50)],
        {SEND: 5},
    ),
    "raw_response.py": Expected(
        [f"200 application/json {FIRST_ID}"], [("09123456789", "Your invoice is ready.")], {SEND: 1}
    ),
    "retries.py": Expected(
        ["3,435,993,800 IRR", f"accepted as {FIRST_ID}"],
        [("09123456789", "Your table is ready.")],
        {SEND: 1, "GET /user/balance": 1},
    ),
    "send_csv.py": Expected(
        [
            "4 messages: 3 accepted, 1 rejected, 0 unknown, 0 not attempted",
            "3 rejected messages[3].receiver: expected an Iranian mobile number such as 09123456789, but it is a landline; got a string of 12 characters with digits, symbols",
        ],
        [
            ("09120001001", "Dear Sara, your order ORDER-1 is ready."),
            ("09120001002", "Dear Reza, your order ORDER-2 is ready."),
            ("09120001003", "Dear Nilufar, your order ORDER-3 is ready."),
        ],
        {SEND: 1},
    ),
    "send_many.py": Expected(
        [f"ORDER-1 {FIRST_ID}", f"ORDER-2 {SECOND_ID}"],
        [
            ("09120001001", "Dear Sara, your order is ready."),
            ("09120001002", "Dear Reza, your order is ready."),
        ],
        {SEND: 1},
    ),
    "send_one.py": Expected(
        [f"ORDER-1000 was accepted as {FIRST_ID}"], [("09123456789", "Your order ORDER-1000 is ready.")], {SEND: 1}
    ),
    "shutdown.py": Expected(
        ["CLOSE-0 accepted", "CLOSE-1 accepted", "CLOSE-2 accepted", "0 unsent"],
        [(f"0912000100{number}", "The shop closes in an hour.") for number in range(3)],
        {SEND: 1},
    ),
    "stream.py": Expected(
        ["250 accepted"],
        [(f"0912{number:07}", "The shop is open until midnight.") for number in range(250)],
        {SEND: 3},
    ),
    "template_preview.py": Expected(
        [
            "سارا عزیز، نوبت شما ساعت ۹:۳۰ است.",
            "2 texts, 2 parts, 1 invalid row",
            "rows[2].name: expected a value, or a default for the field; got an empty value",
        ],
        [],
        {},
    ),
    "tenants.py": Expected(
        ["north 10002000", "south 10002001", "west 10002002"],
        [("09123456789", f"Greetings from {shop}.") for shop in ("north", "south", "west")],
        {SEND: 3},
    ),
    "time_limit.py": Expected([f"accepted as {FIRST_ID}"], [("09123456789", "The bus leaves at noon.")], {SEND: 1}),
    "without_async.py": Expected([f"accepted as {FIRST_ID}"], [("09123456789", "Your car is ready.")], {SEND: 1}),
}

WITH_OWN_TEST = {"fastapi_app.py", "login.py", "proxy.py", "test_fixtures.py", "test_mocks.py", "tls.py"}
"""Programs that need another gateway or another runner, or whose output is random."""

FILES = sorted(path.name for path in PROGRAMS.glob("*.py"))


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ServedEmulator]:
    """An emulator on a free port, with three more accounts, and the environment set."""
    emulator = Emulator(
        wall=datetime(2025, 3, 21, 9, 0),  # noqa: DTZ001 - in the emulator's time zone
        delivery=DeliveryRules(script=waiting_then(DELIVERED, after=0)),
    )
    for shop, line in {"north": "10002000", "south": "10002001", "west": "10002002"}.items():
        emulator.add_account(token=f"{shop}-token", lines=[line])
        monkeypatch.setenv(f"TOKEN_{shop.upper()}", f"{shop}-token")
    with serve(emulator) as server:
        monkeypatch.setenv("SMS_AUTH_TOKEN", DEFAULT_TOKEN)
        monkeypatch.setenv("SMS_SENDER", DEFAULT_LINE)
        monkeypatch.setenv("WIKIPAYAM_SMS_API_BASE_URL", server.url)
        yield server


@pytest.fixture
def emulator(server: ServedEmulator) -> Emulator:
    """The emulator on the port."""
    return server.emulator


def run(name: str) -> None:
    """Run a program as `python name` does."""
    runpy.run_path(str(PROGRAMS / name), run_name="__main__")


def fill_inbox(emulator: Emulator) -> None:
    """Add the received messages."""
    for sender, text in INBOX:
        emulator.inbound(sender=sender, message=text, received_at=datetime(2025, 3, 20, 9, 30))  # noqa: DTZ001 - as above


def requests_of(emulator: Emulator) -> dict[str, int]:
    """Return the number of requests by endpoint."""
    return {f"{method} {path}": count for (method, path), count in emulator.request_counts.items()}


def test_every_program_has_an_expectation() -> None:
    """A new program without one fails here."""
    assert sorted([*EXPECTED, *WITH_OWN_TEST]) == FILES


@pytest.mark.parametrize("name", [name for name in FILES if name not in WITH_OWN_TEST])
def test_a_program_prints_and_sends_what_is_expected(
    name: str, emulator: Emulator, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its output, the accepted messages and the number of requests are as listed above."""
    expected = EXPECTED[name]
    if any("/receives/" in endpoint for endpoint in expected.requests):
        fill_inbox(emulator)
    run(name)
    assert capsys.readouterr().out.splitlines() == expected.printed
    assert sorted((entry.receiver, entry.message) for entry in emulator.ledger) == sorted(expected.sent)
    assert requests_of(emulator) == expected.requests


def test_the_consumer_marks_what_it_handled(emulator: Emulator) -> None:
    """All three messages are read afterwards, and none is handled twice."""
    fill_inbox(emulator)
    run("consumer.py")
    assert [message.is_read for message in emulator.inbox()] == [True, True, True]


def test_the_inbox_program_reads_and_marks(emulator: Emulator, capsys: pytest.CaptureFixture[str]) -> None:
    """A second run finds nothing unread."""
    fill_inbox(emulator)
    run("inbound.py")
    capsys.readouterr()
    run("inbound.py")
    assert capsys.readouterr().out == "0 read, 0 deleted\n"


def test_each_tenant_pays_for_its_own_message(emulator: Emulator) -> None:
    """Every message is charged to the account of its token, and sent from its line."""
    run("tenants.py")
    accounts = {entry.sender: entry.account for entry in emulator.ledger}
    assert sorted(accounts) == ["10002000", "10002001", "10002002"]
    assert len(set(accounts.values())) == 3


def test_the_cost_program_names_the_shortfall(emulator: Emulator, capsys: pytest.CaptureFixture[str]) -> None:
    """Without enough balance it prints what is missing."""
    emulator.account.balance = 100_000
    run("cost.py")
    assert capsys.readouterr().out == "200 parts, 179,000 rials\ncharge the account with 79,000 rials\n"


@pytest.mark.parametrize(
    ("fault", "printed", "accepted"),
    [
        (Fault.reset(), "look in the panel before sending ('ORDER-1000',) again", 1),
        (Fault.status(401), "refused: sms.send: the gateway answered 401", 0),
    ],
    ids=["unknown", "refused"],
)
def test_the_error_program_decides_by_the_error(
    fault: Fault, printed: str, accepted: int, emulator: Emulator, capsys: pytest.CaptureFixture[str]
) -> None:
    """An unknown outcome and a refusal are told apart."""
    emulator.faults.arm(fault, on=SEND)
    run("handle_errors.py")
    assert capsys.readouterr().out.startswith(printed)
    assert emulator.accepted == accepted


def test_the_error_program_names_what_may_be_sent_again(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A gateway that cannot be reached has accepted nothing."""
    monkeypatch.setenv("WIKIPAYAM_SMS_API_BASE_URL", f"http://127.0.0.1:{closed_port()}")
    run("handle_errors.py")
    assert capsys.readouterr().out.splitlines()[0] == "it never reached the gateway: try again later"
    assert emulator.requests == 0


def test_the_events_program_counts_retries(emulator: Emulator, capsys: pytest.CaptureFixture[str]) -> None:
    """A retried read is one call with two requests."""
    emulator.faults.arm(Fault.status(503), on="GET /user/balance")
    run("count_events.py")
    assert capsys.readouterr().out.splitlines() == [
        "2 account.balance requests",
        "1 account.balance retries after 503",
        "1 account.balance succeeded",
        "1 sms.send requests",
        "1 sms.send succeeded",
    ]


def test_the_time_limit_makes_the_outcome_unknown(emulator: Emulator, capsys: pytest.CaptureFixture[str]) -> None:
    """The gateway accepts the message and does not answer in time."""
    emulator.faults.arm(Fault.hang(), on=SEND)
    run("time_limit.py")
    assert capsys.readouterr().out == "unknown: BUS-1\n"
    assert emulator.accepted_track_ids() == ["BUS-1"]


@pytest.mark.parametrize(
    ("faults", "kind", "channel"), [([], "otp", "sms"), ([Fault.status(422)], "voice", "voice")], ids=["sms", "call"]
)
def test_a_user_logs_in_with_a_code(
    faults: list[Fault],
    kind: str,
    channel: str,
    emulator: Emulator,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One code is sent: by SMS, or by a call if the SMS is refused."""
    for fault in faults:
        emulator.faults.arm(fault, on="POST /otp/sms/send")
    monkeypatch.setattr("builtins.input", lambda _: emulator.last_code("09123456789"))
    run("login.py")
    assert capsys.readouterr().out == f"a code was sent by {channel}\nlogged in: True\n"
    (entry,) = emulator.ledger
    assert (entry.kind, entry.receiver) == (kind, "09123456789")


@contextmanager
def answering_with_a_balance(tls: ssl.SSLContext | None = None) -> Iterator[RawGateway]:
    """Serve a gateway, in another thread, that answers every request with a balance of 7."""

    async def answer(_request: RawRequest, _stream: ByteStream) -> bytes:
        return BALANCE

    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(raw_gateway(answer, tls=tls)) as gateway,
    ):
        yield gateway


def test_the_tls_program_trusts_a_private_authority(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It reaches a gateway whose certificate comes from the authority of `SHOP_CA_FILE`."""
    file = tmp_path / "ca.pem"
    file.write_bytes(authority().cert_pem.bytes())
    with answering_with_a_balance(server_tls()) as gateway:
        monkeypatch.setenv("SMS_AUTH_TOKEN", DEFAULT_TOKEN)
        monkeypatch.setenv("SHOP_CA_FILE", str(file))
        monkeypatch.setenv("WIKIPAYAM_SMS_API_BASE_URL", gateway.url)
        run("tls.py")
    assert capsys.readouterr().out == "7 IRR\n"
    assert [request.target for request in gateway.requests] == ["/api/v1/user/balance"]


def test_the_proxy_program_uses_the_proxy(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The request, with the gateway's whole URL, is sent to `SHOP_PROXY`."""
    target = f"http://127.0.0.1:{closed_port()}"
    monkeypatch.setenv("SMS_AUTH_TOKEN", DEFAULT_TOKEN)
    monkeypatch.setenv("WIKIPAYAM_SMS_API_BASE_URL", target)
    with answering_with_a_balance() as proxy:
        monkeypatch.setenv("SHOP_PROXY", proxy.url)
        run("proxy.py")
    assert capsys.readouterr().out == "7 IRR\n"
    assert [request.target for request in proxy.requests] == [f"{target}/api/v1/user/balance"]


def test_the_proxy_program_says_that_the_proxy_cannot_be_reached(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The gateway is not reached directly instead."""
    monkeypatch.setenv("SHOP_PROXY", f"http://127.0.0.1:{closed_port()}")
    run("proxy.py")
    assert capsys.readouterr().out.startswith("not reached: account.balance: ")
    assert emulator.requests == 0


def test_the_fastapi_program_sends_and_answers_errors(emulator: Emulator) -> None:
    """The route returns the accepted message as JSON, and the client's errors are responses."""
    app = runpy.run_path(str(PROGRAMS / "fastapi_app.py"))["app"]
    with TestClient(app) as web:
        accepted = web.post("/orders/ORDER-7/ready", params={"mobile": "+98 912 345 6789"})
        invalid = web.post("/orders/ORDER-8/ready", params={"mobile": "1234"})
        emulator.faults.arm(Fault.reset(), on=SEND)
        unknown = web.post("/orders/ORDER-9/ready", params={"mobile": "09123456789"})
    assert accepted.json() == {
        "id": FIRST_ID,
        "sender": DEFAULT_LINE,
        "receiver": "09123456789",
        "track_id": "ORDER-7",
        "extra": {},
    }
    assert (accepted.status_code, invalid.status_code, unknown.status_code) == (200, 422, 502)
    assert [(entry.track_id, entry.message) for entry in emulator.ledger] == [
        ("ORDER-7", "Your order ORDER-7 is ready."),
        ("ORDER-9", "Your order ORDER-9 is ready."),
    ]


@pytest.mark.parametrize(("name", "passed"), [("test_fixtures.py", 2), ("test_mocks.py", 4)])
def test_the_test_programs_pass(
    name: str, passed: int, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each test passes on asyncio and on trio, in a process without this project's settings."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    shutil.copy(PROGRAMS / name, pytester.path)
    done = pytester.runpytest_subprocess("-p", "wikipayam", "-p", "anyio.pytest_plugin", name)
    done.assert_outcomes(passed=passed)


def test_no_program_shadows_a_module() -> None:
    """`python name.py` puts the folder first on the path: a file there must not replace a module of Python's."""
    assert {Path(name).stem for name in FILES} & sys.stdlib_module_names == set()


@pytest.mark.parametrize("page", PAGES, ids=["en", "fa"])
def test_the_page_shows_or_names_every_program(page: Path) -> None:
    """The page links to every file of the folder once, and to no other; those that it includes, too."""
    named = re.findall(r"examples/programs/([\w.]+)\)", page.read_text("utf-8"))
    assert sorted(named) == sorted(path.name for path in PROGRAMS.iterdir() if path.is_file())


@pytest.mark.parametrize("page", PAGES, ids=["en", "fa"])
def test_the_page_shows_what_the_programs_print(page: Path) -> None:
    """An output on the page is the one that the program prints above."""
    text = page.read_text("utf-8")
    embedded = (
        r"<!-- file: docs/examples/programs/(\S+\.py) -->\n(?:(?!<!-- file).)*?<!-- /file -->\n\n```text\n(.*?)```"
    )
    shown = dict(re.findall(embedded, text, re.DOTALL))
    assert len(shown) >= 4
    assert {name: shown[name].splitlines() for name in shown} == {name: EXPECTED[name].printed for name in shown}
