"""The endpoints that send: plain messages, one-time codes, calls, and Holoo's road. Also the balance and delivery."""

from attrs import evolve

from wikipayam_async.emulator.exchange import Response
from wikipayam_async.emulator.gateway import laravel
from wikipayam_async.emulator.gateway.call import Call
from wikipayam_async.emulator.gateway.fields import Fields, refuse_if_any
from wikipayam_async.emulator.gateway.laravel import Refused
from wikipayam_async.emulator.gateway.parts import count_parts
from wikipayam_async.emulator.gateway.state import Account, Draft, LedgerEntry, MessageKind

_MOST_CODE_CHARACTERS = 32


def balance(call: Call) -> Response:
    """Answer ``GET /user/balance``.

    Args:
        call: The call.

    Returns:
        The answer.
    """
    account = call.account
    return laravel.data(
        {
            "balance": account.balance,
            "currency": "IRR",
            "user_id": account.user_id,
            "user_name": account.user_name,
        }
    )


def send_sms(call: Call) -> Response:
    """Answer ``POST /sms/send``.

    Args:
        call: The call.

    Returns:
        The answer.
    """
    items = call.items()
    drafts = [_sms(item, call.account) for item in items]
    refuse_if_any(items[0].errors)
    return laravel.data([_receipt(entry) for entry in call.accept(drafts)])


def send_otp(call: Call) -> Response:
    """Answer ``POST /otp/sms/send``.

    Args:
        call: The call.

    Returns:
        The answer, in the shape of ``/sms/send``.
    """
    items = call.items()
    drafts = [_otp(item, call.account) for item in items]
    refuse_if_any(items[0].errors)
    return laravel.data([_receipt(entry) for entry in call.accept(drafts)])


def send_voice(call: Call) -> Response:
    """Answer ``POST /voice-otp/send``.

    Args:
        call: The call.

    Returns:
        The answer: queued, not called.
    """
    fields = call.fields()
    code = _code(fields)
    if code and not (code.isascii() and code.isdigit()):
        fields.fail("code", "The {} field must only contain digits.")
    draft = Draft(
        kind=MessageKind.VOICE,
        sender=call.account.lines[0],
        receiver=fields.mobile("receiver"),
        message=code,
        code=code,
        track_id=fields.optional_text("track_id"),
    )
    refuse_if_any(fields.errors)
    (entry,) = call.accept([draft])
    return laravel.data({"message": "Voice OTP queued successfully", "id": entry.id, "track_id": entry.track_id})


def send_holoo(call: Call) -> Response:
    """Answer ``/service/holoo`` on both its roads.

    Args:
        call: The call; the fields are in the query of a GET and in the body of a POST.

    Returns:
        The answer, in the shape of one item of ``/sms/send``.

    Raises:
        Refused: The credentials among the fields are not the account's (401).
    """
    fields = call.query() if call.request.method == "GET" else call.fields()
    account = call.account
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
    (entry,) = call.accept([draft])
    return laravel.data(_receipt(entry))


def deliver(call: Call) -> Response:
    """Answer ``POST /sms/deliver``.

    Args:
        call: The call.

    Returns:
        The status of every id that is known as a message of the account; the rest is absent. Calls have none.
    """
    fields = call.fields()
    ids = fields.ids("id")
    refuse_if_any(fields.errors)
    known = [call.state.ledger.by_id.get(message_id) for message_id in dict.fromkeys(ids)]
    return laravel.data(
        [
            {"id": entry.id, "deliver_status": _delivery_word(call, entry), "track_id": entry.track_id}
            for entry in known
            if entry is not None and entry.account == call.account.username and entry.kind is not MessageKind.VOICE
        ]
    )


def _delivery_word(call: Call, entry: LedgerEntry) -> str:
    age = (call.now - entry.accepted_at).total_seconds()
    return call.state.delivery.script_for(entry.receiver).word_at(age)


def _sms(item: Fields, account: Account) -> Draft:
    if item.values.get("message") is None and "note" in item.values:
        # The gateway turns `note` into `message` first, so that errors speak of `message`.
        item = evolve(item, values={**item.values, "message": item.values["note"]})
    text = item.text("message")
    return Draft(
        kind=MessageKind.SMS,
        sender=item.one_of("sender", account.lines),
        receiver=item.mobile("receiver"),
        message=text,
        track_id=item.optional_text("track_id"),
        parts=count_parts(text),
    )


def _otp(item: Fields, account: Account) -> Draft:
    pattern = item.integer("otp_pattern_id")
    if item.values.get("otp_pattern_id") is None:
        item.fail("otp_pattern_id", "The {} field is required.")
    elif pattern is not None and pattern not in account.patterns:
        item.fail("otp_pattern_id", "The selected {} is invalid.")
    code = _code(item)
    # Not `format`: a pattern is a customer's text, which may hold any other brace.
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


def _code(fields: Fields) -> str:
    code = fields.text("code")
    if len(code) > _MOST_CODE_CHARACTERS:
        fields.fail("code", f"The {{}} field must not be greater than {_MOST_CODE_CHARACTERS} characters.")
    return code


def _receipt(entry: LedgerEntry) -> dict[str, str | None]:
    return {"id": entry.id, "sender": entry.sender, "receiver": entry.receiver, "track_id": entry.track_id}
