from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import pytest

from wikipayam_async import InvalidInputError, SmsMessage
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


@pytest.mark.parametrize("footer", [None, "لغو۱۱"])
@pytest.mark.parametrize("track_id_field", [None, "id"])
@pytest.mark.parametrize("text", ["{n} و {n}", "بدون جای خالی", "{n|persian}"])
@pytest.mark.parametrize(
    "odd", [{}, {"n": 7}, {"n": " "}, {"n": ""}, {"receiver": ""}, {"id": None}, {3: "x"}, {None: ["x"]}, {"x": "y"}]
)
def test_a_list_of_rows_is_rendered_as_any_iterable(
    odd: dict[Any, Any], text: str, track_id_field: str | None, footer: str | None
) -> None:
    """Rows that are rendered together give what they give one by one, and the same errors, wherever the odd one is."""
    rows: list[Any] = [{"receiver": f"{number}", "n": f"n{number}", "id": f"i{number}"} for number in range(250)]
    rows[150] |= odd
    results = []
    for given in (rows, iter(rows)):
        told: list[InvalidInputError] = []
        messages = messages_from(text, given, track_id_field=track_id_field, footer=footer, on_error=told.append)
        results.append((list(messages), list(map(str, told))))
    assert results[0] == results[1]


def test_a_list_of_rows_without_a_field_or_not_of_rows() -> None:
    """A row that lacks a field, or is no mapping, is an error with its index."""
    rows: list[Any] = [*ROWS * 60, {"receiver": "1"}]
    with pytest.raises(InvalidInputError, match=r"^rows\[120\]\.n: "):
        list(messages_from("{n}", rows))
    with pytest.raises(InvalidInputError, match=r"^rows\[120\]: "):
        list(messages_from("{n}", [*ROWS * 60, "no row"]))  # type: ignore[list-item]
