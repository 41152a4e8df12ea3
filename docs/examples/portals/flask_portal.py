"""Flask: plain views call the portal of their process."""

from flask import Flask, Response, jsonify, request

from wikipayam_async import InvalidInputError, UnknownOutcomeError
from wikipayam_async.portal import ClientPortal

app = Flask(__name__)
sms = ClientPortal()


@app.post("/notices")
def notify() -> tuple[Response, int]:
    notice = request.get_json()
    sent = sms.call(sms.client.sms.send, notice["mobile"], notice["text"], track_id=notice["order"])
    return jsonify(id=sent.id), 201


@app.errorhandler(InvalidInputError)
def invalid_input(error: InvalidInputError) -> tuple[Response, int]:
    return jsonify(detail=str(error)), 422  # nothing was sent


@app.errorhandler(UnknownOutcomeError)
def unknown_outcome(_: UnknownOutcomeError) -> tuple[Response, int]:
    return jsonify(detail="The message may have been sent. Do not send it again blindly."), 502


def main() -> None:
    notice = {"order": "ORDER-1001", "mobile": "09123456789", "text": "Your order is ready"}
    assert app.test_client().post("/notices", json=notice).status_code == 201
    assert app.test_client().post("/notices", json={**notice, "mobile": "12"}).status_code == 422
    sms.close()


if __name__ == "__main__":
    main()
