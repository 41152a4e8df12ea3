from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from wikipayam_async.errors import ConfigurationError, InvalidInputError
from wikipayam_async.messages import OtpMessage, SentMessage, SmsMessage
from wikipayam_async.messages.models import (
    as_message,
    check_code,
    check_receiver,
    check_sender,
    check_text,
    check_track_id,
    text_field,
)


class Safe(str):
    """A subclass of `str`, as template engines use."""

    __slots__ = ()


@pytest.mark.parametrize(
    ("code", "sent"),
    [("1", "1"), ("AbC9", "AbC9"), ("۱٢３", "123"), ("x" * 32, "x" * 32), (Safe("۷"), "7")],
)
def test_a_good_code(code: str, sent: str) -> None:
    """Digits of any script become ASCII; ASCII letters stay."""
    assert check_code(code) == sent


def test_the_error_of_a_bad_code_says_what_it_is() -> None:
    """It has the shape of the code, not the code."""
    with pytest.raises(InvalidInputError) as caught:
        check_code("12-34")
    assert str(caught.value) == (
        "code: expected 1 to 32 digits or ASCII letters; got a string of 5 characters with digits, symbols"
    )


@pytest.mark.parametrize("code", ["", " ", "12 34", "1-2", "x" * 33, "é", "کد", "12\n", "²", None, 1234, b"12"])
def test_a_bad_code(code: Any) -> None:
    """Any other code is refused, and the error does not show it."""
    with pytest.raises(InvalidInputError) as caught:
        check_code(code)
    assert (caught.value.field, caught.value.rule) == ("code", "expected 1 to 32 digits or ASCII letters")


@pytest.mark.parametrize("value", ["1", "x" * 64, " x ", "a b", "خط", "👋"])
def test_a_valid_short_string(value: str) -> None:
    """Receivers, lines and track ids may be any short string without control characters."""
    assert [check_receiver(value, normalize=False, validate=False), check_sender(value), check_track_id(value)] == [
        value
    ] * 3


@pytest.mark.parametrize("value", ["", " ", "\t", "x" * 256, "a\x00", "a\nb", "\x7f", "a\x85", "\ud800", 5, [], b"x"])
def test_an_invalid_short_string(value: Any) -> None:
    """Values that could break a header, a log line or a database are refused, and the error names the field."""
    fields = []
    for check in (lambda v: check_receiver(v, normalize=False, validate=False), check_sender, check_track_id):
        with pytest.raises(InvalidInputError) as caught:
            check(value)
        fields.append(caught.value.field)
    assert fields == ["receiver", "sender", "track_id"]


MOBILE, FOREIGN, ODD = "+98 912 345 6789", "+49 30 1234", "0912\n3456789"


@pytest.mark.parametrize(
    ("receiver", "normalize", "validate", "expected"),
    [
        (MOBILE, True, True, "09123456789"),
        (MOBILE, False, True, MOBILE),
        (MOBILE, True, False, "09123456789"),
        (MOBILE, False, False, MOBILE),
        (FOREIGN, True, True, None),
        (FOREIGN, False, True, None),
        (FOREIGN, True, False, FOREIGN),
        (FOREIGN, False, False, FOREIGN),
        (ODD, False, True, None),
        (ODD, True, False, None),
    ],
)
def test_receivers_are_normalized_and_validated(
    receiver: str, normalize: bool, validate: bool, expected: str | None
) -> None:
    """`normalize` decides the form of a mobile, `validate` whether another receiver is refused."""
    try:
        sent = check_receiver(receiver, normalize=normalize, validate=validate, field="to")
    except InvalidInputError as error:
        assert (expected, error.field, error.__cause__) == (None, "to", None)  # noqa: PT017 - the other way is the rule
    else:
        assert sent == expected


def test_a_message_or_its_fields() -> None:
    """A complete message is returned as it is; a receiver and a text become one."""
    message = SmsMessage("1", note="n")
    assert as_message(message, None, None, None) is message
    assert as_message("1", "m", "2", "t") == SmsMessage("1", "m", sender="2", track_id="t")
    for name in ("message", "sender", "track_id"):
        beside = {"message": None, "sender": None, "track_id": None} | {name: "t"}
        with pytest.raises(InvalidInputError) as caught:
            as_message(message, *beside.values())
        assert str(caught.value) == (
            f"{name}: expected none beside an SmsMessage, which has its own; got a string of 1 characters with letters"
        )


