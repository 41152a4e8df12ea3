"""What a bulk send is asked to do, checked and set up."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from attrs import Attribute, field, frozen

from wikipayam_async.bulk.chunker import DEFAULT_BATCH_SIZE
from wikipayam_async.bulk.results import SendResult
from wikipayam_async.bulk.runner import BulkRun, Pace
from wikipayam_async.bulk.sender import ChunkSender, SendFunc
from wikipayam_async.bulk.source import Messages, Source
from wikipayam_async.checks import counts_from_one
from wikipayam_async.core.options import Options
from wikipayam_async.errors import InvalidInputError
from wikipayam_async.messages.payload import prepare_some
from wikipayam_async.messages.track_ids import TrackIds
from wikipayam_async.outcomes import SendStatus
from wikipayam_async.redact.masks import shape_of

if TYPE_CHECKING:
    from wikipayam_async.bulk.screening import Dedupe, OptOut, Screen

__all__ = ["BulkOrder", "OnError", "Progress", "take_and_tell"]

OnError: TypeAlias = Literal["collect", "stop"]
Progress: TypeAlias = Callable[[int, int | None, Mapping[SendStatus, int]], object]
"""Called with the number of messages done, the total if it is known, and the count of each outcome."""


def _collect_or_stop(_: object, attribute: Attribute[Any], value: object) -> None:
    if value not in ("collect", "stop"):
        raise InvalidInputError(attribute.name, rule="expected 'collect' or 'stop'", got=shape_of(value))


@frozen(kw_only=True)
class BulkOrder:
    """How messages are to be sent.

    Attributes:
        batch_size: The most messages of a request.
        concurrency: How many requests are in flight at once.
        ordered: Give the results in the order of the messages.
        on_error: `collect` goes on after a message that was not accepted; `stop` leaves the rest unattempted.
        normalize: Bring the receivers to the form `09…`.
        dedupe: What makes a message the same as one before, which is then held back.
        opt_out: Who wants no messages.

    Raises:
        InvalidInputError: A value breaks a rule.
    """

    batch_size: int = field(default=DEFAULT_BATCH_SIZE, validator=counts_from_one)
    concurrency: int = field(default=8, validator=counts_from_one)
    ordered: bool = False
    on_error: OnError = field(default="collect", validator=_collect_or_stop)
    normalize: bool = True
    dedupe: Dedupe | None = None
    opt_out: OptOut | None = field(default=None, repr=False)

    def start(self, messages: Messages, send: SendFunc, options: Options) -> BulkRun:
        """Set up a run; it begins when it is entered.

        Raises:
            InvalidInputError: The messages are none, or what is to be held back cannot be read.
        """
        prepare = functools.partial(prepare_some, sender=options.sender, track_ids=TrackIds(), normalize=self.normalize)
        sender = ChunkSender(
            send,
            concurrency=self.concurrency,
            longest_pause=options.retry.longest_wait,
            stop_on_failure=self.on_error == "stop",
        )
        source = Source(messages, prepare, self.batch_size, self._screen())
        return BulkRun(source, sender, Pace(concurrency=self.concurrency, ordered=self.ordered))

    def _screen(self) -> Screen | None:
        if self.dedupe is None and self.opt_out is None:
            return None
        from wikipayam_async.bulk.screening import Screen  # noqa: PLC0415 - few runs hold anything back

        return Screen(dedupe=self.dedupe, opt_out=self.opt_out)


async def take_and_tell(run: BulkRun, total: int | None, progress: Progress) -> list[SendResult]:
    """Take all results of a run, and tell of their counts as they come."""
    counts: Counter[SendStatus] = Counter()
    results: list[SendResult] = []
    while (some := await run.take()) is not None:
        results += some
        counts.update(result.status for result in some)
        progress(len(results), total, dict(counts))
    return results
