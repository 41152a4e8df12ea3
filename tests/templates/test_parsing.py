"""Parsed templates: what is between the fields, and rows of any kind with the same text."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import pytest

from wikipayam_async.errors import InvalidInputError
from wikipayam_async.templates.formats import find_format
from wikipayam_async.templates.parsing import parse_template


def test_a_text_is_split_at_its_fields() -> None:
    """Literal text and gaps alternate; doubled braces are text."""
    parsed = parse_template("{{سلام}} {name}، {city}{name}", {})
    assert parsed.pieces == ("{سلام} ", "", "، ", "", "", "", "")
    assert (parsed.names, parsed.fields) == (("name", "city", "name"), ("name", "city"))
    assert [formats for _, formats in parsed.slots] == [(), (), ()]


def test_a_field_with_a_format_is_no_plain_name() -> None:
    """Its value has to be formatted, in each row."""
    parsed = parse_template("{amount|thousands|persian} {name}", {})
    assert (parsed.names, parsed.fields) == (None, ("amount", "name"))
    assert parsed.slots[0] == ("amount", (find_format("thousands"), find_format("persian")))
    assert parsed.render({"amount": 1250000, "name": "علی"}) == "۱٬۲۵۰٬۰۰۰ علی"


@pytest.mark.parametrize(
    "row",
    [{"name": "علی", "n": "7"}, MappingProxyType({"name": "علی", "n": "7"}), {"name": "علی", "n": 7}],
    ids=["texts", "mapping", "number"],
)
def test_any_kind_of_row_has_the_same_text(row: Mapping[str, Any]) -> None:
    """Whether or not it is a dict of texts, which is rendered in half the time."""
    assert parse_template("{name}: {n}", {}).render(row) == "علی: 7"


def test_an_empty_value_needs_a_default() -> None:
    """It is that of its field."""
    row = {"name": " "}
    assert parse_template("سلام {name}", {"name": "دوست"}).render(row) == "سلام دوست"
    with pytest.raises(InvalidInputError, match=r"^name: expected a value, or a default for the field; got"):
        parse_template("سلام {name}", {}).render(row)


def test_its_text_is_not_shown() -> None:
    """A text may hold what is personal."""
    assert "secret" not in repr(parse_template("secret {name}", {"name": "secret"}))
