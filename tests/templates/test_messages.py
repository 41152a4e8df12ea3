from __future__ import annotations

from wikipayam_async import SmsMessage
from wikipayam_async.messages.footer import footer_of, with_footer
from wikipayam_async.templates import messages_from
from wikipayam_async.templates.messages import TemplateMessages

ROWS = [{"receiver": "1", "n": "a", "id": "x"}, {"receiver": "2", "n": "b", "id": "y"}]


def test_one_by_one_and_in_columns() -> None:
    """The same messages come of the iterator and of its columns, which share the rows."""
    messages = messages_from("{n}", ROWS, track_id_field="id", sender="1000")
    assert isinstance(messages, TemplateMessages)
    assert next(messages) == SmsMessage("1", "a", sender="1000", track_id="x")
    assert list(messages.column_of(list(messages.items))) == [SmsMessage("2", "b", sender="1000", track_id="y")]
    assert list(messages) == []


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
