"""Faults as plain data. `wikipayam_async.emulator.faults.apply` applies them."""

from enum import StrEnum
from typing import Self

from attrs import field, frozen

from wikipayam_async.emulator.exchange import Json, Response
from wikipayam_async.emulator.gateway import laravel

MEBIBYTE = 1024 * 1024


class FaultKind(StrEnum):
    """The kind of a fault."""

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
    UNENCODABLE = "unencodable"
    RAW_ITEM = "raw_item"


class When(StrEnum):
    """Whether a fault occurs before or after the request is processed."""

    BEFORE = "before"
    """The request is not processed: its messages are not in the ledger."""
    AFTER = "after"
    """The request is processed: its messages are in the ledger, whatever the caller receives."""


@frozen
class Fault:
    """One fault. The class methods make faults; the attributes are for reading.

    Attributes:
        kind: The kind.
        when: Whether the fault occurs before or after the request is processed.
        response: The response that replaces the gateway's; None for kinds without one.
        seconds: The length of a delay, or the time before each byte of a drip.
        indexes: The indexes of the affected items.
        size: The number of bytes or items, for kinds that have one.
        layers: The number of times a bomb is compressed.
        item: The id of the affected item.
        raw: The bytes that replace an item.
    """

    kind: FaultKind
    when: When = When.AFTER
    # Not hashed, since its headers are a dict; still compared.
    response: Response | None = field(default=None, hash=False)
    seconds: float = 0.0
    indexes: tuple[int, ...] = ()
    size: int | None = None
    layers: int = 1
    item: str = ""
    raw: bytes = b""

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
        """Respond with a status and a JSON body.

        Args:
            status: The status code.
            json: The body; by default Laravel's message for the status.
            headers: Additional headers.
            retry_after: The `Retry-After` header: seconds, or a date.
            when: Before or after the request is processed.
        """
        extra = dict(headers or {})
        if retry_after is not None:
            extra["retry-after"] = str(retry_after)
        response = laravel.error(status, headers=extra) if json is None else laravel.json_response(status, json, extra)
        return cls(FaultKind.STATUS, when, response)

    @classmethod
    def html(cls, status: int = 502, *, title: str | None = None, when: When = When.BEFORE) -> Self:
        """Respond with an HTML page.

        Args:
            status: The status code; 200 is allowed.
            title: The title of the page.
            when: Before or after the request is processed.
        """
        return cls(FaultKind.HTML, when, laravel.html(status, title or laravel.MESSAGES.get(status, "Welcome")))

    @classmethod
    def redirect(cls, location: str, *, status: int = 302, when: When = When.BEFORE) -> Self:
        """Respond with a redirect.

        Args:
            location: The URL or path of the target.
            status: The status code.
            when: Before or after the request is processed.
        """
        return cls(FaultKind.REDIRECT, when, Response(status, {"location": location}))

    @classmethod
    def reset(cls, *, when: When = When.AFTER) -> Self:
        """Reset the connection (RST) instead of responding.

        Args:
            when: Before or after the request is processed.
        """
        return cls(FaultKind.RESET, when)

    @classmethod
    def close(cls, *, when: When = When.AFTER) -> Self:
        """Close the connection (FIN) instead of responding.

        Args:
            when: Before or after the request is processed.
        """
        return cls(FaultKind.CLOSE, when)

    @classmethod
    def hang(cls, *, when: When = When.AFTER) -> Self:
        """Never respond, and keep the connection open.

        Args:
            when: Before or after the request is processed.
        """
        return cls(FaultKind.HANG, when)

    @classmethod
    def delay(cls, seconds: float) -> Self:
        """Process the request at once and delay the response.

        Args:
            seconds: The delay.
        """
        return cls(FaultKind.DELAY, seconds=seconds)

    @classmethod
    def drip(cls, pause: float = 0.05) -> Self:
        """Send the body of the response one byte at a time.

        Args:
            pause: Seconds before each byte.
        """
        return cls(FaultKind.DRIP, seconds=pause)

    @classmethod
    def truncated(cls, *, keep: int | None = None) -> Self:
        """Announce the full length of the body, send a part of it, and close the connection.

        Args:
            keep: The number of bytes sent; by default half of the body.
        """
        return cls(FaultKind.TRUNCATED, size=keep)

    @classmethod
    def malformed_json(cls) -> Self:
        """Omit the last byte of the JSON body."""
        return cls(FaultKind.MALFORMED_JSON)

    @classmethod
    def invalid_utf8(cls) -> Self:
        """Insert bytes into the body that are not valid UTF-8."""
        return cls(FaultKind.INVALID_UTF8)

    @classmethod
    def empty(cls) -> Self:
        """Respond with the right status and an empty body."""
        return cls(FaultKind.EMPTY)

    @classmethod
    def missing_items(cls, *indexes: int) -> Self:
        """Omit items from the response.

        Args:
            *indexes: Their indexes; by default the last item.
        """
        return cls(FaultKind.MISSING_ITEMS, indexes=indexes or (-1,))

    @classmethod
    def reordered_items(cls) -> Self:
        """Reverse the order of the items in the response."""
        return cls(FaultKind.REORDERED_ITEMS)

    @classmethod
    def duplicated_items(cls, *indexes: int) -> Self:
        """Repeat items of the response.

        Args:
            *indexes: Their indexes; by default the first item.
        """
        return cls(FaultKind.DUPLICATED_ITEMS, indexes=indexes or (0,))

    @classmethod
    def extra_items(cls, count: int = 1) -> Self:
        """Append items to the response that were not in the request.

        Args:
            count: The number of items.
        """
        return cls(FaultKind.EXTRA_ITEMS, size=count)

    @classmethod
    def null_track_ids(cls) -> Self:
        """Set the track id of every item in the response to null."""
        return cls(FaultKind.NULL_TRACK_IDS)

    @classmethod
    def bomb(cls, size: int = 64 * MEBIBYTE, *, layers: int = 1) -> Self:
        """Respond with a small compressed body that decompresses to a huge one.

        Args:
            size: The decompressed size in bytes.
            layers: The number of times it is compressed.
        """
        return cls(FaultKind.BOMB, size=size, layers=layers)

    @classmethod
    def oversized(cls, size: int = 32 * MEBIBYTE) -> Self:
        """Respond with a huge body that is valid and not compressed.

        Args:
            size: The size in bytes.
        """
        return cls(FaultKind.OVERSIZED, size=size)

    @classmethod
    def unencodable(cls, item: str) -> Self:
        """Respond with 500 to every page that contains an item, as Laravel does to a text that is not valid UTF-8.

        Args:
            item: The id of the item.
        """
        return cls(FaultKind.UNENCODABLE, item=item, response=laravel.error(500))

    @classmethod
    def raw_item(cls, item: str, raw: bytes) -> Self:
        """Replace an item in every page that contains it by bytes: `null`, or JSON that no reader accepts.

        Args:
            item: The id of the item.
            raw: The bytes, as they stand in the body.
        """
        return cls(FaultKind.RAW_ITEM, item=item, raw=raw)
