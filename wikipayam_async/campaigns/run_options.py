"""The options of one run of a campaign."""

from __future__ import annotations

from typing import Any

from attrs import Attribute, field, frozen

from wikipayam_async.campaigns.models import OnCampaignEvent, OnCampaignProgress
from wikipayam_async.campaigns.terms import RunTerms
from wikipayam_async.checks import argument_at_least_one, is_async, true_or_false
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


@frozen(kw_only=True)
class RunOptions:
    """The options of one run.

    Attributes:
        terms: What holds for every process that sends the campaign at the same time.
        concurrency: The number of requests in flight at once.
        handle_signals: Stop at SIGINT and SIGTERM.
        on_progress: Called after every request.
        on_event: Called with every event.

    Raises:
        InvalidInputError: A value is invalid.
    """

    terms: RunTerms
    concurrency: int = field(validator=argument_at_least_one)
    handle_signals: bool = field(validator=true_or_false)
    on_progress: OnCampaignProgress | None = field(repr=False, validator=_is_hook)
    on_event: OnCampaignEvent | None = field(repr=False)
