import attrs
import pytest

from wikipayam_async.core.operation import (
    Call,
    Operation,
    Replay,
    Results,
    SendBatch,
    format_track_ids,
    max_answer_bytes,
    message_of,
    unreported_error,
)
from wikipayam_async.errors import ResponseError
from wikipayam_async.messages import SentMessage, SmsMessage
from wikipayam_async.redact.sealed import SealedBytes, SealedFields

SEND = Operation("sms.send", "POST", "sms/send", Replay.SEND)


def test_a_call_has_empty_defaults() -> None:
    """By default a call has no query, body, batch, shortcut, observer or time-out."""
    call: Call[object] = Call(operation=SEND, read=lambda data: data)
    assert (call.path, call.query.reveal(), call.body, call.batch, call.observer) == ("", {}, None, None, None)
    assert (call.shortcut, call.timeout) == (None, None)
    assert SEND.secret_query is False


def test_the_repr_of_a_call_shows_no_contents() -> None:
    """Query, body and messages are not part of the `repr`."""
    call: Call[object] = Call(
        operation=SEND,
        read=lambda data: data,
        query=SealedFields({"password": "t0ken"}),
        body=SealedBytes(b'{"message": "secret"}'),
        batch=SendBatch([SmsMessage("09123456789", "secret")], ["T1"], lambda item: None),
        shortcut=lambda body: None,
        observer=lambda outcomes: None,
    )
    assert repr(call) == (
        "Call(operation=Operation(name='sms.send', method='POST', path='sms/send', replay=<Replay.SEND: 'send'>, "
        "secret_query=False, needs_content=True, is_documented=True), path='', body=<21 bytes>, batch=SendBatch(track_ids=['T1']), timeout=None)"
    )


def test_operations_are_values() -> None:
    """Equal operations compare equal, and none can be changed."""
    assert Operation("sms.send", "POST", "sms/send", Replay.SEND) == SEND
    name = "path"
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        setattr(SEND, name, "elsewhere")


@pytest.mark.parametrize(
    ("track_ids", "text"),
    [
        ([], ""),
        (["a"], "a"),
        (["a", None, "c"], "a, c"),
        (["a", "b", "c", "d", "e"], "a, b, c, d, e"),
        (["a", "b", "c", "d", "e", "f"], "a, b, c, d, e, …"),
        ([None, "b", "c", "d", "e", "f"], "b, c, d, e, …"),
    ],
)
def test_an_error_names_the_first_five_track_ids(track_ids: list[str | None], text: str) -> None:
    """Messages without a track id are left out, and an ellipsis stands for the others."""
    assert format_track_ids(track_ids) == text


@pytest.mark.parametrize(
    ("messages", "sent_bytes", "size"),
    [
        (0, 0, 1_048_576),
        (1, 0, 1_052_672),
        (0, 1, 1_048_582),
        (512, 100_000, 3_745_728),
        (1000, 10_000_000, 16_777_216),
        (3840, 0, 16_777_216),
        (3839, 682, 16_777_212),
    ],
)
def test_the_largest_answer_depends_on_what_was_sent(messages: int, sent_bytes: int, size: int) -> None:
    """A MiB, 4 KiB a message, six bytes for each byte that was sent, and 16 MiB at most."""
    assert max_answer_bytes(messages, sent_bytes) == size


def test_the_error_of_messages_without_an_outcome() -> None:
    """It names the messages at the given positions, what the gateway says, and what to do next."""
    messages = [SmsMessage("09123456789", text) for text in ("one", "two", "three")]
    accepted = [SentMessage(id="17", track_id="b")]
    error = unreported_error("sms.send", messages, ["a", "b", "c"], [0, 2], accepted, "No credit.")
    assert str(error) == (
        "sms.send: the gateway did not report the outcome of 2 of 3 messages (a, c); they may have been accepted. "
        'The gateway said "No credit.". Do not resend blindly: look in the panel first, by receiver, text and time, or by track id if it shows one'
    )
    assert error.messages == (messages[0], messages[2])
    assert (error.track_ids, error.accepted) == (("a", "c"), tuple(accepted))
    cause = error.__cause__
    assert isinstance(cause, ResponseError)
    assert (str(cause), cause.message) == ("sms.send: no outcome for 2 messages", "No credit.")


def test_the_error_of_a_message_without_a_track_id() -> None:
    """Holoo's messages have none, so it names none."""
    error = unreported_error("holoo.send", [SmsMessage("09123456789", "one")], [None], [0])
    assert str(error).startswith(
        "holoo.send: the gateway did not report the outcome of 1 of 1 messages; they may have been accepted. Do not"
    )
    assert error.track_ids == (None,)


def test_the_error_of_messages_about_which_the_gateway_says_nothing() -> None:
    """It quotes nothing."""
    error = unreported_error("otp.send", [SmsMessage("09123456789", "one")], ["a"], [0])
    assert str(error) == (
        "otp.send: the gateway did not report the outcome of 1 of 1 messages (a); they may have been accepted. "
        "Do not resend blindly: look in the panel first, by receiver, text and time, or by track id if it shows one"
    )
    assert error.accepted == ()
    assert isinstance(error.__cause__, ResponseError)
    assert error.__cause__.message == ""


def test_what_the_gateway_says_is_kept_with_the_results() -> None:
    """Results are a list with a message; any other sequence has none."""
    results = Results(["1", None], "No credit.")
    assert (list(results), message_of(results), message_of(["1", None])) == (["1", None], "No credit.", "")
