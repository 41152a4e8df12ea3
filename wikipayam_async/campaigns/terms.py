"""What holds for every process that sends a campaign at the same time: stored with it, as text. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from attrs import Attribute, field, frozen
from attrs.validators import optional

from wikipayam_async.bulk.hours import SendingHours
from wikipayam_async.campaigns.rules import SpendingLimit
from wikipayam_async.checks import argument_at_least_one, check_timeout, true_or_false
from wikipayam_async.core.limits import RateLimit
from wikipayam_async.cost.tariff import Price, Tariff
from wikipayam_async.errors import InvalidInputError
from wikipayam_async.redact.masks import shape_of

__all__ = ["RunTerms"]


def _is_timeout(_: object, __: Attribute[Any], value: object) -> None:
    if value is not None:
        check_timeout(value)


def _is_one_of(kind: type) -> Any:
    def check(_: object, attribute: Attribute[Any], value: object) -> None:
        if value is not None and not isinstance(value, kind):
            rule = f"expected a {kind.__name__}, or None"
            raise InvalidInputError(attribute.name, rule=rule, got=shape_of(value))

    return check


@frozen(kw_only=True)
class RunTerms:
    """The options of a run that all its processes obey.

    Attributes:
        batch_size: The maximum number of messages per request; None means as planned.
        stop_on_error: Pause for all after a message that was not accepted.
        sending_hours: The hours in which to send.
        spending_limit: The most that the campaign may cost.
        rate_limit: The maximum rate of all processes together.
        timeout: Seconds for each attempt of a request; the client's if None.

    Raises:
        InvalidInputError: A value is invalid.
    """

    batch_size: int | None = field(default=None, validator=optional(argument_at_least_one))
    stop_on_error: bool = field(default=False, validator=true_or_false)
    sending_hours: SendingHours | None = field(default=None, validator=_is_one_of(SendingHours))
    spending_limit: SpendingLimit | None = field(default=None, validator=_is_one_of(SpendingLimit))
    rate_limit: RateLimit | None = field(default=None, validator=_is_one_of(RateLimit))
    timeout: float | None = field(default=None, validator=_is_timeout)

    def dump(self) -> str:
        """Return the terms as text.

        Raises:
            InvalidInputError: The zone of the sending hours has no name, by which another process could find it.
        """
        text = json.dumps(
            {
                "batch_size": self.batch_size,
                "stop_on_error": self.stop_on_error,
                "sending_hours": _hours_as_json(self.sending_hours),
                "spending_limit": _limit_as_json(self.spending_limit),
                "rate_limit": _rate_as_json(self.rate_limit),
                "timeout": self.timeout,
            }
        )
        try:
            RunTerms.load(text)
        except InvalidInputError:
            rule = "expected the name of a time zone, such as 'Asia/Tehran', which every machine knows"
            failure = InvalidInputError("sending_hours", rule=rule, got="a zone without a name")
        else:
            return text
        raise failure

    @classmethod
    def load(cls, text: str) -> RunTerms:
        """Return terms from their text."""
        data = json.loads(text)
        hours, limit, rate = data["sending_hours"], data["spending_limit"], data["rate_limit"]
        return cls(
            batch_size=data["batch_size"],
            stop_on_error=data["stop_on_error"],
            sending_hours=None if hours is None else SendingHours(hours["start"], hours["end"], hours["tz"]),
            spending_limit=None
            if limit is None
            else SpendingLimit(rials=limit["rials"], tariff=_tariff_of(limit["tariff"])),
            rate_limit=None if rate is None else RateLimit(**rate),
            timeout=data["timeout"],
        )


def _hours_as_json(hours: SendingHours | None) -> Mapping[str, str] | None:
    if hours is None:
        return None
    return {"start": _clock(hours.start), "end": _clock(hours.end), "tz": str(hours.tz)}


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def _limit_as_json(limit: SpendingLimit | None) -> Mapping[str, Any] | None:
    return None if limit is None else {"rials": limit.rials, "tariff": _tariff_as_json(limit.tariff)}


def _tariff_as_json(tariff: Tariff) -> Mapping[str, Any]:
    return {
        "persian": _price_as_json(tariff.persian),
        "latin": _price_as_json(tariff.latin),
        "vat": tariff.vat,
        "lines": {line: _tariff_as_json(own) for line, own in tariff.lines.items()},
        "operators": {operator: _tariff_as_json(own) for operator, own in tariff.operators.items()},
    }


def _price_as_json(price: Price) -> int | str:
    return price if isinstance(price, int) else str(price)


def _tariff_of(data: Mapping[str, Any]) -> Tariff:
    return Tariff(
        persian=_price_of(data["persian"]),
        latin=_price_of(data["latin"]),
        vat=data["vat"],
        lines={line: _tariff_of(own) for line, own in data["lines"].items()},
        operators={operator: _tariff_of(own) for operator, own in data["operators"].items()},
    )


def _price_of(data: int | str) -> Price:
    return data if isinstance(data, int) else Decimal(data)


def _rate_as_json(rate: RateLimit | None) -> Mapping[str, float | None] | None:
    if rate is None:
        return None
    return {
        "requests_per_second": rate.requests_per_second,
        "messages_per_second": rate.messages_per_second,
        "burst_seconds": rate.burst_seconds,
    }
