from __future__ import annotations

import enum
import re
from typing import Any, Self

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.pretty import pretty_repr

from wikipayam_async.core.converter import encode_json
from wikipayam_async.errors import ConfigurationError, InvalidInputError
from wikipayam_async.messages import OtpMessage, SmsMessage
from wikipayam_async.messages.payload import (
    Batch,
    OtpPayload,
    SmsPayload,
    prepare_all,
    prepare_otp,
    prepare_sms,
)
from wikipayam_async.messages.payload_columns import prepare_messages
from wikipayam_async.messages.track_ids import TrackIds


class Safe(str):
    """A subclass of `str`, as template engines use."""

    __slots__ = ()


class Line(enum.StrEnum):
    """Lines, as a caller may define them."""

    MAIN = "10002000"


class Word(enum.StrEnum):
    """A string enum whose members have a `value` that is not their text."""

    HI = ("hi", 1)

    def __new__(cls, text: str, parts: int) -> Self:
        """Create a member from its text."""
        word = str.__new__(cls, text)
        word._value_ = (text, parts)  # type: ignore[assignment] # meant
        return word


class Lying(str):
    """A string whose `encode` returns something else."""

    __slots__ = ()

    def encode(self, *_: object, **__: object) -> bytes:
        """Claim to be valid Unicode."""
        return b"valid"


class Pattern(enum.IntEnum):
    """Patterns, as a caller may define them."""

    LOGIN = 13


def sms(message: Any, *, sender: str | None = None, normalize: bool = True, validate: bool = True) -> SmsPayload:
    """Return the payload of an SMS."""
    return prepare_sms(message, sender=sender, track_ids=TrackIds(), normalize=normalize, validate=validate)


def otp(message: Any, *, pattern_id: Any = None, normalize: bool = True, validate: bool = True) -> OtpPayload:
    """Return the payload of a code."""
    return prepare_otp(message, pattern_id=pattern_id, track_ids=TrackIds(), normalize=normalize, validate=validate)


def test_an_sms_is_encoded_in_the_documented_order() -> None:
    """All fields are in the payload, with the receiver normalized."""
    found = sms(SmsMessage("+98 912 345 6789", "سلام", sender="10002000", track_id="T1"), sender="3000")
    assert (found.receiver, found.track_id) == ("09123456789", "T1")
    assert encode_json(found) == (
        '{"sender":"10002000","receiver":"09123456789","message":"سلام","track_id":"T1"}'.encode()
    )


def test_a_note_goes_out_under_its_own_name() -> None:
    """A `note` is sent as `note`, and the client's sender is the default."""
    found = sms(SmsMessage("09123456789", note="hello", track_id="T1"), sender="3000")
    assert msgspec.json.decode(encode_json(found)) == {
        "sender": "3000",
        "receiver": "09123456789",
        "note": "hello",
        "track_id": "T1",
    }


def test_a_missing_track_id_is_generated() -> None:
    """The generated track id is in the payload."""
    found = sms(SmsMessage("09123456789", "hi", sender="1"))
    assert re.fullmatch(r"w[0-9a-f]{12}-1", found.track_id) is not None
    assert msgspec.json.decode(encode_json(found))["track_id"] == found.track_id


def test_a_receiver_is_not_normalized_if_asked() -> None:
    """With `normalize=False` a mobile keeps its spelling."""
    assert sms(SmsMessage("+98 9123456789", "hi", sender="1"), normalize=False).receiver == "+98 9123456789"
    assert otp(OtpMessage("989123456789", "1"), pattern_id=1, normalize=False).receiver == "989123456789"


