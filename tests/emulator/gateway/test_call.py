from collections.abc import Callable

import pytest
from attrs import evolve

from wikipayam_async.emulator import Emulator, Limits, Request

Ask = Callable[..., Request]


@pytest.mark.parametrize("body", [b"[{", b"\xff", b'["\xff"]', b"[NaN]", b'["\\ud800"]', b"[" * 100_000])
def test_a_body_that_is_no_json_is_refused(emulator: Emulator, ask: Ask, body: bytes) -> None:
    """Broken JSON, bytes that are no UTF-8 and bottomless nesting are all answered with 400."""
    response = emulator.handle(evolve(ask("POST /sms/send"), body=body))
    assert (response.status, response.json()) == (400, {"message": "The request body is not valid JSON."})


def test_a_body_that_does_not_call_itself_json_is_not_read(emulator: Emulator, ask: Ask) -> None:
    """A form is an empty body to the JSON endpoints."""
    request = evolve(
        ask("POST /sms/deliver", {"id": ["a"]}),
        headers={"authorization": "Bearer emulator-token", "content-type": "text/plain"},
    )
    assert emulator.handle(request).status == 422


def test_a_body_need_not_say_what_it_is(emulator: Emulator, ask: Ask) -> None:
    """Without a content type the body is read as JSON."""
    request = evolve(ask("POST /sms/deliver", {"id": ["a"]}), headers={"authorization": "bearer emulator-token"})
    assert emulator.handle(request).status == 200


def test_an_array_longer_than_allowed_gets_the_proxy_s_page(emulator: Emulator, ask: Ask) -> None:
    """One item too many is a 413 in HTML, and nothing is accepted."""
    emulator.limits = Limits(max_batch=1)
    item = {"sender": "10002000", "receiver": "09123456789", "message": "x"}
    answers = [emulator.handle(ask("POST /sms/send", [item] * count)) for count in (1, 2)]
    assert [answer.status for answer in answers] == [200, 413]
    assert answers[1].headers["content-type"] == "text/html; charset=UTF-8"
    assert emulator.accepted == 1
