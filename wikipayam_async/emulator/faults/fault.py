"""Faults: what can be made to go wrong, and when. Plain data; `wikipayam_async.emulator.faults.apply` carries it out."""

from enum import StrEnum
from typing import Self

from attrs import field, frozen

from wikipayam_async.emulator.exchange import Json, Response
from wikipayam_async.emulator.gateway import laravel

MEBIBYTE = 1024 * 1024


class FaultKind(StrEnum):
    """What goes wrong."""

    STATUS = "status"
    HTML = "html"
    REDIRECT = "redirect"
    RESET = "reset"
    CLOSE = "close"
    HANG = "hang"
    DELAY = "delay"
    DRIP = "drip"
    TRUNCATED = "truncated"
    MALFORMED_JSON = "malformed_json"
    INVALID_UTF8 = "invalid_utf8"
    EMPTY = "empty"
    MISSING_ITEMS = "missing_items"
    REORDERED_ITEMS = "reordered_items"
    DUPLICATED_ITEMS = "duplicated_items"
    EXTRA_ITEMS = "extra_items"
    NULL_TRACK_IDS = "null_track_ids"
    BOMB = "bomb"
    OVERSIZED = "oversized"


class When(StrEnum):
    """Whether the request was processed before the fault struck."""

    BEFORE = "before"
    """It was not: nothing of it is in the ledger."""
    AFTER = "after"
    """It was: what it sent is in the ledger, whatever the caller gets to see."""


