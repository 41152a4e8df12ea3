"""`wikipayam send`, `otp`, `voice` and `holoo`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, TypeAlias

from attrs import frozen
from cyclopts import Parameter

from wikipayam_async.bulk.results import BulkReport, SendResult
from wikipayam_async.cli.asking import read_text
from wikipayam_async.cli.exits import Exit, exit_of_result, worst
from wikipayam_async.cli.output import Output, described
from wikipayam_async.cli.session import Connection, Session, guarded, online
from wikipayam_async.errors import InvalidInputError
from wikipayam_async.messages.models import SmsMessage
from wikipayam_async.numbers import normalize_receiver
from wikipayam_async.outcomes import SendStatus
from wikipayam_async.redact.masks import mask_number

__all__ = ["holoo", "otp", "send", "voice"]

Verbatim: TypeAlias = Annotated[str, Parameter(allow_leading_hyphen=True)]
"""An argument that may begin with a hyphen: a text, or `-` for stdin."""


@Parameter(name="*")
@frozen(kw_only=True)
class Naming:
    """What may be said of a message besides its receiver and its text."""

    sender: str | None = None
    """The line; SMS_SENDER if not given."""
    track_id: str | None = None
    """Your own reference; one is made if not given."""


def send(
    receiver: str,
    text: Verbatim,
    /,
    *,
    also: tuple[str, ...] = (),
    naming: Naming = Naming(),
    connection: Connection = Connection(),
) -> Exit:
    """Send one text to one or more receivers.

    Nothing is sent twice: where the outcome of a message is unknown, the exit code is 3, and it is not tried again.

    Args:
        receiver: The mobile that gets it, in any usual spelling.
        text: The text, sent to the letter; - reads it from stdin.
        also: A further receiver of the same text; may be repeated.
        naming: What may be said besides.
        connection: How to reach the gateway.
    """

    async def work(session: Session, body: str) -> Exit:
        if also and naming.track_id is not None:
            rule = "expected one receiver, for a reference names one message"
            raise InvalidInputError("--track-id", rule=rule, got="more receivers")
        numbers = [normalize_receiver(one) for one in (receiver, *also)]  # one that is none stops them all
        messages = [SmsMessage(one, body, sender=naming.sender, track_id=naming.track_id) for one in numbers]
        return _tell(await session.client.sms.send_bulk(messages), session.out)

    return _send(text, connection, work)


def otp(
    receiver: str,
    code: Verbatim,
    /,
    *,
    pattern: int,
    track_id: str | None = None,
    connection: Connection = Connection(),
) -> Exit:
    """Send a one-time code by SMS.

    Args:
        receiver: The mobile that gets it, in any usual spelling.
        code: 1 to 32 digits or ASCII letters; - reads it from stdin, so that no process list shows it.
        pattern: The number of the pattern in the panel.
        track_id: Your own reference; one is made if not given.
        connection: How to reach the gateway.
    """

    async def work(session: Session, body: str) -> Exit:
        sent = await session.client.otp.send(receiver, body, pattern, track_id)
        session.out.say(f"accepted: id {sent.id}, track id {sent.track_id}")
        session.out.emit(sent)
        return Exit.OK

    return _send(code, connection, work)


def voice(
    receiver: str, code: Verbatim, /, *, track_id: str | None = None, connection: Connection = Connection()
) -> Exit:
    """Send a one-time code by a call.

    Args:
        receiver: The phone that is called, a mobile in any usual spelling.
        code: 1 to 32 digits or ASCII letters; - reads it from stdin, so that no process list shows it.
        track_id: Your own reference; one is made if not given.
        connection: How to reach the gateway.
    """

    async def work(session: Session, body: str) -> Exit:
        queued = await session.client.voice.send(receiver, body, track_id)
        session.out.say(f"queued: id {queued.id}, track id {queued.track_id}")
        session.out.emit(queued)
        return Exit.OK

    return _send(code, connection, work)


def holoo(
    receiver: str,
    text: Verbatim,
    /,
    *,
    sender: str | None = None,
    username: str | None = None,
    legacy_get: bool = False,
    connection: Connection = Connection(),
) -> Exit:
    """Send by the road of the accounting software Holoo.

    Args:
        receiver: The mobile that gets it, in any usual spelling.
        text: The text; - reads it from stdin.
        sender: The line; SMS_SENDER if not given.
        username: The account's user name; SMS_USERNAME if not given.
        legacy_get: Take the old road, which puts the token into the URL, where every proxy on the way logs it.
        connection: How to reach the gateway.
    """

    async def work(session: Session, body: str) -> Exit:
        road = session.client.holoo.send_get if legacy_get else session.client.holoo.send
        sent = await road(receiver, body, sender, username)
        session.out.say("accepted" + (f": id {sent.id}" if sent.id else ""))
        session.out.emit({"id": sent.id, "message": sent.message})
        return Exit.OK

    return _send(text, connection, work)


def _send(given: str, connection: Connection, work: Callable[[Session, str], Awaitable[Exit]]) -> Exit:
    """Read the text before there is a client, and an event loop in which Ctrl-C would not end the reading; then send it."""

    def go() -> Exit:
        text = read_text(given)
        return online(connection, lambda session: work(session, text))

    return guarded(Output(json=connection.json), go)


def _tell(report: BulkReport, out: Output) -> Exit:
    """Tell what became of each message."""
    out.table(
        ("receiver", "outcome", "id", "track id"),
        (
            [mask_number(one.message.receiver), _word(one.status), one.id or "", one.track_id or ""]
            for one in report.results
        ),
    )
    for error in dict.fromkeys(str(one.error) for one in report.results if one.error is not None):
        out.say(error)
    out.emit(
        {
            "results": [_described(one) for one in report.results],
            "counts": {k.value: n for k, n in report.counts.items()},
        }
    )
    return worst(exit_of_result(one) for one in report.results)


def _described(result: SendResult) -> dict[str, object]:
    return {
        "receiver": result.message.receiver,
        "status": result.status,
        "id": result.id,
        "track_id": result.track_id,
        "error": None if result.error is None else described(result.error),
    }


def _word(status: SendStatus) -> str:
    return status.value.replace("_", " ")