@pytest.mark.parametrize(
    ("message", "error"),
    [
        (OtpMessage("1", "2"), "message: expected an SmsMessage; got an object of type OtpMessage"),
        (SmsMessage("1", "m", note="n"), "note: pass either message or note; got both"),
        (SmsMessage("1", note=""), "note: expected a text that is not empty; got a string of 0 characters"),
        (SmsMessage("1"), "message: expected a text that is not empty; got None"),
        (SmsMessage("1", "\ud800"), "message: expected valid Unicode; got a lone surrogate"),
    ],
)
def test_an_sms_has_one_text(message: Any, error: str) -> None:
    """The text of an SMS is its message or its note, and an error names the one that is wrong."""
    with pytest.raises(InvalidInputError) as caught:
        check_text(getattr(message, text_field(message)), field=text_field(message))
    assert str(caught.value) == error


def test_the_field_of_the_text() -> None:
    """A note is the text only where there is one."""
    assert [text_field(one) for one in (SmsMessage("1", "m"), SmsMessage("1"), SmsMessage("1", note="n"))] == [
        "message",
        "message",
        "note",
    ]


def test_a_receiver_is_validated_unless_asked() -> None:
    """By default a number of another country is refused."""
    with pytest.raises(InvalidInputError) as caught:
        check_receiver(FOREIGN, normalize=False)
    assert caught.value.field == "receiver"


def test_the_longest_strings() -> None:
    """A track id may have 255 characters, a line and a receiver 64."""
    assert check_track_id("x" * 255) == "x" * 255
    with pytest.raises(InvalidInputError) as caught:
        check_sender("x" * 65)
    assert str(caught.value) == (
        "sender: expected a string of 1 to 64 characters without control characters; "
        "got a string of 65 characters with letters"
    )


def test_a_track_id_may_be_none() -> None:
    """None means that a track id is still to be generated."""
    assert check_track_id(None) is None


def test_an_error_names_the_callers_field() -> None:
    """A caller may pass the name of its own field, such as a column, for the error."""
    checks: list[Any] = [partial(check_receiver, normalize=True), check_sender, check_track_id, check_text]
    for check in checks:
        with pytest.raises(InvalidInputError) as caught:
            check("", field="column b")
        assert caught.value.field == "column b"
    with pytest.raises(ConfigurationError, match="column b: none given"):
        check_sender(None, field="column b")


def test_a_text_of_spaces_is_a_text() -> None:
    """A text may consist of spaces and line breaks."""
    assert check_text(" \n") == " \n"


def test_reprs_are_masked() -> None:
    """A repr contains no text, code or full number."""
    message = SmsMessage("09123456789", "a secret", note="another")
    assert repr(message) == (
        "SmsMessage(receiver='0912*****89', message=<8 characters>, sender=None, track_id=None, note=<7 characters>)"
    ).replace("'", "")
    assert repr(OtpMessage("09123456789", "123456")) == (
        "OtpMessage(receiver=0912*****89, code=<6 characters>, otp_pattern_id=None, track_id=None)"
    )
    assert repr(SentMessage("69e5", "1000", "09123456789", "T", {"text": "secret"})) == (
        "SentMessage(id='69e5', sender='1000', receiver=0912*****89, track_id='T', extra=<text>)"
    )


def test_reprs_of_wrong_types_are_masked() -> None:
    """A number or a code passed as an int is masked like a string."""
    number: Any = 989123456789
    assert repr(SmsMessage(number, number)) == (
        "SmsMessage(receiver=<a number (int)>, message=<a number (int)>, sender=None, track_id=None, note=None)"
    )
    assert repr(OtpMessage(number, number)) == (
        "OtpMessage(receiver=<a number (int)>, code=<a number (int)>, otp_pattern_id=None, track_id=None)"
    )
