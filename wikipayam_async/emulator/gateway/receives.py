"""The endpoints of received messages: `/receives`, and the legacy `POST /sms/receive`."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta

from attrs import evolve, frozen

from wikipayam_async.emulator.exchange import Json, Response
from wikipayam_async.emulator.gateway import laravel
from wikipayam_async.emulator.gateway.endpoint_request import EndpointRequest
from wikipayam_async.emulator.gateway.fields import REQUIRED, Fields, refuse_if_any
from wikipayam_async.emulator.gateway.inbox import InboundMessage, InboxQuery

_DEFAULT_LIMIT = 20
_MAX_LIMIT = 500
_STATUSES = ("all", "read", "unread")
_SORTS = ("created_at", "sender", "message")
_ORDERS = ("asc", "desc")
_ECHOED = ("status", "sender", "from_date", "to_date", "search")


@frozen
class _Page:
    limit: int
    offset: int

    def of(self, messages: list[InboundMessage]) -> list[InboundMessage]:
        return messages[self.offset : self.offset + self.limit]


def index(request: EndpointRequest) -> Response:
    """Handle `GET /receives`."""
    fields = request.query()
    query = evolve(
        _filters(fields),
        status=_choice(fields, "status", _STATUSES),
        search=fields.optional_text("search"),
        sort_by=_choice(fields, "sort_by", _SORTS),
        sort_order=_choice(fields, "sort_order", _ORDERS, default="desc"),
    )
    page = _page(fields)
    refuse_if_any(fields.errors)
    found = request.account.inbox.find(query)
    shown = page.of(found)
    pagination: dict[str, Json] = {
        "total": len(found),
        **_pagination(page, shown),
        "total_pages": -(-len(found) // page.limit),
    }
    filters: dict[str, Json] = {name: fields.values[name] for name in _ECHOED if name in fields.values}
    filters["status"] = query.status
    return laravel.data(
        {"receives": [_message_data(message) for message in shown], "pagination": pagination, "filters": filters}
    )


def unread(request: EndpointRequest) -> Response:
    """Handle `GET /receives/unread`. The pagination has no total."""
    fields = request.query()
    query = evolve(_filters(fields), status="unread")
    page = _page(fields)
    refuse_if_any(fields.errors)
    found = request.account.inbox.find(query)
    shown = page.of(found)
    return laravel.data(
        {
            "total_unread": len(found),
            "receives": [_message_data(message) for message in shown],
            "pagination": _pagination(page, shown),
        }
    )


def unread_count(request: EndpointRequest) -> Response:
    """Handle `GET /receives/unread/count`."""
    return laravel.data({"unread_count": request.account.inbox.unread_count()})


def statistics(request: EndpointRequest) -> Response:
    """Handle `GET /receives/statistics`. Its response is undocumented; the shape is the emulator's own."""
    fields = request.query()
    query = evolve(_filters(fields), sender=None)
    refuse_if_any(fields.errors)
    found = request.account.inbox.find(query)
    read = sum(message.is_read for message in found)
    return laravel.data(
        {
            "total": len(found),
            "read": read,
            "unread": len(found) - read,
            "by_sender": Counter(message.sender for message in found),
        }
    )


def show(request: EndpointRequest) -> Response:
    """Handle `GET /receives/{id}`."""
    message = request.account.inbox.get(request.path_id)
    return laravel.error(404, "Receive not found.") if message is None else laravel.data(_message_data(message))


def mark_read(request: EndpointRequest) -> Response:
    """Handle `POST /receives/mark-read`."""
    fields = request.fields()
    inbox = request.account.inbox
    if fields.values.get("mark_all") is True:
        marked = inbox.mark_read([message.id for message in inbox.all()])
        return laravel.data({"marked_count": marked, "message": "All receives have been marked as read"})
    ids = fields.ids("receive_ids")
    refuse_if_any(fields.errors)
    return laravel.data({"marked_count": inbox.mark_read(ids), "requested_count": len(ids)})


def destroy(request: EndpointRequest) -> Response:
    """Handle `DELETE /receives`."""
    fields = request.fields()
    values = fields.values
    if values.get("delete_all_read") is True:
        return _delete(request, lambda message: message.is_read, "All read receives have been deleted")
    if values.get("delete_all_unread") is True:
        return _delete(request, lambda message: not message.is_read, "All unread receives have been deleted")
    if values.get("delete_older_than_days") is not None:
        return _delete_old(request, fields)
    ids = fields.ids("receive_ids")
    refuse_if_any(fields.errors)
    return laravel.data({"deleted_count": request.account.inbox.delete(ids), "requested_count": len(ids)})


def receive(request: EndpointRequest) -> Response:
    """Handle the legacy `POST /sms/receive`: the messages since a day, oldest first. Its response is undocumented."""
    fields = request.fields()
    if fields.day("from_date") is None and not fields.errors:
        fields.fail("from_date", REQUIRED)
    refuse_if_any(fields.errors)
    query = InboxQuery(from_date=fields.day("from_date"), sort_order="asc")
    return laravel.data([_message_data(message) for message in request.account.inbox.find(query)])


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
    if limit > _MAX_LIMIT:
        fields.fail("limit", f"The {{}} field must not be greater than {_MAX_LIMIT}.")
    if limit < 1:
        fields.fail("limit", "The {} field must be at least 1.")
    if (offset or 0) < 0:
        fields.fail("offset", "The {} field must be at least 0.")
    return _Page(limit, offset or 0)


def _pagination(page: _Page, shown: list[InboundMessage]) -> dict[str, Json]:
    # Both are strings, as in the gateway's example: it echoes the query.
    return {"limit": str(page.limit), "offset": str(page.offset), "returned_count": len(shown)}


def _message_data(message: InboundMessage) -> dict[str, str]:
    return {
        "id": message.id,
        "sender": message.sender,
        "receiver": message.receiver,
        "message": message.message,
        "received_at": message.received_at.strftime("%Y-%m-%d %H:%M:%S"),
    }


def _delete(request: EndpointRequest, matches: Callable[[InboundMessage], bool], text: str) -> Response:
    inbox = request.account.inbox
    deleted = inbox.delete([message.id for message in inbox.all() if matches(message)])
    return laravel.data({"deleted_count": deleted, "message": text})


def _delete_old(request: EndpointRequest, fields: Fields) -> Response:
    days = fields.integer("delete_older_than_days") or 0
    if days < 1 and not fields.errors:
        fields.fail("delete_older_than_days", "The {} field must be at least 1.")
    refuse_if_any(fields.errors)
    text = f"All receives older than {days} days have been deleted"
    try:
        limit = request.now - timedelta(days=days)
    except OverflowError:  # before the first year of Python's calendar, when nothing was received
        return _delete(request, lambda _: False, text)
    return _delete(request, lambda message: message.received_at < limit, text)
