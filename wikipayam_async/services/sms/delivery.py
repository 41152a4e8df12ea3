"""Delivery statuses: the models, and reading the gateway's answer into them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from attrs import Factory, field, frozen

from wikipayam_async.core.converter import JsonValue, OpenStrEnum, to_items
from wikipayam_async.outcomes import HasId
from wikipayam_async.publish import publish_in_package
from wikipayam_async.redact.masks import mask_mapping

__all__ = ["FINAL_STATES", "Delivery", "DeliveryReport", "DeliveryStatus", "read_statuses", "report_of"]


class DeliveryStatus(OpenStrEnum):
    """The status of a message. Only `WAITING_FOR_UPDATE` is documented; the others are usual with Iranian gateways.

    Other spellings of them are read as the member: `Black-list`, `wrong_number`, `InvalidNumber`, `cancelled`; case,
    spaces, hyphens and invisible marks do not count. An unknown status becomes a value that behaves like a member, keeps
    the gateway's word and is never final.
    """

    WAITING_FOR_UPDATE = "WAITING_FOR_UPDATE"
    QUEUED = "QUEUED"
    """The gateway has it, and not the network yet."""
    SENT = "SENT"
    """The network has it."""
    DELIVERED = "DELIVERED"
    UNDELIVERED = "UNDELIVERED"
    """The phone did not get it so far: it is off, full or out of reach. It may still arrive."""
    FAILED = "FAILED"
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"
    BLOCKED = "BLOCKED"
    """The receiver takes no advertising; some gateways refund it."""
    BLACKLISTED = "BLACKLISTED"
    """The receiver is in the operators' blacklist of advertising."""
    INVALID_NUMBER = "INVALID_NUMBER"
    """There is no such number."""
    CANCELED = "CANCELED"
    """It was taken back before it was sent, and refunded."""

    @classmethod
    def _missing_(cls, value: object) -> OpenStrEnum | None:
        if isinstance(value, str):
            value = _WORDS.get(_SIGNS.sub("", value.upper()), value)
        return super()._missing_(value)

    @property
    def final(self) -> bool:
        """Whether the status can no longer change."""
        return self in FINAL_STATES


_SIGNS = re.compile(r"[\W_]+")
_SYNONYMS = {
    "BLACKLIST": "BLACKLISTED",
    "INBLACKLIST": "BLACKLISTED",
    "INVALIDMOBILE": "INVALID_NUMBER",
    "INVALIDRECEIVER": "INVALID_NUMBER",
    "WRONGNUMBER": "INVALID_NUMBER",
    "CANCELLED": "CANCELED",
    "REFUNDED": "CANCELED",
    "NOTDELIVERED": "UNDELIVERED",
}
"""Other words for the members, in upper-case letters."""
_WORDS = {_SIGNS.sub("", name): name for name in DeliveryStatus.__members__} | _SYNONYMS
"""The members by their letters, and by other words for them."""

FINAL_STATES: frozenset[DeliveryStatus] = frozenset(
    {
        DeliveryStatus.DELIVERED,
        DeliveryStatus.FAILED,
        DeliveryStatus.REJECTED,
        DeliveryStatus.EXPIRED,
        DeliveryStatus.BLOCKED,
        DeliveryStatus.BLACKLISTED,
        DeliveryStatus.INVALID_NUMBER,
        DeliveryStatus.CANCELED,
    }
)
"""The states that can no longer change, as far as is known. `UNDELIVERED` can."""

_REFUSES_ADVERTISING = frozenset({DeliveryStatus.BLOCKED, DeliveryStatus.BLACKLISTED})


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

    @property
    def undelivered(self) -> tuple[Delivery, ...]:
        """The messages that are not delivered so far, and may still arrive; they are in `pending`, too."""
        return tuple(one for one in self.deliveries if one.status is DeliveryStatus.UNDELIVERED)

    @property
    def blacklisted(self) -> tuple[Delivery, ...]:
        """Those of `failed` whose receivers take no advertising: a service line or a pattern may reach them."""
        return tuple(one for one in self.deliveries if one.status in _REFUSES_ADVERTISING)

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


publish_in_package(["Delivery", "DeliveryReport", "DeliveryStatus"], globals())