def test_a_receiver_is_not_validated_if_asked() -> None:
    """With `validate=False` a number of another country is sent unchanged."""
    foreign = "+49 30 1234"
    assert sms(SmsMessage(foreign, "hi", sender="1"), validate=False).receiver == foreign
    assert otp(OtpMessage(foreign, "1"), pattern_id=1, validate=False).receiver == foreign
    rows = [SmsMessage(foreign, "hi"), SmsMessage("989123456789", "hi")]
    kept, refused = prepare_messages(rows, sender="1", track_ids=TrackIds(), normalize=True, validate=False)
    assert ([payload.receiver for payload in kept], refused) == ([foreign, "09123456789"], {})
    with pytest.raises(InvalidInputError, match=r"^receiver: expected an Iranian mobile number"):
        sms(SmsMessage(foreign, "hi", sender="1"), normalize=False)


@pytest.mark.parametrize(
    ("message", "field", "got"),
    [
        (SmsMessage("0912", "hi", sender="1"), "receiver", "a string of 4 characters with digits"),
        (SmsMessage("09123456789", "", sender="1"), "message", "a string of 0 characters"),
        (SmsMessage("09123456789", sender="1"), "message", "None"),
        (SmsMessage("09123456789", "hi", sender="1", note="ho"), "note", "both"),
        (SmsMessage("09123456789", "hi", sender="1", track_id=""), "track_id", "a string of 0 characters"),
        (SmsMessage("09123456789", "hi", sender="1", track_id=" "), "track_id", "a string of 1 characters with spaces"),
        (SmsMessage("09123456789", "hi", sender="1\r\n"), "sender", "a string of 3 characters with digits, spaces"),
        (SmsMessage("09123456789", "\ud83d", sender="1"), "message", "a lone surrogate"),
        (SmsMessage("09123456789", note="\udc00", sender="1"), "note", "a lone surrogate"),
        (SmsMessage("09123456789", note="", sender="1"), "note", "a string of 0 characters"),
        (
            SmsMessage("09123456789", "hi", sender="1", track_id="\udfff"),
            "track_id",
            "a string of 1 characters with symbols",
        ),
        ("09123456789", "message", "a string of 11 characters with digits"),
        (None, "message", "None"),
        (OtpMessage("09123456789", "1234"), "message", "an object of type OtpMessage"),
    ],
)
def test_a_bad_sms_is_refused_by_field(message: Any, field: str, got: str) -> None:
    """The error names the invalid field and does not show the value."""
    with pytest.raises(InvalidInputError) as caught:
        sms(message)
    assert (caught.value.field, caught.value.got) == (field, got)
    assert caught.value.__context__ is None


def test_fields_of_a_wrong_type_are_refused() -> None:
    """A number in place of a string raises `InvalidInputError` for any field."""
    number: Any = 9123456789
    bad = [
        SmsMessage(number, "hi", sender="1"),
        SmsMessage("09123456789", number, sender="1"),
        SmsMessage("09123456789", "hi", sender=number),
        SmsMessage("09123456789", "hi", sender="1", track_id=number),
    ]
    fields = []
    for message in bad:
        with pytest.raises(InvalidInputError) as caught:
            sms(message)
        fields.append((caught.value.field, caught.value.got))
    assert fields == [(name, "a number (int)") for name in ("receiver", "message", "sender", "track_id")]


def test_a_missing_sender_is_a_configuration_error() -> None:
    """Without a line nothing can be sent, and the error says where to set one."""
    with pytest.raises(ConfigurationError) as caught:
        sms(SmsMessage("09123456789", "hi"))
    assert str(caught.value) == "sender: none given; pass sender=..., or set it on the client or in SMS_SENDER"


def test_subclasses_of_str_and_int_are_sent_like_plain_values() -> None:
    """A template's safe string and an enum's member are sent as their value."""
    found = sms(SmsMessage(Safe("09123456789"), Safe("hi"), sender=Line.MAIN, track_id=Safe("T")))
    code = otp(OtpMessage("09123456789", Safe("1234"), otp_pattern_id=Pattern.LOGIN, track_id="T"))
    assert encode_json(found) == b'{"sender":"10002000","receiver":"09123456789","message":"hi","track_id":"T"}'
    assert encode_json(code) == b'{"receiver":"09123456789","code":"1234","otp_pattern_id":13,"track_id":"T"}'


