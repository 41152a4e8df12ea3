from __future__ import annotations

import asyncio
from urllib.parse import parse_qsl

import msgspec
import pytest
from attrs import define, field

from wikipayam_async import SmsMessage
from wikipayam_async.emulator import DEFAULT_TOKEN, Emulator, Exchange, Request, create_app, serve
from wikipayam_async.lab.api import LabApi
from wikipayam_async.lab.call import SdkCall, program
from wikipayam_async.lab.forms import Form, forms
from wikipayam_async.lab.gateway import emulated


@define
class Recorder:
    """Answers with an emulator, and keeps the requests."""

    emulator: Emulator
    seen: list[Request] = field(factory=list)

    def exchange(self, request: Request) -> Exchange:
        """Answer a request."""
        self.seen.append(request)
        return self.emulator.exchange(request)


def filled_in(form: Form, emulator: Emulator) -> dict[str, str]:
    """Return the example of each field of a form, with an id that the emulator knows."""
    values = {one.name: one.example for one in form.fields}
    known = emulator.inbound(sender="989120000000", message="x")
    return {name: known if name in {"id", "receive_ids"} else value for name, value in values.items()}


@pytest.mark.parametrize("form", forms(), ids=lambda form: form.operation)
def test_the_program_sends_the_request_that_is_shown(
    form: Form, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The Python of every form runs as it is, and sends what the form's raw HTTP says."""
    recorder = Recorder(Emulator())
    with serve(recorder.emulator, app=create_app(recorder)) as served:
        given = {"operation": form.operation, "fields": filled_in(form, recorder.emulator)}
        prepared = asyncio.run(LabApi(emulated(recorder)).prepare(msgspec.json.encode(given), served.url))
        monkeypatch.setenv("SMS_AUTH_TOKEN", DEFAULT_TOKEN)
        monkeypatch.setenv("SMS_USERNAME", "09123456789")
        exec(compile(prepared.python, "<lab>", "exec"), {"__name__": "__main__"})  # noqa: S102 - our own code
    (request,) = recorder.seen
    head, _, body = prepared.http.replace("$SMS_AUTH_TOKEN", DEFAULT_TOKEN).partition("\n\n")
    method, target, _ = head.splitlines()[0].split(" ")
    path, _, query = target.partition("?")
    assert (method, path, dict(parse_qsl(query)), body) == (
        request.method,
        request.path,
        request.query,
        request.body.decode(),
    )
    assert capsys.readouterr().out != ""


def test_a_long_call_has_an_argument_a_line() -> None:
    """What does not fit a line is broken after each argument, nested ones too; quotes and line ends are escaped."""
    message = SmsMessage("09120000001", 'say "hello"\nand a longer text that does not fit one line', track_id="A-1")
    call = SdkCall("sms.send_many", ([message, SmsMessage("09120000002", note="b")],))
    assert call.python() == (
        "client.sms.send_many(\n"
        "    [\n"
        "        SmsMessage(\n"
        '            "09120000001",\n'
        '            "say \\"hello\\"\\nand a longer text that does not fit one line",\n'
        '            track_id="A-1",\n'
        "        ),\n"
        '        SmsMessage("09120000002", note="b"),\n'
        "    ],\n"
        ")"
    )


def test_the_program_for_the_gateway_names_no_url() -> None:
    """The gateway's own URL is the default, and a client without a line has none."""
    shown = program(SdkCall("balance"), base_url="https://wikipayam.ir", sender=None)
    assert "    async with AsyncWikipayam() as client:\n        result = await client.balance()\n" in shown


def test_the_program_imports_what_it_uses() -> None:
    """A call with messages imports their class."""
    shown = program(
        SdkCall("sms.send_many", ([SmsMessage("09120000001", "a")],)), base_url="https://a.test", sender="1"
    )
    assert "from wikipayam_async import AsyncWikipayam, SmsMessage\n" in shown
