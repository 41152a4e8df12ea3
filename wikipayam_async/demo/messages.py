"""Reads the receivers from a file like a shop's export, and writes a message to each."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from importlib.resources import files
from itertools import cycle, islice

from attrs import field, frozen

from wikipayam_async import SmsMessage

__all__ = ["Receiver", "read_receivers", "track_id_of", "write_messages"]

_PERSIAN_DIGITS = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")


@frozen
class Receiver:
    """A row of the file.

    Attributes:
        name: The name of the person.
        number: The mobile number, as it was typed.
        city: The city of delivery.
        order: The order number.
    """

    name: str
    number: str = field(repr=False)
    city: str
    order: str


def read_receivers() -> list[Receiver]:
    """Read the file that is part of the demo. Its people and numbers are fictitious.

    Returns:
        The rows, in order.
    """
    text = files("wikipayam_async.demo").joinpath("receivers.csv").read_text(encoding="utf-8-sig")
    return [Receiver(**row) for row in csv.DictReader(text.splitlines())]


def track_id_of(index: int) -> str:
    """Return the track id of a message, which is the same in every run.

    Args:
        index: The index in the input, from 0.

    Returns:
        The track id.
    """
    return f"demo-{index + 1:05d}"


def write_messages(receivers: Sequence[Receiver], count: int) -> list[SmsMessage]:
    """Write the messages.

    Args:
        receivers: The receivers.
        count: The number of messages; the receivers are cut or repeated to fit.

    Returns:
        The messages.
    """
    selected: Iterable[Receiver] = islice(cycle(receivers), count)
    return [
        SmsMessage(receiver.number, _text_for(receiver), track_id=track_id_of(index))
        for index, receiver in enumerate(selected)
    ]


def _text_for(receiver: Receiver) -> str:
    order = receiver.order.translate(_PERSIAN_DIGITS)
    return f"{receiver.name} عزیز، سفارش {order} شما به {receiver.city} فرستاده شد.\nلغو۱۱"