@pytest.mark.parametrize("normalize", [True, False])
def test_subclasses_of_str_are_plain_in_the_payload(normalize: bool) -> None:
    """A subclass of `str` cannot change what is sent, and cannot break the other messages of a batch."""
    line: Any = Line.MAIN
    found = [
        sms(SmsMessage(Safe("09123456789"), Word.HI, sender=line, track_id=Safe("T")), normalize=normalize),
        sms(SmsMessage("09123456789", note=Lying("hi"), track_id="T"), sender=line, normalize=normalize),
    ]
    code = otp(OtpMessage(Safe("09123456789"), Word.HI, track_id=Word.HI), pattern_id=1, normalize=normalize)
    values = [value for one in (*found, code) for value in msgspec.structs.astuple(one)]
    assert {type(value) for value in values} == {str, int, msgspec.UnsetType}
    assert msgspec.json.decode(encode_json([*found, code])) == [
        {"sender": "10002000", "receiver": "09123456789", "message": "hi", "track_id": "T"},
        {"sender": "10002000", "receiver": "09123456789", "note": "hi", "track_id": "T"},
        {"receiver": "09123456789", "code": "hi", "otp_pattern_id": 1, "track_id": "hi"},
    ]
    with pytest.raises(InvalidInputError) as caught:
        sms(SmsMessage("09123456789", Lying("\ud83d"), sender="1"))
    assert caught.value.got == "a lone surrogate"


@given(st.text(st.characters(), min_size=1))
def test_any_text_is_sent_unchanged_or_refused(text: str) -> None:
    """A text is sent unchanged; only a lone surrogate is refused."""
    try:
        found = sms(SmsMessage("09123456789", text, sender="1"))
    except InvalidInputError as error:
        assert (error.got, text.isprintable()) == ("a lone surrogate", False)  # noqa: PT017 - the other way is the rule
    else:
        assert msgspec.json.decode(encode_json(found))["message"] == text


def test_a_code_is_encoded_in_the_documented_order() -> None:
    """The message's pattern precedes the client's, and Persian digits become ASCII."""
    message = OtpMessage("9123456789", "۱۲۳۴۵۶", otp_pattern_id=0, track_id="O1")
    found = otp(message, pattern_id=13)
    assert (found.receiver, found.track_id) == ("09123456789", "O1")
    assert encode_json(found) == (b'{"receiver":"09123456789","code":"123456","otp_pattern_id":0,"track_id":"O1"}')


def test_a_code_takes_the_clients_pattern_and_a_generated_track_id() -> None:
    """Fields that the message omits get their defaults."""
    found = otp(OtpMessage("09123456789", "ab12"), pattern_id=13)
    body = msgspec.json.decode(encode_json(found))
    assert (body["otp_pattern_id"], body["track_id"]) == (13, found.track_id)


def test_a_missing_pattern_is_a_configuration_error() -> None:
    """Without a pattern no code can be sent."""
    with pytest.raises(ConfigurationError) as caught:
        otp(OtpMessage("09123456789", "1234"))
    assert str(caught.value) == "otp_pattern_id: none given; pass it with the message or to the client"


@pytest.mark.parametrize(("pattern", "got"), [(-1, "a number (int)"), (True, "True"), (1.0, "a number (float)")])
def test_an_invalid_pattern_is_refused(pattern: Any, got: str) -> None:
    """A pattern is a whole number of 0 or more."""
    with pytest.raises(InvalidInputError) as caught:
        otp(OtpMessage("09123456789", "1234", otp_pattern_id=pattern))
    assert (caught.value.field, caught.value.got) == ("otp_pattern_id", got)


def test_only_an_otp_message_is_prepared_as_one() -> None:
    """An SMS in place of a code is refused."""
    with pytest.raises(InvalidInputError) as caught:
        otp(SmsMessage("09123456789", "1234"), pattern_id=1)
    assert (caught.value.field, caught.value.got) == ("message", "an object of type SmsMessage")


