"""The options that the commands about campaigns share: which campaign, how to send it, and what to ask before."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated

from attrs import field, frozen
from cyclopts import Parameter

from wikipayam_async.bulk.hours import SendingHours
from wikipayam_async.bulk.options import DEFAULT_BATCH_SIZE
from wikipayam_async.campaigns.rules import SpendingLimit
from wikipayam_async.cli.campaign.locations import DatabaseLocation, FileLocation, Location
from wikipayam_async.cli.database import VARIABLE, Database, find_database
from wikipayam_async.cli.prices import PriceOptions, words_of_rials
from wikipayam_async.cli.values import Number, Rials, WholeNumber
from wikipayam_async.core.limits import RateLimit
from wikipayam_async.cost.tariff import Tariff
from wikipayam_async.errors import ConfigurationError, InvalidInputError
from wikipayam_async.redact.masks import shape_of

__all__ = [
    "Chosen",
    "ConfirmationOptions",
    "DatabaseOptions",
    "Pace",
    "SendingOptions",
    "TermsOptions",
    "UrlOptions",
]

_TIME_ZONE = "Asia/Tehran"
_JITTER = 0.1
"""Seconds by which the network may bring two requests closer together than they left."""


@frozen
class Pace:
    """How requests are spaced so that no second, wherever it begins, has more messages than the rate.

    Attributes:
        batch_size: The maximum number of messages per request, which leave at once.
        limit: The rate limit: requests at even distances, without a burst.
    """

    batch_size: int
    limit: RateLimit

    @classmethod
    def of(cls, rate: float, batch_size: int, *, planned: bool) -> Pace:
        """Return the pace of a rate.

        Args:
            rate: The maximum number of messages in any second.
            batch_size: The maximum number of messages per request.
            planned: Whether the messages are already divided into requests of this size.
        """
        requests = math.floor(rate / batch_size) if planned else min(math.ceil(rate / batch_size), math.floor(rate))
        requests = max(1, requests)
        per_second = min(requests, rate) / (1 + _JITTER)
        size = max(1, min(batch_size, math.floor(rate / requests)))
        return cls(size, RateLimit(requests_per_second=per_second, burst_seconds=0))


@Parameter(name="*")
@frozen(kw_only=True)
class UrlOptions:
    """A database."""

    database: str | None = field(default=None, repr=False)
    """The URL of the PostgreSQL database (default: WIKIPAYAM_DATABASE_URL, which no process list shows)."""

    def need(self) -> Database:
        """Return the database.

        Raises:
            ConfigurationError: None is named, or its URL is invalid.
        """
        database = find_database(self.database)
        if database is None:
            raise ConfigurationError(f"--database: expected the URL of a database; pass it, or set {VARIABLE}")
        return database


@Parameter(name="*")
@frozen(kw_only=True)
class DatabaseOptions(UrlOptions):
    """The database of a campaign, instead of a file."""

    name: str | None = None
    """The name of the campaign in the database."""

    def location(self) -> DatabaseLocation:
        """Return where the campaign is kept.

        Raises:
            ConfigurationError: The database or the name is missing.
        """
        database = self.need()
        if not self.name:
            raise ConfigurationError("--name: expected the name of a campaign in the database")
        return DatabaseLocation(database, self.name)


@frozen
class Chosen:
    """The campaign that a command names.

    Attributes:
        file: The file of the campaign.
        database: Its database and its name there.
    """

    file: Path | None
    database: DatabaseOptions

    def location(self) -> Location:
        """Return where the campaign is kept.

        Raises:
            ConfigurationError: The command names no campaign, or two.
        """
        named = self.database.name or self.database.database
        if self.file is not None and named:
            raise ConfigurationError("FILE: expected the file of a campaign, or --name with --database; got both")
        if self.file is not None:
            return FileLocation(self.file)
        if not named:
            raise ConfigurationError("FILE: expected the file of a campaign, or --name with --database; got neither")
        return self.database.location()


@Parameter(name="*")
@frozen(kw_only=True)
class ConfirmationOptions:
    """What to ask before sending."""

    prices: PriceOptions = PriceOptions()
    yes_up_to: Rials | None = None
    """Send without asking if the cost is at most this many rials, or tomans as 500,000t."""
    yes: Annotated[bool, Parameter(negative="")] = False
    """Send without asking, at any cost."""

    @property
    def tariff(self) -> Tariff | None:
        """The price of a part; None if it is not known.

        Raises:
            InvalidInputError: A price is invalid, or a file cannot be read.
        """
        return self.prices.read()


@Parameter(name="*")
@frozen(kw_only=True)
class TermsOptions:
    """What all that send a campaign obey."""

    rate: Number | None = None
    """The maximum number of messages in any second."""
    stop_on_error: Annotated[bool, Parameter(negative="")] = False
    """Stop at the first message that is not accepted; the rest is not attempted."""
    opt_out: Path | None = None
    """A file of numbers that opted out, one per line; they are kept, and every later run holds them back too."""
    sending_hours: str | None = None
    """Send only in these hours, as 08:00-21:00, in the time zone of Tehran; or 08:00-21:00@Asia/Dubai."""
    spending_limit: Rials | None = None
    """Pause before all runs together cost more than this many rials; needs --price-persian or --tariff."""

    def check(self) -> None:
        """Check the numbers.

        Raises:
            InvalidInputError: One is out of bounds.
        """
        if self.rate is not None and not (math.isfinite(self.rate) and self.rate > 0):
            raise InvalidInputError("--rate", rule="expected messages per second, above 0", got=shape_of(self.rate))

    def pace(self, batch_size: int = DEFAULT_BATCH_SIZE, *, planned: bool) -> Pace | None:
        """Return the pace of the rate; None if there is no rate.

        Args:
            batch_size: The maximum number of messages per request.
            planned: Whether the messages are already divided into requests of this size.
        """
        return None if self.rate is None else Pace.of(self.rate, batch_size, planned=planned)

    def hours(self) -> SendingHours | None:
        """Return the sending hours; None if any hour will do.

        Raises:
            InvalidInputError: They cannot be read.
        """
        if self.sending_hours is None:
            return None
        times, _, zone = self.sending_hours.partition("@")
        start, _, end = times.partition("-")
        try:
            return SendingHours(start.strip(), end.strip(), zone or _TIME_ZONE)
        except InvalidInputError as error:
            raise InvalidInputError(
                "--sending-hours",
                rule=f"expected hours such as 08:00-21:00 ({error.field}: {error.rule})",
                got=error.got,
            ) from None

    def spending(self, tariff: Tariff | None) -> SpendingLimit | None:
        """Return the spending limit; None if no limit is set.

        Args:
            tariff: The price of a part, if it is known.

        Raises:
            InvalidInputError: The price is not known.
        """
        if self.spending_limit is None:
            return None
        if tariff is None:
            raise InvalidInputError("--spending-limit", rule="needs --price-persian or --tariff", got="no price")
        return SpendingLimit(rials=math.floor(self.spending_limit), tariff=tariff)


@Parameter(name="*")
@frozen(kw_only=True)
class SendingOptions(TermsOptions):
    """How to send."""

    concurrency: WholeNumber = 8
    """The maximum number of requests in flight."""

    def words(self, prices: PriceOptions) -> list[str]:
        """Return what a command line needs to send with the same rate, hours and spending limit.

        Args:
            prices: The prices, without which there is no spending limit.
        """
        found = [] if self.rate is None else ["--rate", f"{self.rate:g}"]
        if self.sending_hours is not None:
            found += ["--sending-hours", self.sending_hours]
        if self.spending_limit is not None:
            found += ["--spending-limit", words_of_rials(self.spending_limit), *prices.words()]
        return found

    def check(self) -> None:
        """Check the numbers.

        Raises:
            InvalidInputError: One is out of bounds.
        """
        super().check()
        if self.concurrency < 1:
            raise InvalidInputError("--concurrency", rule="expected at least 1", got="less")
