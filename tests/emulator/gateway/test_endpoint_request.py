from collections.abc import Callable

import pytest
from attrs import evolve

from wikipayam_async.emulator import Emulator, Limits, Request

Ask = Callable[..., Request]


@pytest.mark.parametrize("body", [b"[{", b"\xff", b'["\xff"]', b"[NaN]", b'["\\ud800"]', b"[" * 100_000])
def test_a_body_that_is_not_json_is_refused(emulator: Emulator, ask: Ask, body: bytes) -> None:
    """Malformed JSON, invalid UTF-8 and excessive nesting are refused with 400."""
    response = emulator.handle(evolve(ask("POST /sms/send"), body=body))
    assert (response.status, response.json()) == (400, {"message": "The request body is not valid JSON."})


def test_a_body_with_another_content_type_is_ignored(emulator: Emulator, ask: Ask) -> None:
    """A body whose content type is not JSON counts as empty."""
    request = evolve(
        ask("POST /sms/deliver", {"id": ["a"]}),
        headers={"authorization": "Bearer emulator-token", "content-type": "text/plain"},
    )
    assert emulator.handle(request).status == 422


def test_the_content_type_is_optional(emulator: Emulator, ask: Ask) -> None:
    """Without a content type the body is read as JSON."""
    request = evolve(ask("POST /sms/deliver", {"id": ["a"]}), headers={"authorization": "bearer emulator-token"})
    assert emulator.handle(request).status == 200


def test_an_array_above_the_limit_is_refused(emulator: Emulator, ask: Ask) -> None:
    """An array above `max_batch` is refused with 413 and an HTML page, and nothing is accepted."""
    emulator.limits = Limits(max_batch=1)
    item = {"sender": "10002000", "receiver": "09123456789", "message": "x"}
    responses = [emulator.handle(ask("POST /sms/send", [item] * count)) for count in (1, 2)]
    assert [response.status for response in responses] == [200, 413]
    assert responses[1].headers["content-type"] == "text/html; charset=UTF-8"
    assert emulator.accepted == 1
