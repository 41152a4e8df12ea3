"""Reads the receivers, as a shop's program might have exported them, and writes each a message of its own."""

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
        name: What to call the person.
        number: The mobile, as somebody typed it.
        city: Where the order goes.
        order: The number of the order.
    """

    name: str
    number: str = field(repr=False)
    city: str
    order: str


def read_receivers() -> list[Receiver]:
    """Read the file that comes with the demo. Its people and numbers are made up.

    Returns:
        Its rows, in order.
    """
    text = files("wikipayam_async.demo").joinpath("receivers.csv").read_text(encoding="utf-8-sig")
    return [Receiver(**row) for row in csv.DictReader(text.splitlines())]


def track_id_of(index: int) -> str:
    """Name a message by its place, so that two runs name the same message alike.

    Args:
        index: The place in the input, counted from 0.

    Returns:
        Its track id.
    """
    return f"demo-{index + 1:05d}"


def write_messages(receivers: Sequence[Receiver], count: int) -> list[SmsMessage]:
    """Write the messages.

    Args:
        receivers: Who is written to.
        count: How many messages; the receivers are cut, or begun anew, to fit.

    Returns:
        The messages.
    """
    chosen: Iterable[Receiver] = islice(cycle(receivers), count)
    return [
        SmsMessage(receiver.number, _text_for(receiver), track_id=track_id_of(index))
        for index, receiver in enumerate(chosen)
    ]


def _text_for(receiver: Receiver) -> str:
    order = receiver.order.translate(_PERSIAN_DIGITS)
    return f"{receiver.name} عزیز، سفارش {order} شما به {receiver.city} فرستاده شد.\nلغو۱۱"
