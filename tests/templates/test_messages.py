from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from types import MappingProxyType

from wikipayam_async import SmsMessage
from wikipayam_async.messages.footer import footer_of, with_footer
from wikipayam_async.templates import Template, messages_from
from wikipayam_async.templates.messages import TemplateMessages

ROWS = [{"receiver": "1", "n": "a", "id": "x"}, {"receiver": "2", "n": "b", "id": "y"}]


def test_one_by_one_and_in_columns() -> None:
    """The same messages come of the iterator and of its columns, which share the rows."""
    messages = messages_from("{n}", ROWS, track_id_field="id", sender="1000")
    assert isinstance(messages, TemplateMessages)
    assert next(messages) == SmsMessage("1", "a", sender="1000", track_id="x")
    assert list(messages.column_of(list(messages.items))) == [SmsMessage("2", "b", sender="1000", track_id="y")]
    assert list(messages) == []


def test_rows_that_are_no_plain_texts() -> None:
    """Formats, numbers, defaults and mappings of another kind are rendered as one by one."""
    template = Template("{name} {amount|thousands}", defaults={"name": "دوست"})
    rows: list[Mapping[str, object]] = [
        {"receiver": "1", "name": "a", "amount": 1250000},
        {"receiver": 2, "name": " ", "amount": "7"},
        MappingProxyType({"receiver": "3", "name": "c", "amount": 8.0}),
        OrderedDict(receiver="4", name="d", amount=9),
    ]
    assert [message.message for message in messages_from(template, rows)] == [template.render(row) for row in rows]
    plain = Template("{name}", defaults={"name": "دوست"})
    assert [message.message for message in messages_from(plain, rows)] == [plain.render(row) for row in rows]


def test_track_ids_that_are_generated() -> None:
    """Without a field for them there are none in the column."""
    messages = messages_from("{n}", ROWS)
    assert isinstance(messages, TemplateMessages)
    assert messages.column_of(list(messages.items)).track_ids is None


def test_a_footer_of_the_send() -> None:
    """A footer that the send adds is below every text, and the messages stay in columns."""
    messages = messages_from("{n}", ROWS)
    assert isinstance(messages, TemplateMessages)
    below = with_footer(messages, footer_of("لغو۱۱"))
    assert isinstance(below, TemplateMessages)
    assert list(below) == [SmsMessage("1", "a\nلغو۱۱"), SmsMessage("2", "b\nلغو۱۱")]
