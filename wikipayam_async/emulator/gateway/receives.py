"""The endpoints of received messages: the new service under ``/receives``, and the old ``/sms/receive``."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta

from attrs import evolve, frozen

from wikipayam_async.emulator.exchange import Json, Response
from wikipayam_async.emulator.gateway import laravel
from wikipayam_async.emulator.gateway.call import Call
from wikipayam_async.emulator.gateway.fields import Fields, refuse_if_any
from wikipayam_async.emulator.gateway.inbox import InboundMessage, InboxQuery
from wikipayam_async.emulator.gateway.laravel import Refused

_DEFAULT_LIMIT = 20
_MOST_LIMIT = 500
_STATUSES = ("all", "read", "unread")
_SORTS = ("created_at", "sender", "message")
_ORDERS = ("asc", "desc")
_ECHOED = ("status", "sender", "from_date", "to_date", "search")


@frozen
class _Page:
    limit: int
    offset: int


def index(call: Call) -> Response:
    """Answer ``GET /receives``.

    Args:
        call: The call.

    Returns:
        The answer.
    """
    fields = call.query()
    query = evolve(
        _filters(fields),
        status=_choice(fields, "status", _STATUSES),
        search=fields.optional_text("search"),
        sort_by=_choice(fields, "sort_by", _SORTS),
        sort_order=_choice(fields, "sort_order", _ORDERS, default="desc"),
    )
    page = _page(fields)
    refuse_if_any(fields.errors)
    found = call.account.inbox.find(query)
    shown = found[page.offset : page.offset + page.limit]
    pagination: dict[str, Json] = {
        "total": len(found),
        **_pagination(page, shown),
        "total_pages": -(-len(found) // page.limit),
    }
    filters: dict[str, Json] = {name: fields.values[name] for name in _ECHOED if name in fields.values}
    filters["status"] = query.status
    return laravel.data(
        {"receives": [_shown(message) for message in shown], "pagination": pagination, "filters": filters}
    )


def unread(call: Call) -> Response:
    """Answer ``GET /receives/unread``.

    Args:
        call: The call.

    Returns:
        The answer, whose pagination holds no total.
    """
    fields = call.query()
    query = evolve(_filters(fields), status="unread")
    page = _page(fields)
    refuse_if_any(fields.errors)
    found = call.account.inbox.find(query)
    shown = found[page.offset : page.offset + page.limit]
    return laravel.data(
        {
            "total_unread": len(found),
            "receives": [_shown(message) for message in shown],
            "pagination": _pagination(page, shown),
        }
    )


def unread_count(call: Call) -> Response:
    """Answer ``GET /receives/unread/count``.

    Args:
        call: The call.

    Returns:
        The answer.
    """
    return laravel.data({"unread_count": call.account.inbox.unread_count()})


def statistics(call: Call) -> Response:
    """Answer ``GET /receives/statistics``, whose real shape nobody has documented.

    Args:
        call: The call.

    Returns:
        The answer, in a shape of the emulator's own.
    """
    fields = call.query()
    query = evolve(_filters(fields), sender=None)
    refuse_if_any(fields.errors)
    found = call.account.inbox.find(query)
    read = sum(message.is_read for message in found)
    return laravel.data(
        {
            "total": len(found),
            "read": read,
            "unread": len(found) - read,
            "by_sender": Counter(message.sender for message in found),
        }
    )


def show(call: Call) -> Response:
    """Answer ``GET /receives/{id}``.

    Args:
        call: The call.

    Returns:
        The answer.
    """
    message = call.account.inbox.get(call.argument)
    return laravel.error(404, "Receive not found.") if message is None else laravel.data(_shown(message))


def mark_read(call: Call) -> Response:
    """Answer ``POST /receives/mark-read``.

    Args:
        call: The call.

    Returns:
        The answer.
    """
    fields = call.fields()
    inbox = call.account.inbox
    if fields.values.get("mark_all") is True:
        marked = inbox.mark_read([message.id for message in inbox.all()])
        return laravel.data({"marked_count": marked, "message": "All receives have been marked as read"})
    ids = fields.ids("receive_ids")
    refuse_if_any(fields.errors)
    return laravel.data({"marked_count": inbox.mark_read(ids), "requested_count": len(ids)})


def destroy(call: Call) -> Response:
    """Answer ``DELETE /receives``.

    Args:
        call: The call.

    Returns:
        The answer.
    """
    fields = call.fields()
    values = fields.values
    if values.get("delete_all_read") is True:
        return _delete(call, lambda message: message.is_read, "All read receives have been deleted")
    if values.get("delete_all_unread") is True:
        return _delete(call, lambda message: not message.is_read, "All unread receives have been deleted")
    if values.get("delete_older_than_days") is not None:
        return _delete_old(call, fields)
    ids = fields.ids("receive_ids")
    refuse_if_any(fields.errors)
    return laravel.data({"deleted_count": call.account.inbox.delete(ids), "requested_count": len(ids)})


def receive(call: Call) -> Response:
    """Answer the old ``POST /sms/receive``, whose real shape nobody has documented.

    Args:
        call: The call.

    Returns:
        The answer: the messages since a day, oldest first.
    """
    fields = call.fields()
    if fields.day("from_date") is None and not fields.errors:
        fields.fail("from_date", "The {} field is required.")
    refuse_if_any(fields.errors)
    query = InboxQuery(from_date=fields.day("from_date"), sort_order="asc")
    return laravel.data([_shown(message) for message in call.account.inbox.find(query)])


def _filters(fields: Fields) -> InboxQuery:
    return InboxQuery(
        sender=fields.optional_text("sender"), from_date=fields.day("from_date"), to_date=fields.day("to_date")
    )


def _choice(fields: Fields, name: str, choices: tuple[str, ...], *, default: str | None = None) -> str:
    if fields.values.get(name) is None:
        return default or choices[0]
    return fields.one_of(name, choices)


def _page(fields: Fields) -> _Page:
    limit, offset = fields.integer("limit"), fields.integer("offset")
    if limit is None:
        limit = _DEFAULT_LIMIT
    if limit > _MOST_LIMIT:
        fields.fail("limit", f"The {{}} field must not be greater than {_MOST_LIMIT}.")
    if limit < 1:
        fields.fail("limit", "The {} field must be at least 1.")
    if (offset or 0) < 0:
        fields.fail("offset", "The {} field must be at least 0.")
    return _Page(limit, offset or 0)


def _pagination(page: _Page, shown: list[InboundMessage]) -> dict[str, Json]:
    # Both come back as strings, as in the gateway's own example: it echoes the query.
    return {"limit": str(page.limit), "offset": str(page.offset), "returned_count": len(shown)}


def _shown(message: InboundMessage) -> dict[str, str]:
    return {
        "id": message.id,
        "sender": message.sender,
        "receiver": message.receiver,
        "message": message.message,
        "received_at": message.received_at.strftime("%Y-%m-%d %H:%M:%S"),
    }


def _delete(call: Call, doomed: Callable[[InboundMessage], bool], text: str) -> Response:
    inbox = call.account.inbox
    deleted = inbox.delete([message.id for message in inbox.all() if doomed(message)])
    return laravel.data({"deleted_count": deleted, "message": text})


def _delete_old(call: Call, fields: Fields) -> Response:
    days = fields.integer("delete_older_than_days") or 0
    if days < 1 and not fields.errors:
        fields.fail("delete_older_than_days", "The {} field must be at least 1.")
    refuse_if_any(fields.errors)
    try:
        limit = call.now - timedelta(days=days)
    except OverflowError:
        raise Refused(
            laravel.invalid({"delete_older_than_days": ["The delete_older_than_days field is too large."]})
        ) from None
    return _delete(
        call, lambda message: message.received_at < limit, f"All receives older than {days} days have been deleted"
    )
