from __future__ import annotations

from xml.etree.ElementTree import Element

from wikipayam_async.cli.bulk.files.sheets import OpenSheet, SheetName, attribute_of, local_name


def test_names_are_compared_without_their_namespaces() -> None:
    """Each format has several namespaces for the same elements."""
    element = Element("{urn:a}row", {"{urn:b}r": "1", "s": "2"})
    assert (local_name(element.tag), local_name("row")) == ("row", "row")
    assert [attribute_of(element, name) for name in ("r", "s", "t")] == ["1", "2", None]


def test_a_sheet_is_visible_unless_it_says_otherwise() -> None:
    """So are its columns."""
    assert (SheetName("a").is_visible, OpenSheet(iter(())).hidden_columns) == (True, set())