@frozen
class Fault:
    """One fault. Make one with a class method; the fields are for those who read them.

    Attributes:
        kind: What goes wrong.
        when: Whether the request is processed first.
        response: The answer given in place of the gateway's own, where the kind has one.
        seconds: How long a delay or each pause of a drip lasts.
        indexes: Which items are concerned.
        size: How many bytes or items, where the kind has a number.
        layers: How often a bomb is compressed.
    """

    kind: FaultKind
    when: When = When.AFTER
    # Out of the hash, for its headers are a dict; equality still sees it.
    response: Response | None = field(default=None, hash=False)
    seconds: float = 0.0
    indexes: tuple[int, ...] = ()
    size: int | None = None
    layers: int = 1

    @classmethod
    def status(
        cls,
        status: int,
        *,
        json: Json = None,
        headers: dict[str, str] | None = None,
        retry_after: str | float | None = None,
        when: When = When.BEFORE,
    ) -> Self:
        """Answer with a status and a JSON body.

        Args:
            status: The status code.
            json: The body; by default Laravel's message for the status.
            headers: Further headers.
            retry_after: The ``Retry-After`` header: seconds, or a date.
            when: Whether the request is processed first.

        Returns:
            The fault.
        """
        extra = dict(headers or {})
        if retry_after is not None:
            extra["retry-after"] = str(retry_after)
        response = laravel.error(status, headers=extra) if json is None else laravel.json_response(status, json, extra)
        return cls(FaultKind.STATUS, when, response)

    @classmethod
    def html(cls, status: int = 502, *, title: str | None = None, when: When = When.BEFORE) -> Self:
        """Answer with an HTML page.

        Args:
            status: The status code; 200 is as good as any.
            title: What the page says.
            when: Whether the request is processed first.

        Returns:
            The fault.
        """
        return cls(FaultKind.HTML, when, laravel.html(status, title or laravel.MESSAGES.get(status, "Welcome")))

    @classmethod
    def redirect(cls, location: str, *, status: int = 302, when: When = When.BEFORE) -> Self:
        """Answer with a redirect.

        Args:
            location: Where to.
            status: The status code.
            when: Whether the request is processed first.

        Returns:
            The fault.
        """
        return cls(FaultKind.REDIRECT, when, Response(status, {"location": location}))

    @classmethod
    def reset(cls, *, when: When = When.AFTER) -> Self:
        """Reset the connection instead of answering.

        Args:
            when: Whether the request is processed first.

        Returns:
            The fault.
        """
        return cls(FaultKind.RESET, when)

    @classmethod
    def close(cls, *, when: When = When.AFTER) -> Self:
        """Close the connection cleanly instead of answering.

        Args:
            when: Whether the request is processed first.

        Returns:
            The fault.
        """
        return cls(FaultKind.CLOSE, when)

    @classmethod
    def hang(cls, *, when: When = When.AFTER) -> Self:
        """Never answer.

        Args:
            when: Whether the request is processed first.

        Returns:
            The fault.
        """
        return cls(FaultKind.HANG, when)

    @classmethod
    def delay(cls, seconds: float) -> Self:
        """Process the request at once and answer late.

        Args:
            seconds: How late.

        Returns:
            The fault.
        """
        return cls(FaultKind.DELAY, seconds=seconds)

    @classmethod
    def drip(cls, pause: float = 0.05) -> Self:
        """Answer one byte of the body at a time.

        Args:
            pause: Seconds before every byte.

        Returns:
            The fault.
        """
        return cls(FaultKind.DRIP, seconds=pause)

    @classmethod
    def truncated(cls, *, keep: int | None = None) -> Self:
        """Announce the whole body and close the connection in the middle of it.

        Args:
            keep: How many bytes of it arrive; by default half of them.

        Returns:
            The fault.
        """
        return cls(FaultKind.TRUNCATED, size=keep)

    @classmethod
    def malformed_json(cls) -> Self:
        """Leave the last brace out of the answer.

        Returns:
            The fault.
        """
        return cls(FaultKind.MALFORMED_JSON)

    @classmethod
    def invalid_utf8(cls) -> Self:
        """Put bytes into the answer that are no UTF-8.

        Returns:
            The fault.
        """
        return cls(FaultKind.INVALID_UTF8)

    @classmethod
    def empty(cls) -> Self:
        """Answer with the right status and no body.

        Returns:
            The fault.
        """
        return cls(FaultKind.EMPTY)

    @classmethod
    def missing_items(cls, *indexes: int) -> Self:
        """Leave items out of the answer.

        Args:
            *indexes: Which; by default the last one.

        Returns:
            The fault.
        """
        return cls(FaultKind.MISSING_ITEMS, indexes=indexes or (-1,))

    @classmethod
    def reordered_items(cls) -> Self:
        """List the items of the answer backwards.

        Returns:
            The fault.
        """
        return cls(FaultKind.REORDERED_ITEMS)

    @classmethod
    def duplicated_items(cls, *indexes: int) -> Self:
        """List items of the answer twice.

        Args:
            *indexes: Which; by default the first one.

        Returns:
            The fault.
        """
        return cls(FaultKind.DUPLICATED_ITEMS, indexes=indexes or (0,))

    @classmethod
    def extra_items(cls, count: int = 1) -> Self:
        """List items in the answer that nobody asked for.

        Args:
            count: How many.

        Returns:
            The fault.
        """
        return cls(FaultKind.EXTRA_ITEMS, size=count)

    @classmethod
    def null_track_ids(cls) -> Self:
        """Answer without anybody's track id.

        Returns:
            The fault.
        """
        return cls(FaultKind.NULL_TRACK_IDS)

    @classmethod
    def bomb(cls, size: int = 64 * MEBIBYTE, *, layers: int = 1) -> Self:
        """Answer with a small compressed body that unpacks to a huge one.

        Args:
            size: The unpacked size in bytes.
            layers: How often it is compressed.

        Returns:
            The fault.
        """
        return cls(FaultKind.BOMB, size=size, layers=layers)

    @classmethod
    def oversized(cls, size: int = 32 * MEBIBYTE) -> Self:
        """Answer with a huge body, valid and not compressed.

        Args:
            size: The size in bytes.

        Returns:
            The fault.
        """
        return cls(FaultKind.OVERSIZED, size=size)