@pytest.mark.parametrize(
    ("messages", "got"),
    [("hi", "a string of 2 characters with letters"), (None, "None"), (b"x", "an object of type bytes")],
)
def test_prepare_all_wants_messages(messages: Any, got: str) -> None:
    """A value that is not an iterable of messages is refused, and a string is not read character by character."""
    with pytest.raises(InvalidInputError) as caught:
        prepare_all(messages, sms)
    assert str(caught.value) == f"messages: expected an iterable of messages; got {got}"


def test_prepare_all_names_the_index_of_an_invalid_message() -> None:
    """The error of one message of many names its index, for both kinds of errors."""
    good, bad, lineless = (
        SmsMessage("09123456789", "hi", sender="1"),
        SmsMessage("0912", "hi", sender="1"),
        SmsMessage("09123456789", "hi"),
    )
    batch = prepare_all(iter([good, good]), sms)
    assert (batch.messages, [payload.receiver for payload in batch.payloads]) == ([good, good], ["09123456789"] * 2)
    with pytest.raises(InvalidInputError) as caught:
        prepare_all([good, bad], sms)
    assert caught.value.field == "messages[1].receiver"
    with pytest.raises(ConfigurationError) as gap:
        prepare_all([good, good, lineless], sms)
    assert str(gap.value).startswith("messages[2].sender: none given")


@given(st.lists(st.text('aب"\\\n', min_size=1), max_size=5))
def test_the_body_of_a_batch_is_the_array(texts: list[str]) -> None:
    """The body is the JSON array of the payloads, and the track ids are in the same order."""
    messages = [SmsMessage("09123456789", text, sender="1", track_id=f"T{index}") for index, text in enumerate(texts)]
    batch = prepare_all(messages, sms)
    assert (batch.messages, batch.track_ids) == (messages, [f"T{index}" for index in range(len(texts))])
    assert msgspec.json.decode(batch.body) == [
        {"sender": "1", "receiver": "09123456789", "message": text, "track_id": f"T{index}"}
        for index, text in enumerate(texts)
    ]


ODD: list[Any] = [None, "", " ", "\n", 9123456789, b"09123456789", Safe(""), "\ud83d", "x" * 300]
RECEIVERS: list[Any] = ["09123456789", "9123456789", "+98 912 345 6789", "۰۹۱۲۳۴۵۶۷۸۹", "0912", "091234567890", *ODD]
RECEIVERS += ["09123456789\n", "0912345678٩", "0812345678", Safe("09123456789"), Safe("+989123456789")]
RECEIVERS += ["08123456789", "19123456789", "0912345678a", "0912345678²", " 9123456789", "09 23456789", "91234567890"]
TEXTS: list[Any] = ["hi", " ", Safe("hi"), Word.HI, Lying("hi"), Lying("\ud83d"), "سلام\x00", *ODD]
NOTES: list[Any] = ["note", Safe("note"), Lying("\udc00"), *ODD]
LINES: list[Any] = ["3000", "+98 3000", Line.MAIN, Safe("3000"), *ODD]
NAMES: list[Any] = ["T", Safe("T"), "T\x00", "T 1", "شناسه", "x" * 255, "x" * 256, *ODD]
CLIENT_LINES: list[Any] = [
    "10002000",
    "+9810002000",
    "9" * 21,
    "10 00",
    "خط",
    "1000\n",
    Line.MAIN,
    Safe("1"),
    Word.HI,
    *ODD,
]


class Special(SmsMessage, frozen=True):
    """A subclass of a message."""


MESSAGES: Any = st.builds(
    lambda kind, receiver, text, note, line, name: kind(receiver, text, sender=line, track_id=name, note=note),
    st.sampled_from([SmsMessage, SmsMessage, SmsMessage, Special]),
    st.just("09123456789") | st.sampled_from(RECEIVERS),
    st.just("hi") | st.sampled_from(TEXTS) | st.text(st.characters(), max_size=3),
    st.none() | st.sampled_from(NOTES),
    st.none() | st.sampled_from(LINES),
    st.none() | st.sampled_from(NAMES),
) | st.sampled_from([None, "text", 7, OtpMessage("09123456789", "1")])
MADE = re.compile(r"w[0-9a-f]{12}-[1-9][0-9]*(\.[0-9]+)?")


