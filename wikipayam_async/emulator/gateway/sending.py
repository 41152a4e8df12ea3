"""The sending endpoints: SMS, one-time codes, voice calls and Holoo. Also balance and delivery status."""

from collections.abc import Callable, Mapping

from attrs import evolve

from wikipayam_async.emulator.exchange import Json, Response
from wikipayam_async.emulator.gateway import laravel
from wikipayam_async.emulator.gateway.endpoint_request import EndpointRequest
from wikipayam_async.emulator.gateway.fields import REQUIRED, Fields, refuse_if_any
from wikipayam_async.emulator.gateway.laravel import Refused
from wikipayam_async.emulator.gateway.numbers import is_mobile
from wikipayam_async.emulator.gateway.parts import count_parts
from wikipayam_async.emulator.gateway.state import Account, Draft, LedgerEntry, MessageKind

_MAX_CODE_CHARACTERS = 32


def balance(request: EndpointRequest) -> Response:
    """Handle `GET /user/balance`."""
    account = request.account
    return laravel.data(
        {
            "balance": account.balance,
            "currency": "IRR",
            "user_id": account.user_id,
            "user_name": account.user_name,
        }
    )


def send_sms(request: EndpointRequest) -> Response:
    """Handle `POST /sms/send`."""
    return _send_batch(request, _sms_draft)


def send_otp(request: EndpointRequest) -> Response:
    """Handle `POST /otp/sms/send`, whose response has the shape of `POST /sms/send`."""
    return _send_batch(request, _otp_draft)


def send_voice(request: EndpointRequest) -> Response:
    """Handle `POST /voice-otp/send`. The voice call is only queued."""
    fields = request.fields()
    code = _code(fields, str.isdigit, "The {} field must only contain digits.")
    draft = Draft(
        kind=MessageKind.VOICE,
        sender=request.account.lines[0],
        receiver=fields.mobile("receiver"),
        message=code,
        code=code,
        track_id=fields.optional_text("track_id"),
    )
    refuse_if_any(fields.errors)
    (entry,) = request.state.accept(request.account, [draft], request.now)
    return laravel.data({"message": "Voice OTP queued successfully", "id": entry.id, "track_id": entry.track_id})


def send_holoo(request: EndpointRequest) -> Response:
    """Handle `GET` and `POST /service/holoo`: the fields are in the query or in the body.

    The response has the shape of one item of `POST /sms/send`.

    Raises:
        Refused: The credentials in the fields are not the account's (401).
    """
    fields = request.query() if request.http.method == "GET" else request.fields()
    account = request.account
    if (fields.values.get("username"), fields.values.get("password")) != (account.username, account.token):
        raise Refused(laravel.error(401))
    text = fields.text("message")
    draft = Draft(
        kind=MessageKind.HOLOO,
        sender=fields.one_of("from", account.lines),
        receiver=fields.mobile("to"),
        message=text,
        parts=count_parts(text),
    )
    refuse_if_any(fields.errors)
    (entry,) = request.state.accept(request.account, [draft], request.now)
    return laravel.data(_receipt(entry))


def deliver(request: EndpointRequest) -> Response:
    """Handle `POST /sms/deliver`. Unknown ids, voice calls and messages of other accounts are left out."""
    fields = request.fields()
    ids = fields.ids("id")
    refuse_if_any(fields.errors)
    known = [request.state.ledger.by_id.get(message_id) for message_id in dict.fromkeys(ids)]
    return laravel.data(
        [
            {"id": entry.id, "deliver_status": _delivery_word(request, entry), "track_id": entry.track_id}
            for entry in known
            if entry is not None and entry.account == request.account.username and entry.kind is not MessageKind.VOICE
        ]
    )


def _send_batch(request: EndpointRequest, read_draft: Callable[[Fields, Account], Draft]) -> Response:
    items = request.items()
    drafts = [read_draft(item, request.account) for item in items]
    refuse_if_any(items[0].errors)
    return laravel.data([_receipt(entry) for entry in request.state.accept(request.account, drafts, request.now)])


def _delivery_word(request: EndpointRequest, entry: LedgerEntry) -> str:
    age = (request.now - entry.accepted_at).total_seconds()
    return request.state.delivery.script_for(entry.receiver).word_at(age)


def _sms_draft(item: Fields, account: Account) -> Draft:
    values = item.values
    return _usual_draft(values, account) or _checked_draft(item, values, account)


def _usual_draft(values: Mapping[str, Json], account: Account) -> Draft | None:
    """Return the draft of an item without an error, in half the time; None for any other."""
    sender, receiver, text = values.get("sender"), values.get("receiver"), values.get("message")
    track_id = values.get("track_id")
    if not (isinstance(text, str) and text and isinstance(receiver, str) and is_mobile(receiver)):
        return None
    if not (isinstance(sender, str) and sender in account.lines and (track_id is None or isinstance(track_id, str))):
        return None
    return Draft(
        kind=MessageKind.SMS,
        sender=sender,
        receiver=receiver,
        message=text,
        track_id=track_id,
        parts=count_parts(text),
    )


def _checked_draft(item: Fields, values: Mapping[str, Json], account: Account) -> Draft:
    if values.get("message") is None and "note" in values:
        # The gateway renames `note` to `message` before validation, so errors name `message`.
        item = evolve(item, values={**values, "message": values["note"]})
    text = item.text("message")
    return Draft(
        kind=MessageKind.SMS,
        sender=item.one_of("sender", account.lines),
        receiver=item.mobile("receiver"),
        message=text,
        track_id=item.optional_text("track_id"),
        parts=count_parts(text),
    )


def _otp_draft(item: Fields, account: Account) -> Draft:
    pattern = item.integer("otp_pattern_id")
    if item.values.get("otp_pattern_id") is None:
        item.fail("otp_pattern_id", REQUIRED)
    elif pattern is not None and pattern not in account.patterns:
        item.fail("otp_pattern_id", "The selected {} is invalid.")
    code = _code(item, str.isalnum, "The {} field must only contain letters and numbers.")
    # Not `format`: a pattern may contain other braces.
    text = account.patterns.get(pattern or 0, "").replace("{code}", code)
    return Draft(
        kind=MessageKind.OTP,
        sender=account.lines[0],
        receiver=item.mobile("receiver"),
        message=text,
        code=code,
        track_id=item.optional_text("track_id"),
        parts=count_parts(text),
    )


def _code(fields: Fields, has_only: Callable[[str], bool], error: str) -> str:
    """Read a code of ASCII characters: a voice reads out no Persian digits, and no SMS has them either."""
    code = fields.text("code")
    if code and not (code.isascii() and has_only(code)):
        fields.fail("code", error)
    if len(code) > _MAX_CODE_CHARACTERS:
        fields.fail("code", f"The {{}} field must not be greater than {_MAX_CODE_CHARACTERS} characters.")
    return code


def _receipt(entry: LedgerEntry) -> dict[str, str | None]:
    return {"id": entry.id, "sender": entry.sender, "receiver": entry.receiver, "track_id": entry.track_id}
