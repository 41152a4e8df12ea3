"""The query parameters of the inbox, checked."""

from __future__ import annotations

import re
from typing import Literal, TypeAlias

from wikipayam_async.checks import check_number, without_frames
from wikipayam_async.dates import DateLike, check_date
from wikipayam_async.errors import InvalidInputError
from wikipayam_async.redact.masks import shape_of
from wikipayam_async.redact.sealed import Sealed, SealedFields, reveal
from wikipayam_async.services.receives.paging import MAX_PAGE

__all__ = ["ReadStatus", "SortBy", "SortOrder", "filter_query", "list_query", "page_query"]

_SURROGATES = re.compile(r"[\ud800-\udfff]")

ReadStatus: TypeAlias = Literal["all", "read", "unread"]
"""Whether received messages were marked as read."""

SortBy: TypeAlias = Literal["created_at", "sender", "message"]
"""The field that received messages are sorted by."""

SortOrder: TypeAlias = Literal["asc", "desc"]
"""The direction of a sorting."""


def page_query(limit: int, offset: int) -> dict[str, str]:
    """Return the query of one page."""
    return {
        "limit": str(check_number(limit, field="limit", minimum=1, maximum=MAX_PAGE)),
        "offset": str(check_number(offset, field="offset", minimum=0)),
    }


@without_frames
def filter_query(
    sender: str | Sealed[str] | None = None, from_date: DateLike | None = None, to_date: DateLike | None = None
) -> SealedFields:
    """Return the filters that every list of received messages takes."""
    query: dict[str, str] = {}
    if sender is not None:
        query["sender"] = _check_text(reveal(sender), field="sender")
    if from_date is not None:
        query["from_date"] = check_date(from_date, field="from_date")
    if to_date is not None:
        query["to_date"] = check_date(to_date, field="to_date")
    if from_date is not None and to_date is not None and query["from_date"] > query["to_date"]:
        raise InvalidInputError("to_date", rule="expected a day not before from_date", got="an earlier day")
    return SealedFields(query)


@without_frames
def list_query(
    status: ReadStatus,
    sender: str | Sealed[str] | None,
    from_date: DateLike | None,
    to_date: DateLike | None,
    search: str | Sealed[str] | None,
    sort_by: SortBy | None,
    sort_order: SortOrder | None,
) -> SealedFields:
    """Return the filters and the sorting that `GET /receives` takes."""
    query = {"status": _check_choice(status, ("all", "read", "unread"), field="status")}
    query.update(filter_query(sender, from_date, to_date).reveal())
    if search is not None:
        query["search"] = _check_text(reveal(search), field="search")
    if sort_by is not None:
        query["sort_by"] = _check_choice(sort_by, ("created_at", "sender", "message"), field="sort_by")
    if sort_order is not None:
        query["sort_order"] = _check_choice(sort_order, ("asc", "desc"), field="sort_order")
    return SealedFields(query)


def _check_choice(value: object, choices: tuple[str, ...], *, field: str) -> str:
    if not isinstance(value, str) or value not in choices:
        raise InvalidInputError(field, rule=f"expected one of {', '.join(choices)}", got=shape_of(value))
    return value


def _check_text(value: object, *, field: str) -> str:
    if not isinstance(value, str) or not value or _SURROGATES.search(value):
        raise InvalidInputError(field, rule="expected a string of valid Unicode, not empty", got=shape_of(value))
    return value
