import copy
import pickle
from typing import Any

import attrs
import msgspec
import pytest
from rich.pretty import pretty_repr

from wikipayam_async import OtpMessage, SmsMessage
from wikipayam_async.redact.masks import mask_text
from wikipayam_async.structs import Model

MESSAGE = SmsMessage("09123456789", "a secret", track_id="T1")


class Order(SmsMessage, frozen=True, kw_only=True):
    """A message with a field of a caller."""

    order: int = 5


def test_sensitive_fields_are_masked() -> None:
    """Neither the repr nor rich shows a number or a text, and None stays None."""
    shown = "SmsMessage(receiver=0912*****89, message=<8 characters>, sender=None, track_id='T1', note=None)"
    assert (repr(MESSAGE), str(MESSAGE), pretty_repr(MESSAGE, max_width=200)) == (shown, shown, shown)
    assert repr(OtpMessage("09123456789", "1234")) == (
        "OtpMessage(receiver=0912*****89, code=<4 characters>, otp_pattern_id=None, track_id=None)"
    )


def test_the_functions_of_attrs_take_a_struct() -> None:
    """`has`, `fields`, `asdict`, `astuple`, `evolve` and `resolve_types` do what they do for an attrs class."""
    fields = attrs.fields(SmsMessage)
    assert attrs.has(SmsMessage)
    assert [(one.name, one.kw_only, one.default) for one in fields] == [
        ("receiver", False, attrs.NOTHING),
        ("message", False, None),
        ("sender", True, None),
        ("track_id", True, None),
        ("note", True, None),
    ]
    assert fields.message.repr is mask_text
    assert attrs.asdict(MESSAGE) == {
        "receiver": "09123456789", "message": "a secret", "sender": None, "track_id": "T1", "note": None,
    }  # fmt: skip
    assert attrs.astuple(MESSAGE) == ("09123456789", "a secret", None, "T1", None)
    assert attrs.evolve(MESSAGE, sender="1000") == SmsMessage("09123456789", "a secret", sender="1000", track_id="T1")  # type: ignore[misc] # mypy knows attrs classes alone
    assert attrs.fields(attrs.resolve_types(SmsMessage)).note.type == str | None


@pytest.mark.parametrize("replace", [attrs.evolve, msgspec.structs.replace, Model.__replace__])
def test_a_subclass_has_its_own_fields(replace: Any) -> None:
    """They are shown, and copied."""
    changed = replace(Order("09123456789", "text", order=7), track_id="T2")
    assert repr(changed) == (
        "Order(receiver=0912*****89, message=<4 characters>, sender=None, track_id='T2', note=None, order=7)"
    )


@pytest.mark.parametrize("name", ["receiver", "note", "other"])
def test_no_field_can_be_set_or_deleted(name: str) -> None:
    """Both raise."""
    with pytest.raises(AttributeError):
        setattr(MESSAGE, name, "x")
    with pytest.raises(AttributeError):
        delattr(MESSAGE, name)
    assert not hasattr(MESSAGE, "__dict__")


def test_equal_messages_have_one_hash() -> None:
    """Messages with the same fields are equal; those of another class are not."""
    same = SmsMessage("09123456789", "a secret", track_id="T1")
    assert (same, hash(same)) == (MESSAGE, hash(MESSAGE))
    assert MESSAGE not in {SmsMessage("09123456789", "a secret"), Order("09123456789", "a secret", track_id="T1")}


def test_a_message_matches_a_pattern() -> None:
    """By position match the arguments that may be given by position; the others by name."""
    match MESSAGE:
        case SmsMessage(receiver, message, track_id=track_id):
            assert (receiver, message, track_id) == ("09123456789", "a secret", "T1")
        case _:
            pytest.fail("no SmsMessage")


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_message_is_copied_and_pickled(protocol: int) -> None:
    """The copy is equal and of the same class."""
    again = pickle.loads(pickle.dumps(MESSAGE, protocol))  # noqa: S301 - our own
    assert [again, copy.copy(MESSAGE), copy.deepcopy(MESSAGE)] == [MESSAGE] * 3
    assert type(again) is SmsMessage
