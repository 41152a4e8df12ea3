"""The responses of each peer's gateway, as far as the peer reads them. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import frozen

from tests.support.raw import RawRequest, accept_all, answer

__all__ = ["ANSWERS", "GENERIC_REFUSAL", "HTML", "Answers", "accepted"]

HTML = "<!doctype html><title>Please wait</title><h1>Please wait</h1>"
"""The page of a proxy in front of a gateway."""

GENERIC_REFUSAL = {"message": "Unauthenticated."}
"""A refusal in the form of web frameworks, which is no gateway's envelope."""


@frozen
class Answers:
    """The responses of a gateway in its own envelope.

    Attributes:
        accepted: The message was accepted.
        refused: The key is wrong, with HTTP status 401; None if the peer reads no such envelope.
        unknown: A status that the peer does not know, with HTTP status 200; None likewise.
    """

    accepted: object
    refused: object = None
    unknown: object = None


def _kavenegar(status: int) -> object:
    return {"return": {"status": status, "message": "-"}, "entries": [{"messageid": 8792343, "status": 1}]}


def _ippanel(code: int, message: str) -> object:
    return {"status": "OK", "code": code, "error_message": message, "data": {"message_id": 7}}


def _smsir(status: int) -> object:
    data = {"packId": "2b99e63e", "messageIds": [89545112], "cost": 1.0}
    return {"status": status, "message": "-", "data": data}


def _vonage(status: str) -> object:
    one = {"to": "989123456789", "message-id": "0A00", "status": status, "error-text": "-"}
    return {"message-count": "1", "messages": [one]}


_KAVENEGAR = Answers(_kavenegar(200), _kavenegar(403), _kavenegar(999))
_SMSIR = Answers(_smsir(1), _smsir(10), _smsir(999))
_TWILIO = {"sid": "SM" + "0" * 32, "status": "queued", "account_sid": "AC" + "0" * 32, "to": "+989123456789"}
_TELNYX = {"data": {"id": "40385f64", "record_type": "message"}}

ANSWERS: Mapping[str, Answers] = {
    "wikipayam_async": Answers(None, {"status": "error", "message": "Unauthenticated."}),
    "aio-kavenegar": _KAVENEGAR,
    "kavenegar": _KAVENEGAR,
    "melipayamak": Answers({"Value": "2839023892", "RetStatus": 1, "StrRetStatus": "Ok"}),
    "farazsms": Answers({"status": "success", "data": 7}, {"status": "error", "message": "Unauthenticated."}),
    "ippanel": Answers(_ippanel(200, ""), _ippanel(401, "unauthorized"), _ippanel(999, "-")),
    "smsir-sdk": _SMSIR,
    "smsir-python": _SMSIR,
    "ghasedak-sms": Answers(
        {"isSuccess": True, "statusCode": 200, "message": "-", "data": {"messageId": "7"}},
        {"isSuccess": False, "statusCode": 401, "message": "-", "data": None},
    ),
    "twilio": Answers(_TWILIO, {"code": 20003, "message": "Authenticate", "status": 401}),
    "vonage": Answers(_vonage("0"), _vonage("4"), _vonage("999")),
    "telnyx": Answers(_TELNYX, {"errors": [{"code": "10009", "title": "Authentication failed"}]}),
}


def accepted(peer: str, request: RawRequest) -> bytes:
    """Return the response to an accepted send."""
    if peer == "wikipayam_async":
        return accept_all(request)
    return answer(ANSWERS[peer].accepted)
