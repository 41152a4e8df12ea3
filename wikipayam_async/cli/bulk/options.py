"""The arguments of `wikipayam bulk`, in groups, and the command line that resumes a run."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Literal

import attrs
from attrs import frozen
from cyclopts import Parameter

from wikipayam_async.cli.bulk.classifier import ScreeningRules
from wikipayam_async.cli.bulk.columns import TextOptions
from wikipayam_async.cli.bulk.results_file import results_path
from wikipayam_async.cli.bulk.tables import FileOptions
from wikipayam_async.cli.session import GatewayOptions
from wikipayam_async.core.limits import RateLimit
from wikipayam_async.errors import InvalidInputError
from wikipayam_async.optout import OptOutList

__all__ = [
    "BulkCommandOptions",
    "ConfirmationOptions",
    "ResultsOptions",
    "ScreeningOptions",
    "SendingOptions",
    "command_line",
]

_DEFAULT_BATCH_SIZE = 100
_PROXY_PLACEHOLDER = "URL"


@Parameter(name="*")
@frozen(kw_only=True)
class ScreeningOptions:
    """Which messages to hold back."""

    dedupe: Literal["receiver", "receiver-and-text"] | None = None
    """Send each receiver one message, or each text only once; earlier runs count."""
    opt_out: Path | None = None
    """A file of numbers that opted out, one per line."""

    def rules(self) -> ScreeningRules:
        """Return the screening rules.

        Raises:
            InvalidInputError: The opt-out file cannot be read.
        """
        opt_out = None if self.opt_out is None else OptOutList.read(self.opt_out)
        dedupe = "receiver_and_text" if self.dedupe == "receiver-and-text" else self.dedupe
        return ScreeningRules(dedupe=dedupe, opt_out=opt_out)


@Parameter(name="*")
@frozen(kw_only=True)
class ConfirmationOptions:
    """What to ask before sending."""

    dry_run: Annotated[bool, Parameter(negative="")] = False
    """Check the file, show parts and cost, and send nothing."""
    price_persian: int | None = None
    """The price of a part in UCS-2 (Persian, or any character that GSM-7 lacks), in rials."""
    price_latin: int | None = None
    """The price of a part in GSM-7, in rials (default: the Persian price)."""
    yes_up_to: int | None = None
    """Send without asking if the cost is at most this many rials."""
    yes: Annotated[bool, Parameter(negative="")] = False
    """Send without asking, at any cost."""
    skip_bad_rows: Annotated[bool, Parameter(negative="")] = False
    """Skip the bad rows without asking."""


@Parameter(name="*")
@frozen(kw_only=True)
class SendingOptions:
    """How fast to send."""

    rate: float | None = None
    """The maximum number of messages per second."""
    batch_size: int | None = None
    """The maximum number of messages per request (default: 100, or with --rate the messages of one second)."""
    concurrency: int = 8
    """The maximum number of requests in flight."""
    stop_on_error: Annotated[bool, Parameter(negative="")] = False
    """Stop at the first message that is not accepted; the rest is not attempted."""

    @property
    def messages_per_request(self) -> int:
        """The maximum number of messages per request.

        Messages that wait for the rate limit are already claimed and count as unknown after a crash: with a rate, claims
        are kept small.
        """
        if self.batch_size is not None:
            return self.batch_size
        return _DEFAULT_BATCH_SIZE if self.rate is None else max(1, min(_DEFAULT_BATCH_SIZE, int(self.rate)))


@Parameter(name="*")
@frozen(kw_only=True)
class ResultsOptions:
    """Where to write the outcomes."""

    results: Path | None = None
    """The new results file (default: FILE.results.jsonl)."""
    resume: Path | None = None
    """Resume with this results file: accepted and unknown rows are not sent again."""
    retry_rejected: Annotated[bool, Parameter(negative="")] = False
    """With --resume: send the rejected rows again."""


@Parameter(name="*")
@frozen(kw_only=True)
class BulkCommandOptions:
    """The options of `wikipayam bulk`."""

    reading: FileOptions = FileOptions()
    texts: TextOptions = TextOptions()
    screening: ScreeningOptions = ScreeningOptions()
    confirmation: ConfirmationOptions = ConfirmationOptions()
    sending: SendingOptions = SendingOptions()
    results: ResultsOptions = ResultsOptions()
    connection: GatewayOptions = GatewayOptions()

    def results_path(self, file: Path) -> Path:
        """Return the path of the results file.

        Args:
            file: The input file.
        """
        return self.results.resume or self.results.results or results_path(file)

    def resume_command(self, file: Path) -> str:
        """Return the command line that resumes the run.

        Args:
            file: The input file.
        """
        groups = [getattr(self, group.name) for group in attrs.fields(type(self))]
        return command_line(file, groups, self.results_path(file))

    def check(self) -> RateLimit | None:
        """Check the arguments before the file is read, and return the rate limit.

        Raises:
            InvalidInputError: Two options cannot be combined, or a number is too small.
            ConfigurationError: The rate is invalid.
        """
        if self.results.resume is not None and self.results.results is not None:
            raise InvalidInputError("--resume", rule="cannot be combined with --results", got="both")
        if self.results.retry_rejected and self.results.resume is None:
            raise InvalidInputError("--retry-rejected", rule="needs --resume", got="no --resume")
        sending = self.sending
        rate_limit = None if sending.rate is None else RateLimit(messages_per_second=sending.rate)
        for name, value in (("--batch-size", sending.messages_per_request), ("--concurrency", sending.concurrency)):
            if value < 1:
                raise InvalidInputError(name, rule="expected at least 1", got="less")
        return rate_limit


def command_line(path: Path, groups: Sequence[attrs.AttrsInstance], results: Path) -> str:
    """Return the command line that resumes a run, quoted for a shell.

    Args:
        path: The input file.
        groups: All option groups.
        results: The results file.
    """
    arguments = (argument for group in groups for argument in _arguments(group))
    words = ["wikipayam", "bulk", _path_argument(path), *arguments, "--resume", _path_argument(results)]
    return " ".join(map(shlex.quote, words))


def _path_argument(path: Path) -> str:
    return f"./{path}" if str(path).startswith("-") else str(path)


def _arguments(group: attrs.AttrsInstance) -> Iterator[str]:
    for one in attrs.fields(type(group)):
        value = getattr(group, one.name)
        if one.name in {"results", "resume"} or value == one.default:
            continue
        option = "--" + one.name.replace("_", "-")
        if value is True:
            yield option
        elif str(value).startswith("-"):
            yield f"{option}={value}"
        else:
            yield option
            yield _PROXY_PLACEHOLDER if one.name == "proxy" else str(value)  # the URL may hold a password