def as_one_by_one(message: Any, sender: Any, *, normalize: bool, validate: bool) -> tuple[object, ...]:
    """Return the fields that `prepare_sms` gives for a message, or its error."""
    try:
        payload = prepare_sms(message, sender=sender, track_ids=TrackIds(), normalize=normalize, validate=validate)
        return comparable(message, payload)
    except (InvalidInputError, ConfigurationError) as error:
        return type(error), str(error)


def as_many(messages: list[Any], sender: Any, *, normalize: bool, validate: bool) -> list[tuple[object, ...]]:
    """Return the fields that `prepare_messages` gives for each message, or its error."""
    track_ids = TrackIds()
    payloads, refused = prepare_messages(
        messages, sender=sender, track_ids=track_ids, normalize=normalize, validate=validate
    )
    assert len(payloads) + len(refused) == len(messages)
    assert [error.__traceback__ for error in refused.values()] == [None] * len(refused)
    good = iter(payloads)
    return [
        (type(refused[place]), str(refused[place])) if place in refused else comparable(message, next(good))
        for place, message in enumerate(messages)
    ]


def comparable(message: Any, payload: SmsPayload) -> tuple[object, ...]:
    """Return the fields of a payload, with whether a generated track id is valid in place of the id."""
    fields = msgspec.structs.asdict(payload)
    if message.track_id is None:
        fields["track_id"] = bool(MADE.fullmatch(payload.track_id))
    return tuple((name, type(value), value) for name, value in fields.items())


@pytest.mark.parametrize("validate", [True, False])
@pytest.mark.parametrize("normalize", [True, False])
def test_one_odd_value_is_treated_alike_alone_and_among_many(normalize: bool, validate: bool) -> None:
    """A message with one odd value gets the same result among many as alone, for any client line."""
    usual: dict[str, Any] = {"receiver": "09123456789", "message": "hi", "note": None, "sender": None, "track_id": None}
    odd: dict[str, list[Any]] = {
        "receiver": RECEIVERS,
        "message": TEXTS,
        "note": NOTES,
        "sender": LINES,
        "track_id": NAMES,
    }
    kinds: list[Any] = [SmsMessage, Special]
    messages = [
        kind(**(usual | change | {name: value}))
        for name, values in odd.items()
        for value in values
        for change in ({}, {"message": None})
        for kind in kinds
    ]
    for sender in CLIENT_LINES:
        found = as_many(messages, sender, normalize=normalize, validate=validate)
        assert found == [as_one_by_one(message, sender, normalize=normalize, validate=validate) for message in messages]
    plain = SmsMessage("09123456789", "hi")
    named = SmsMessage("09123456789", "hi", track_id="T9")
    for message in messages:
        for others in ([], [plain], [named]):
            batch = [*others, message, *others]
            assert as_many(batch, "10002000", normalize=normalize, validate=validate) == [
                as_one_by_one(one, "10002000", normalize=normalize, validate=validate) for one in batch
            ]


