"""Delivery statuses: the models, and reading the gateway's answer into them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from attrs import Factory, field, frozen

from wikipayam_async.core.converter import JsonValue, OpenStrEnum, to_items
from wikipayam_async.outcomes import HasId
from wikipayam_async.redact.masks import mask_mapping

__all__ = ["FINAL_STATES", "Delivery", "DeliveryReport", "DeliveryStatus", "read_statuses", "report_of"]


class DeliveryStatus(OpenStrEnum):
    """The status of a message. Only `WAITING_FOR_UPDATE` is documented; the others are usual with such gateways.

    An unknown status becomes a value that behaves like a member, keeps the gateway's word and is never final.
    """

    WAITING_FOR_UPDATE = "WAITING_FOR_UPDATE"
    SENT = "SENT"
    DELIVERED = "DELIVERED"
    UNDELIVERED = "UNDELIVERED"
    FAILED = "FAILED"
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"
    BLOCKED = "BLOCKED"

    @property
    def final(self) -> bool:
        """Whether the status can no longer change."""
        return self in FINAL_STATES


FINAL_STATES: frozenset[DeliveryStatus] = frozenset(
    {
        DeliveryStatus.DELIVERED,
        DeliveryStatus.UNDELIVERED,
        DeliveryStatus.FAILED,
        DeliveryStatus.REJECTED,
        DeliveryStatus.EXPIRED,
        DeliveryStatus.BLOCKED,
    }
)
"""The states that can no longer change, as far as is known."""


@frozen
class Delivery:
    """The delivery status of one message.

    Attributes:
        id: The gateway's id.
        status: The status.
        track_id: The track id that the message was sent with; None if the gateway does not return it.
        extra: Fields that this version does not know.
    """

    id: str
    status: DeliveryStatus
    track_id: str | None = None
    extra: Mapping[str, Any] = field(factory=dict, repr=mask_mapping, hash=False)


def _by_id(report: DeliveryReport) -> dict[str, Delivery]:
    return {delivery.id: delivery for delivery in report.deliveries}


@frozen(repr=False)
class DeliveryReport:
    """The known delivery statuses of messages. Iterating yields each `Delivery`; `report[id]` is the one of an id.

    Attributes:
        deliveries: The last known status of every message that the gateway reported, in the order of the ids given.
        pending: The ids without a final status, in the order given; ids that the gateway does not know are included.
        refused: Those of `pending` that the gateway refused to look up (400, 404, 422), while it answered others.
    """

    deliveries: tuple[Delivery, ...] = ()
    pending: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    _index: Mapping[str, Delivery] = field(init=False, eq=False, repr=False, default=Factory(_by_id, takes_self=True))

    @property
    def complete(self) -> bool:
        """Whether every message has a final status."""
        return not self.pending

    @property
    def delivered(self) -> tuple[Delivery, ...]:
        """The delivered messages."""
        return tuple(one for one in self.deliveries if one.status is DeliveryStatus.DELIVERED)

    @property
    def failed(self) -> tuple[Delivery, ...]:
        """The messages that are finally not delivered: those with any other status in `FINAL_STATES`."""
        return tuple(one for one in self.deliveries if one.status.final and one.status is not DeliveryStatus.DELIVERED)

    def get(self, id: str | HasId) -> Delivery | None:  # noqa: A002 - the gateway's name for it
        """Return the status of a message; None if the gateway did not report it.

        Args:
            id: The id, or an object with an id, such as a `SentMessage`.
        """
        return self._index.get(_key_of(id))

    def summary(self) -> str:
        """Return the counts in one line."""
        total = len(self._index.keys() | set(self.pending))
        return (
            f"{total:,} messages: {len(self.delivered):,} delivered, {len(self.failed):,} failed, "
            f"{len(self.pending):,} pending"
        )

    def __getitem__(self, id_: str | HasId) -> Delivery:
        delivery = self.get(id_)
        if delivery is None:
            raise KeyError(id_)
        return delivery

    def __contains__(self, id_: object) -> bool:
        return _key_of(id_) in self._index

    def __iter__(self) -> Iterator[Delivery]:
        return iter(self.deliveries)

    def __len__(self) -> int:
        return len(self.deliveries)

    def __repr__(self) -> str:
        return f"<DeliveryReport {self.summary()}>"


def _key_of(value: object) -> str:
    id_ = getattr(value, "id", value)
    return id_ if isinstance(id_, str) else ""  # no message has an empty id


@frozen
class _StatusItem:
    """One item of the answer, with the gateway's field names."""

    id: str
    deliver_status: str = ""
    track_id: str | None = None
    extra: Mapping[str, Any] = field(factory=dict)


def read_statuses(data: JsonValue) -> list[Delivery]:
    """Read `POST /sms/deliver`. Ids that the gateway does not know are absent."""
    return [
        Delivery(item.id, DeliveryStatus(item.deliver_status), item.track_id, item.extra)
        for item in to_items(data, _StatusItem)
        if item.id
    ]


def report_of(
    ids: Sequence[str], known: Mapping[str, Delivery], final_states: Collection[str], refused: Collection[str] = ()
) -> DeliveryReport:
    """Return the report of the statuses known of some ids."""
    return DeliveryReport(
        tuple(known[id_] for id_ in ids if id_ in known),
        tuple(id_ for id_ in ids if id_ not in known or known[id_].status not in final_states),
        tuple(id_ for id_ in ids if id_ in refused),
    )
