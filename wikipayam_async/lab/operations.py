"""How the values of a form become a call of the client, for each operation of the gateway."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from wikipayam_async.errors import InvalidInputError
from wikipayam_async.lab.call import Argument, SdkCall
from wikipayam_async.lab.fields import Fields
from wikipayam_async.messages.models import SmsMessage

__all__ = ["OPERATIONS", "Builder", "build"]

Builder: TypeAlias = Callable[[Fields], SdkCall]


def build(operation: str, fields: Fields) -> SdkCall:
    """Return the call of an operation.

    Args:
        operation: The `operationId` of the description.
        fields: The values of its form.

    Raises:
        InvalidInputError: The operation is unknown, or a value is missing or invalid.
    """
    builder = OPERATIONS.get(operation)
    if builder is None:
        raise InvalidInputError("operation", rule="expected one of the description", got="another name")
    return builder(fields)


def _sms(fields: Fields) -> SdkCall:
    receivers = fields.lines("receiver")
    options = fields.given("sender", "track_id")
    note = fields.given("note")
    text = None if note else fields.text("message")
    if len(receivers) == 1 and text is not None:
        return SdkCall("sms.send", (receivers[0], text), options)
    messages = [
        SmsMessage(
            receiver,
            text,
            sender=options.get("sender"),
            track_id=_numbered(options.get("track_id"), place, len(receivers)),
            note=note.get("note"),
        )
        for place, receiver in enumerate(receivers, 1)
    ]
    return SdkCall("sms.send_many", (messages,))


def _numbered(track_id: str | None, place: int, count: int) -> str | None:
    """Return the track id of one of several messages: track ids of a request must differ."""
    return track_id if track_id is None or count == 1 else f"{track_id}.{place}"


def _delivery(fields: Fields) -> SdkCall:
    return SdkCall("sms.delivery_status", (_ids(fields, "id"),))


def _ids(fields: Fields, name: str) -> str | list[str]:
    ids = fields.lines(name)
    return ids if len(ids) > 1 else ids[0]


def _list(fields: Fields) -> SdkCall:
    texts = fields.given("status", "sender", "from_date", "to_date", "search", "sort_by", "sort_order")
    return SdkCall("receives.list", (), {**fields.numbers("limit", "offset"), **texts})


def _unread(fields: Fields) -> SdkCall:
    texts = fields.given("sender", "from_date", "to_date")
    return SdkCall("receives.unread", (), {**fields.numbers("limit", "offset"), **texts})


def _mark_read(fields: Fields) -> SdkCall:
    if fields.text("which") == "mark_all":
        return SdkCall("receives.mark_all_read")
    return SdkCall("receives.mark_read", (_ids(fields, "receive_ids"),))


def _delete(fields: Fields) -> SdkCall:
    which = fields.text("which")
    if which == "delete_older_than_days":
        fields.text(which)
        return SdkCall("receives.delete_older_than", (), {"days": fields.numbers(which)[which]})
    if which in {"delete_all_read", "delete_all_unread"}:
        return SdkCall(f"receives.{which}")
    return SdkCall("receives.delete", (_ids(fields, "receive_ids"),))


def _otp(fields: Fields) -> SdkCall:
    options: dict[str, Argument] = {**fields.numbers("otp_pattern_id"), **fields.given("track_id")}
    return SdkCall("otp.send", (fields.text("receiver"), fields.text("code")), options)


def _voice(fields: Fields) -> SdkCall:
    return SdkCall("voice.send", (fields.text("receiver"), fields.text("code")), fields.given("track_id"))


def _holoo(method: str) -> Builder:
    def build(fields: Fields) -> SdkCall:
        options = fields.given("username", "from")
        if "from" in options:
            options["sender"] = options.pop("from")
        return SdkCall(method, (fields.text("to"), fields.text("message")), options)

    return build


OPERATIONS: Mapping[str, Builder] = {
    "account_balance": lambda _: SdkCall("balance"),
    "sms_send": _sms,
    "sms_delivery_status": _delivery,
    "sms_receive": lambda fields: SdkCall("sms.receive", (), {"from_date": fields.text("from_date")}),
    "receives_list": _list,
    "receives_delete": _delete,
    "receives_unread": _unread,
    "receives_unread_count": lambda _: SdkCall("receives.unread_count"),
    "receives_statistics": lambda fields: SdkCall("receives.statistics", (), fields.given("from_date", "to_date")),
    "receives_get": lambda fields: SdkCall("receives.get", (fields.text("id"),)),
    "receives_mark_read": _mark_read,
    "otp_send": _otp,
    "voice_send": _voice,
    "holoo_send": _holoo("holoo.send"),
    "holoo_send_via_url": _holoo("holoo.send_via_url"),
}
"""The call of each operation, by the `operationId` of the description."""