@pytest.mark.parametrize("sender", ["1", "10002000", "+9810002000", "9" * 20])
@pytest.mark.parametrize("track_id", [None, "T", "~!", "x" * 255])
def test_plain_messages_are_checked_together(
    sender: str, track_id: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Messages with nothing odd do not take the slow checks, one by one; their payloads are the same."""
    rows = [SmsMessage("09123456789", "سلام", track_id=track_id), SmsMessage("09000000000", " ", track_id=track_id)]
    slow = [as_one_by_one(row, sender, normalize=True, validate=True) for row in rows]
    monkeypatch.delattr("wikipayam_async.messages.payload.prepare_sms")
    assert as_many(rows, sender, normalize=True, validate=True) == slow


@given(st.lists(MESSAGES, max_size=6), st.sampled_from(CLIENT_LINES), st.booleans(), st.booleans())
def test_many_messages_are_checked_like_one(messages: list[Any], sender: Any, normalize: bool, validate: bool) -> None:
    """A bulk send accepts and refuses the same messages as a single send, with the same errors and payloads."""
    found = as_many(messages, sender, normalize=normalize, validate=validate)
    assert found == [as_one_by_one(message, sender, normalize=normalize, validate=validate) for message in messages]


def test_generated_track_ids_are_unique() -> None:
    """Generated track ids are unique across messages that need the full checks and others."""
    note, plain = SmsMessage("09123456789", note="n"), SmsMessage("09123456789", "m")
    track_ids = TrackIds()
    some = [
        prepare_messages([plain, note, plain, note], sender="1", track_ids=track_ids, normalize=True) for _ in range(3)
    ]
    made = [payload.track_id for payloads, _ in some for payload in payloads]
    assert (len(made), len(set(made))) == (12, 12)


def test_a_message_whose_own_code_raises_affects_no_other() -> None:
    """The error of such a message is returned at its index, without the frames that hold other texts."""

    class Trap(str):
        __slots__ = ()

        def __len__(self) -> int:
            raise ZeroDivisionError

    good = SmsMessage("09123456789", "hi")
    rows = [good, SmsMessage("09123456789", Trap("hi")), good, SmsMessage("09123456789", "\ud83d")]
    payloads, refused = prepare_messages(rows, sender="1", track_ids=TrackIds(), normalize=True)
    assert [(payload.receiver, payload.message) for payload in payloads] == [("09123456789", "hi")] * 2
    assert [(place, type(error)) for place, error in refused.items()] == [
        (1, ZeroDivisionError),
        (3, InvalidInputError),
    ]
    assert [(error.__traceback__, error.__context__) for error in refused.values()] == [(None, None)] * 2


def test_payloads_are_masked() -> None:
    """Printing a payload, also with rich, shows only the track id and a masked number."""
    message = SmsMessage("09123456789", "secret", sender="1", track_id="T")
    payload, code = sms(message), otp(OtpMessage("09123456789", "8642", track_id="T"), pattern_id=1)
    batch = Batch.of([message], [payload])
    assert [repr(payload), str(payload), f"{code}"] == ["<T to 0912*****89>"] * 3
    assert pretty_repr([payload, code], max_width=120) == (
        "[SmsPayload(track_id='T', receiver='0912*****89'), OtpPayload(track_id='T', receiver='0912*****89')]"
    )
    assert [repr(batch), pretty_repr(batch)] == ["Batch(body=<75 bytes>)"] * 2
    assert repr(sms(SmsMessage("1-800", "secret", sender="1", track_id="T"), validate=False)) == "<T to ***>"


def test_a_lone_surrogate_affects_no_other_message() -> None:
    """If one message of otherwise plain ones cannot be encoded, only that message is refused."""
    messages = [
        SmsMessage("09123456789", "hi"),
        SmsMessage("09123456789", "\ud83d"),
        SmsMessage("09123456789", "\ude00"),
    ]
    payloads, refused = prepare_messages(messages, sender="10002000", track_ids=TrackIds(), normalize=True)
    assert [payload.text for payload in payloads] == ["hi"]
    assert [(place, str(error)) for place, error in refused.items()] == [
        (1, "message: expected valid Unicode; got a lone surrogate"),
        (2, "message: expected valid Unicode; got a lone surrogate"),
    ]


def test_many_messages_are_validated_unless_asked() -> None:
    """Without `validate=False` a number of another country is refused among many, too."""
    payloads, refused = prepare_messages(
        [SmsMessage("+49 30 1234", "hi")], sender="1", track_ids=TrackIds(), normalize=True
    )
    assert (payloads, [str(error)[:9] for error in refused.values()]) == ([], ["receiver:"])
