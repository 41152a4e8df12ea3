"""Answers that echo the request or are hostile leak no secret into errors or logs, and cost little time and memory."""

from __future__ import annotations

import html
import json
import logging
import time
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from anyio.abc import ByteStream
from hypothesis import given
from hypothesis import strategies as st

from tests.support.disguises import DISGUISES, finds
from tests.support.net import on_virtual_time
from tests.support.raw import RawRequest, answer, raw_gateway
from tests.support.secrets import CALLS, CODE, NUMBER, TEXT, TOKEN, client_for, leaks, shown_of
from wikipayam_async import APIStatusError, SmsMessage, UnprocessableError, WikipayamError
from wikipayam_async.redact.scrub import scrub

pytestmark = pytest.mark.anyio

Echo = Callable[[str], str]

ECHOES: dict[str, Echo] = {
    "whole": lambda text: text,
    "as JSON": json.dumps,
    "as JSON in JSON": lambda text: json.dumps(json.dumps(text)),
    "as JSON without escapes": lambda text: json.dumps(text, ensure_ascii=False),
    "in capitals": str.upper,
    "in small letters": str.lower,
    "with other spaces": lambda text: text.replace(" ", "\u00a0\n\t"),
    "as HTML": html.escape,
    "as a URL": quote,
    "as a form": quote_plus,
    "its first 50 characters": lambda text: text[:50],
    "its last 50 characters": lambda text: text[-50:],
    "its middle": lambda text: text[15:45],
    "cut into lines": lambda text: "\n".join(text[start : start + 60] for start in range(0, len(text), 60)),
    "doubled": lambda text: text + text,
    **DISGUISES,
}


def contents_of(request: RawRequest) -> list[str]:
    """Return the values, the body and the head of a request."""
    values = [TOKEN, CODE, NUMBER, "98" + NUMBER[1:], "+98 912 111 22 33"]
    if b"parcel waits" in request.body or "parcel%20waits" in request.target:
        values.append(TEXT)
    return [*values, request.body.decode(), request.target, str(request.headers)]


