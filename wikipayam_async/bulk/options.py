"""The options of a bulk send."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import anyio
from attrs import Attribute, field, frozen

from wikipayam_async.bulk.hooks import AfterSend, BeforeSend, WaitTurn
from wikipayam_async.bulk.hours import Now, OpeningWait, SendingHours, Sleep, utc_now
from wikipayam_async.bulk.screening import Dedupe, OptOut, Screen
from wikipayam_async.checks import argument_at_least_one
from wikipayam_async.errors import InvalidInputError
from wikipayam_async.outcomes import SendStatus
from wikipayam_async.publish import publish_in_package
from wikipayam_async.redact.masks import shape_of

__all__ = ["DEFAULT_BATCH_SIZE", "DEFAULT_CONCURRENCY", "BulkOptions", "BulkProgress", "OnProgress", "hours_or_none"]

DEFAULT_BATCH_SIZE = 100
DEFAULT_CONCURRENCY = 8


@frozen
class BulkProgress:
    """How far a bulk send has got.

    Attributes:
        done: The number of messages with an outcome.
        total: The number of messages; None if unknown, because the iterable has no length.
        counts: The number of messages of each outcome.
    """

    done: int
    total: int | None
    counts: Mapping[SendStatus, int] = field(hash=False)


OnProgress: TypeAlias = Callable[[BulkProgress], object]
"""Called after every request of a bulk send."""


def _true_or_false(_: object, attribute: Attribute[Any], value: object) -> None:
    if not isinstance(value, bool):
        raise InvalidInputError(attribute.name, rule="expected True or False", got=shape_of(value))


def _callable_or_none(_: object, attribute: Attribute[Any], value: object) -> None:
    if value is not None and not callable(value):
        raise InvalidInputError(attribute.name, rule="expected an async function", got=shape_of(value))


def hours_or_none(_: object, attribute: Attribute[Any], value: object) -> None:
    """Check that a value is hours, or None.

    Raises:
        InvalidInputError: It is not.
    """
    if value is not None and not isinstance(value, SendingHours):
        raise InvalidInputError(attribute.name, rule="expected a SendingHours, or None", got=shape_of(value))


@frozen(kw_only=True)
class BulkOptions:
    """The options of a bulk send.

    Attributes:
        batch_size: The maximum number of messages per request.
        concurrency: The number of requests in flight at once.
        ordered: Return the results in the order of the messages.
        stop_on_error: Leave the rest unattempted after a message that was not accepted.
        normalize: Send mobile numbers in the form `09…`.
        validate: Reject receivers that are not Iranian mobiles.
        dedupe: Hold back duplicates: by receiver, or by receiver and text.
        opt_out: Hold back messages to receivers that opted out.
        before_send: Awaited with the messages of a request after every wait and before it leaves.
        withdraw: Awaited with the messages that `before_send` got, before their request waits again because the gateway
            accepted nothing; `before_send` is awaited again after the wait. Without it, `before_send` is awaited once.
        after_send: Awaited with the results of a chunk before its worker reads the next chunk and before the consumer
            gets them, shielded from cancellation. If it raises, the run stops; the results remain as they are.
        wait_turn: Awaited with the messages of every request before all other waits: for hours, limits and pauses.
        sending_hours: The hours in which requests leave: each waits for them before its other waits and after them.
        now: Returns the time of day, with a time zone.
        sleep: Sleeps for seconds while the hours are closed.

    Raises:
        InvalidInputError: A value breaks a rule.
    """

    batch_size: int = field(default=DEFAULT_BATCH_SIZE, validator=argument_at_least_one)
    concurrency: int = field(default=DEFAULT_CONCURRENCY, validator=argument_at_least_one)
    ordered: bool = False
    stop_on_error: bool = field(default=False, validator=_true_or_false)
    normalize: bool = True
    validate: bool = True
    dedupe: Dedupe | None = None
    opt_out: OptOut | None = field(default=None, repr=False)
    before_send: BeforeSend | None = field(default=None, repr=False, validator=_callable_or_none)
    withdraw: BeforeSend | None = field(default=None, repr=False, validator=_callable_or_none)
    after_send: AfterSend | None = field(default=None, repr=False, validator=_callable_or_none)
    wait_turn: WaitTurn | None = field(default=None, repr=False, validator=_callable_or_none)
    sending_hours: SendingHours | None = field(default=None, validator=hours_or_none)
    now: Now = field(default=utc_now, repr=False)
    sleep: Sleep = field(default=anyio.sleep, repr=False)

    @property
    def window(self) -> int:
        """The maximum number of chunks that are read from the source and not yet consumed."""
        return self.concurrency * 2

    def make_wait(self) -> OpeningWait | None:
        """Return the wait for the sending hours; None if any hour will do."""
        return None if self.sending_hours is None else OpeningWait(self.sending_hours, self.now, self.sleep)

    def make_screen(self) -> Screen | None:
        """Return the screen of one run; None if no message is to be held back.

        Raises:
            InvalidInputError: `dedupe` or `opt_out` is invalid.
        """
        if self.dedupe is None and self.opt_out is None:
            return None
        return Screen(dedupe=self.dedupe, opt_out=self.opt_out)


publish_in_package(["BulkProgress"], globals())
