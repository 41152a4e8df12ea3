"""The pages on settings have every argument of the client."""

from __future__ import annotations

import inspect
import re

import pytest

from tests.docs.pages import DOCS
from wikipayam_async import AsyncWikipayam

_ROW = re.compile(r"^\| (`\w+`(?:, `\w+`)*) \|", re.MULTILINE)


@pytest.mark.parametrize("language", ["en", "fa"])
def test_every_argument_of_the_client_has_a_row(language: str) -> None:
    """The table of the page has a row for each argument of `AsyncWikipayam`, and no other."""
    rows = _ROW.findall((DOCS / language / "settings.md").read_text("utf-8"))
    documented = [name.strip("`") for row in rows for name in row.split(", ")]
    assert sorted(documented) == sorted(inspect.signature(AsyncWikipayam).parameters)