@pytest.mark.parametrize("name", ECHOES)
async def test_an_error_that_repeats_the_request_shows_nothing_of_it(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    """However and wherever an answer quotes the request, the error shows no text, code, number or token."""
    caplog.set_level(logging.DEBUG)
    echo = ECHOES[name]

    async def handle(request: RawRequest, _: ByteStream) -> object:
        echoed = [echo(one) for one in contents_of(request)]
        headers = {"X-Token": echo(TOKEN)[:20]} if echo(TOKEN).isascii() and "\n" not in echo(TOKEN) else {}
        errors = {f"0.{one}": [one, f"The value {one} is wrong."] for one in echoed}
        message = f"We could not take {' and '.join(echoed[:5])}."
        return answer({"message": message, "errors": {**errors, "0.message": echoed, "x": message}}, 422, headers)

    async with raw_gateway(handle) as gateway, client_for(gateway.url) as client:
        on_virtual_time(client)
        for call in CALLS.values():
            with pytest.raises(UnprocessableError) as caught:
                await call(client)
            assert leaks(shown_of(caught.value)) == []
            assert caught.value.message.startswith("We could not take ")
        report = await client.sms.send_bulk([SmsMessage(NUMBER, TEXT)])
    assert leaks([*shown_of(report.rejected[0].error or ValueError()), repr(report)]) == []
    assert leaks([record.getMessage() for record in caplog.records]) == []


@given(
    before=st.text("ab 1:\n", max_size=20),
    text=st.text('abcdefgh XYZ\n\u00a0سلامß\u0130Σς"\\<&%', min_size=20, max_size=80),
    start=st.integers(0, 60),
    length=st.integers(8, 60),
    echo=st.sampled_from([ECHOES[name] for name in ECHOES if name not in {"in capitals", "capitals"}]),
)
def test_no_part_of_eight_characters_is_shown(before: str, text: str, start: int, length: int, echo: Echo) -> None:
    """Any eight consecutive characters of a text are masked, wherever they are and however they are escaped."""
    tidy = " ".join(text.split())
    part = tidy[start : start + length]
    quoted = scrub(f"{before}{echo(part)}", [text])
    seen = [part[place : place + 8] for place in range(len(part) - 7)]
    telling = [one for one in seen if sum(map(str.isalnum, one)) >= 6 and not finds(f"{before} The", [one])]
    assert [one for one in telling if finds(quoted, [one])] == []
    assert scrub(f"Input not in unit: {echo(part)}", [text]).startswith("Input not in unit:")


NASTY = {
    "control characters": "".join(map(chr, range(32))) + "\x7f" + "".join(map(chr, range(0x80, 0xA0))),
    "escapes of a terminal": "\x1b[2J\x1b]0;title\x07\x1b[31mred\x9b1m",
    "marks of direction": "safe\u202eevil\u202c\u2066\u2069\u200f\u061c end",
    "line breaks": "first\r\nsecond\u2028third\u2029fourth\x0bfifth\x0c\x85INFO wikipayam_async all is well",
    "invisible signs": "a\u200b\u200d\ufeff\U000e0041b",
    "percent signs": "%s %(secret)s %d {0} {name}",
    "half of a pair": "x\ud83dx",
}


@pytest.mark.parametrize("name", NASTY)
async def test_an_answer_cannot_forge_log_lines_or_terminal_output(name: str, caplog: pytest.LogCaptureFixture) -> None:
    """Every text of an error is printable and on one line."""
    caplog.set_level(logging.DEBUG)
    text = NASTY[name]

    async def handle(_request: RawRequest, _: ByteStream) -> object:
        return answer({"message": text, "errors": {text: [text], f"0.{text}": text}}, 422, {"X-Text": "\x9b1m"})

    async with raw_gateway(handle) as gateway, client_for(gateway.url) as client:
        with pytest.raises(WikipayamError) as caught:
            await client.balance()
        report = await client.sms.send_bulk([SmsMessage(NUMBER, TEXT)])
    errors = [caught.value, *(result.error for result in report.results)]
    texts = [text for error in errors if isinstance(error, APIStatusError) for text in texts_of(error)]
    texts += [record.getMessage() for record in caplog.records if record.name == "wikipayam_async"]
    assert [text for text in texts if not text.isprintable()] == []
    assert len(texts) >= 6 or name == "half of a pair"


def texts_of(error: APIStatusError) -> list[str]:
    """Return every text of an error."""
    complaints = [text for key, values in error.errors.items() for text in (key, *values)]
    return [str(error), error.message, *complaints, *error.headers.values()]


HUGE: dict[str, object] = {
    "10 MB of message": {"message": "x" * 10_000_000},
    "a message at the bound": {"message": "x y" * 87_000},
    "100,000 complaints": {"errors": {f"{index}.receiver": ["Bad."] for index in range(100_000)}},
    "20,000 complaints": {"errors": {f"{index}": ["B"] for index in range(20_000)}},
    "60,000 texts": {"errors": {"0": ["b"] * 60_000}},
    "a name of 200,000 letters": {"errors": {"x" * 200_000: ["b"]}},
    "many different words": {"errors": {f"{i}.x": [f"{i * 7919:08x} " * 20] for i in range(1200)}},
    "nested": json.loads("[" * 500 + "]" * 500),
    "a long list of nothing": {"errors": [{}] * 80_000},
    "blanks": {"message": " " * 260_000},
    "backslashes": {"message": "\\" * 120_000},
    "ampersands": {"message": "&" * 250_000},
    "per cents": {"message": "%" * 250_000},
}


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
@pytest.mark.parametrize("name", HUGE)
async def test_a_huge_answer_costs_little(name: str) -> None:
    """A huge error answer to 500 messages becomes a small error in less than five seconds of CPU time."""

    async def handle(_request: RawRequest, _: ByteStream) -> object:
        return answer(HUGE[name], 422)

    messages = [SmsMessage(NUMBER, f"{TEXT} {index}") for index in range(500)]
    async with raw_gateway(handle) as gateway, client_for(gateway.url) as client:
        began = time.process_time()
        with pytest.raises(UnprocessableError) as caught:
            await client.sms.send_many(messages)
        took = time.process_time() - began
    error = caught.value
    assert (took < 5, len(str(error)) < 500, len(error.errors) <= 1000) == (True, True, True)
    assert sum(map(len, texts_of(error))) < 1_000_000
    assert max(map(len, texts_of(error))) < 500
