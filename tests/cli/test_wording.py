from __future__ import annotations

import pytest

from wikipayam_async.cli.wording import in_words_of_the_command_line


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        (
            "username: none given; pass username=..., or set it on the client or in SMS_USERNAME",
            "--username: none given; pass --username, or set SMS_USERNAME",
        ),
        ("base_url (from WIKIPAYAM_SMS_API_BASE_URL): no URL", "--base-url (from WIKIPAYAM_SMS_API_BASE_URL): no URL"),
        ("messages[0].receiver: expected a mobile", "RECEIVER 1: expected a mobile"),
        ("receiver[2]: expected a mobile", "RECEIVER: expected a mobile"),
        ("timeout: expected a finite number above 0; got a number (float)", "--timeout: expected a finite number above 0; got a number"),
        ("code_length: expected a whole number", "--digits: expected a whole number"),
        ("name: expected the name of a campaign", "--name: expected the name of a campaign"),
        ("mobile: expected an Iranian mobile", "mobile: expected an Iranian mobile"),
        ("sms.send: the gateway answered 402", "sms.send: the gateway answered 402"),
        ("the process that ran it has ended; run() resumes it", "the process that ran it has ended"),
    ],
)  # fmt: skip
def test_errors_name_what_people_pass(text: str, meant: str) -> None:
    """Options instead of arguments of Python; columns and operations stay."""
    assert in_words_of_the_command_line(text) == meant
