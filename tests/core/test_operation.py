import attrs
import pytest

from wikipayam_async.core.operation import Call, Operation, Replay, SendBatch
from wikipayam_async.messages import SmsMessage
from wikipayam_async.redact.sealed import SealedBytes

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
        query={"password": "t0ken"},
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
