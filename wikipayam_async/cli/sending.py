"""`wikipayam send`, `otp`, `voice` and `holoo`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, TypeAlias

from attrs import frozen
from cyclopts import Parameter

from wikipayam_async.bulk.results import BulkReport, SendResult
from wikipayam_async.cli.exits import Exit, exit_of_result, worst
from wikipayam_async.cli.output import Output, aligned, counted, described, spaced
from wikipayam_async.cli.prompts import read_text
from wikipayam_async.cli.session import GatewayOptions, Session, guarded, online
from wikipayam_async.cli.speech import spoken
from wikipayam_async.cli.values import WholeNumber
from wikipayam_async.cli.wording import in_words_of_the_command_line
from wikipayam_async.errors import InvalidInputError
from wikipayam_async.messages.models import SmsMessage
from wikipayam_async.numbers import normalize_receiver
from wikipayam_async.redact.masks import mask_number

__all__ = ["holoo", "otp", "send", "voice"]

Verbatim: TypeAlias = Annotated[str, Parameter(allow_leading_hyphen=True)]
"""An argument that may begin with a hyphen: a text, or `-` for stdin."""


@Parameter(name="*")
@frozen(kw_only=True)
class MessageOptions:
    """The optional fields of a message."""

    sender: str | None = None
    """The sender number (default: SMS_SENDER)."""
    track_id: str | None = None
    """Your own track id (default: a generated one)."""
    footer: str | None = None
    """A line below every text that does not end with it already, such as how to opt out of advertising."""


def send(
    receiver: str,
    text: Verbatim,
    /,
    *,
    also: tuple[str, ...] = (),
    dedupe: Annotated[bool, Parameter(negative="")] = False,
    message: MessageOptions = MessageOptions(),
    connection: GatewayOptions = GatewayOptions(),
) -> Exit:
    """Send one text to one or more receivers.

    Nothing is sent twice: if the outcome of a message is unknown, the exit code is 3 and it is not sent again.

    Args:
        receiver: The receiver's mobile number, in any usual form.
        text: The text, sent unchanged; - reads it from stdin.
        also: Another receiver of the same text; may be repeated.
        dedupe: Send one message to a receiver that is named twice.
        message: The optional fields of the message.
        connection: How to reach the gateway.
    """

    async def work(session: Session, body: str) -> Exit:
        if also and message.track_id is not None:
            raise InvalidInputError("--track-id", rule="cannot be combined with --also", got="both")
        numbers = [normalize_receiver(one) for one in (receiver, *also)]  # an invalid number stops the whole command
        repeated = len(numbers) - len(set(numbers))
        if repeated and not dedupe:
            rule = "expected each receiver once, in whatever spelling (--dedupe sends to it once)"
            raise InvalidInputError("--also", rule=rule, got=counted(repeated, "receiver") + " again")
        messages = [
            SmsMessage(one, body, sender=message.sender, track_id=message.track_id) for one in dict.fromkeys(numbers)
        ]
        return _show(await session.client.sms.send_bulk(messages, footer=message.footer), session.out)

    return _send(text, connection, work)


def otp(
    receiver: str,
    code: Verbatim,
    /,
    *,
    pattern: WholeNumber,
    track_id: str | None = None,
    connection: GatewayOptions = GatewayOptions(),
) -> Exit:
    """Send a one-time code by SMS.

    Args:
        receiver: The receiver's mobile number, in any usual form.
        code: The code, 1 to 32 digits or ASCII letters; - reads it from stdin, to keep it out of process lists.
        pattern: The id of the pattern in the panel.
        track_id: Your own track id (default: a generated one).
        connection: How to reach the gateway.
    """

    async def work(session: Session, body: str) -> None:
        sent = await session.client.otp.send(receiver, body, otp_pattern_id=pattern, track_id=track_id)
        session.out.show(f"accepted: id {sent.id}, track id {sent.track_id}", sent)

    return _send(code, connection, work)


def voice(
    receiver: str,
    code: Verbatim,
    /,
    *,
    track_id: str | None = None,
    connection: GatewayOptions = GatewayOptions(),
) -> Exit:
    """Send a one-time code by a voice call.

    Args:
        receiver: The mobile number to call, in any usual form.
        code: The code, 1 to 32 digits or ASCII letters; - reads it from stdin, to keep it out of process lists.
        track_id: Your own track id (default: a generated one).
        connection: How to reach the gateway.
    """

    async def work(session: Session, body: str) -> None:
        queued = await session.client.voice.send(receiver, body, track_id=track_id)
        session.out.show(f"queued: id {queued.id}, track id {queued.track_id}", queued)

    return _send(code, connection, work)


def holoo(
    receiver: str,
    text: Verbatim,
    /,
    *,
    sender: str | None = None,
    username: str | None = None,
    legacy_get: bool = False,
    connection: GatewayOptions = GatewayOptions(),
) -> Exit:
    """Send through the endpoint of the accounting software Holoo.

    Args:
        receiver: The receiver's mobile number, in any usual form.
        text: The text; - reads it from stdin.
        sender: The sender number (default: SMS_SENDER).
        username: The account's user name (default: SMS_USERNAME).
        legacy_get: Use the legacy endpoint, which puts the token into the URL, where every proxy logs it.
        connection: How to reach the gateway.
    """

    async def work(session: Session, body: str) -> None:
        send_holoo = session.client.holoo.send_via_url if legacy_get else session.client.holoo.send
        sent = await send_holoo(receiver, body, sender=sender, username=username)
        text = f"accepted: id {sent.id}" if sent.id else "accepted"
        session.out.show(text, {"id": sent.id, "message": sent.message})

    return _send(text, connection, work)


def _send(argument: str, connection: GatewayOptions, work: Callable[[Session, str], Awaitable[Exit | None]]) -> Exit:
    """Read the text, then send it. Inside the event loop Ctrl-C would not interrupt the read."""

    def read_and_send() -> Exit:
        text = read_text(argument)
        return online(connection, lambda session: work(session, text))

    return guarded(Output(json=connection.json), read_and_send)


def _show(report: BulkReport, out: Output) -> Exit:
    """Show the outcome of each message."""
    lines = [
        [mask_number(one.message.receiver), spaced(one.status.value), one.id or "", one.track_id or ""]
        for one in report.results
    ]
    if out.language == "fa":  # right-to-left words would reorder the cells of a table
        for receiver, outcome, *ids in lines:
            out.say(f"{spoken(outcome, 'fa')}\n  {'  '.join([receiver, *ids])}")
    else:
        out.say(aligned([["receiver", "outcome", "id", "track id"], *lines]))
    for error in dict.fromkeys(str(one.error) for one in report.results if one.error is not None):
        out.say(in_words_of_the_command_line(error))
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
