from __future__ import annotations

import pytest

from wikipayam_async import SmsMessage
from wikipayam_async.errors import InvalidInputError
from wikipayam_async.lab.call import SdkCall
from wikipayam_async.lab.fields import Fields
from wikipayam_async.lab.forms import forms
from wikipayam_async.lab.operations import OPERATIONS, build


def test_every_form_has_its_call() -> None:
    """Each operation of the description has a call of the client, and no other has one."""
    assert sorted(OPERATIONS) == sorted(form.operation for form in forms())


@pytest.mark.parametrize(
    ("operation", "fields", "call"),
    [
        ("sms_delivery_status", {"id": "a\nb"}, SdkCall("sms.delivery_status", (["a", "b"],))),
        ("sms_delivery_status", {"id": "a"}, SdkCall("sms.delivery_status", ("a",))),
        ("receives_mark_read", {"which": "mark_all"}, SdkCall("receives.mark_all_read")),
        ("receives_mark_read", {"which": "receive_ids", "receive_ids": "a"}, SdkCall("receives.mark_read", ("a",))),
        ("receives_delete", {"which": "delete_all_read"}, SdkCall("receives.delete_all_read")),
        ("receives_delete", {"which": "delete_all_unread"}, SdkCall("receives.delete_all_unread")),
        (
            "receives_delete",
            {"which": "delete_older_than_days", "delete_older_than_days": "۳۰"},
            SdkCall("receives.delete_older_than", (), {"days": 30}),
        ),
        ("receives_unread", {"limit": "5"}, SdkCall("receives.unread", (), {"limit": 5})),
        (
            "holoo_send",
            {"username": "u", "from": "1000", "to": "0912", "message": "a"},
            SdkCall("holoo.send", ("0912", "a"), {"username": "u", "sender": "1000"}),
        ),
        ("holoo_send", {"to": "0912", "message": "a"}, SdkCall("holoo.send", ("0912", "a"), {})),
        (
            "sms_send",
            {"receiver": "0912\n0913", "message": "a", "track_id": "T", "sender": "1000"},
            SdkCall(
                "sms.send_many",
                (
                    [
                        SmsMessage("0912", "a", sender="1000", track_id="T.1"),
                        SmsMessage("0913", "a", sender="1000", track_id="T.2"),
                    ],
                ),
            ),
        ),
        (
            "sms_send",
            {"receiver": "0912", "note": "n", "track_id": "T"},
            SdkCall("sms.send_many", ([SmsMessage("0912", note="n", track_id="T")],)),
        ),
    ],
)
def test_a_form_becomes_a_call(operation: str, fields: dict[str, str], call: SdkCall) -> None:
    """Several receivers are one request; one value is passed alone; a choice chooses the method."""
    assert build(operation, Fields(fields)) == call


@pytest.mark.parametrize(
    ("operation", "fields"),
    [("another", {}), ("receives_delete", {"which": "delete_older_than_days"}), ("sms_send", {"receiver": "0912"})],
)
def test_an_incomplete_form_is_an_error(operation: str, fields: dict[str, str]) -> None:
    """An unknown operation and a missing value are errors before any request."""
    with pytest.raises(InvalidInputError):
        build(operation, Fields(fields))
