"""The options of one run of a campaign."""

from __future__ import annotations

from typing import Any

from attrs import Attribute, field, frozen
from attrs.validators import optional

from wikipayam_async.bulk.hours import SendingHours
from wikipayam_async.bulk.options import hours_or_none
from wikipayam_async.campaigns.models import OnCampaignEvent, OnCampaignProgress
from wikipayam_async.campaigns.rules import SpendingLimit
from wikipayam_async.checks import argument_at_least_one, check_timeout, is_async
from wikipayam_async.errors import InvalidInputError
from wikipayam_async.redact.masks import shape_of

__all__ = ["RunOptions", "check_hook"]


def check_hook(hook: object, name: str = "on_progress") -> None:
    """Check that a hook is a plain function, or None.

    Raises:
        InvalidInputError: It is not.
    """
    if hook is not None and (not callable(hook) or is_async(hook)):
        raise InvalidInputError(name, rule="expected a plain function", got=shape_of(hook))


def _is_hook(_: object, attribute: Attribute[Any], value: object) -> None:
    check_hook(value, attribute.name)


def _is_flag(_: object, attribute: Attribute[Any], value: object) -> None:
    if not isinstance(value, bool):
        raise InvalidInputError(attribute.name, rule="expected True or False", got=shape_of(value))


def _is_limit(_: object, attribute: Attribute[Any], value: object) -> None:
    if value is not None and not isinstance(value, SpendingLimit):
        raise InvalidInputError(attribute.name, rule="expected a SpendingLimit, or None", got=shape_of(value))


def _is_timeout(_: object, __: Attribute[Any], value: object) -> None:
    if value is not None:
        check_timeout(value)


@frozen(kw_only=True)
class RunOptions:
    """The options of one run.

    Attributes:
        concurrency: The number of requests in flight at once.
        batch_size: The maximum number of messages per request; None means as planned.
        stop_on_error: Stop after a message that was not accepted.
        sending_hours: The hours in which to send.
        spending_limit: The most that the campaign may cost.
        handle_signals: Stop at SIGINT and SIGTERM.
        timeout: Seconds for each attempt of a request.
        on_progress: Called after every request.
        on_event: Called with every event.

    Raises:
        InvalidInputError: A value is invalid.
    """

    concurrency: int = field(validator=argument_at_least_one)
    batch_size: int | None = field(default=None, validator=optional(argument_at_least_one))
    stop_on_error: bool = field(validator=_is_flag)
    sending_hours: SendingHours | None = field(validator=hours_or_none)
    spending_limit: SpendingLimit | None = field(validator=_is_limit)
    handle_signals: bool = field(validator=_is_flag)
    timeout: float | None = field(validator=_is_timeout)
    on_progress: OnCampaignProgress | None = field(repr=False, validator=_is_hook)
    on_event: OnCampaignEvent | None = field(repr=False)
