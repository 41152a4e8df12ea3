"""The reference tells of every public name, once."""

from __future__ import annotations

from collections import Counter
from importlib import import_module

import pytest

from docs.tools.reference import identifiers, with_docstrings
from tests.docs.pages import DOCS

PAGES = sorted((DOCS / "en" / "reference").glob("*.md"))
TOLD = Counter(name for page in PAGES for name in identifiers(page.read_text("utf-8")))
MODULES = [
    "wikipayam_async",
    "wikipayam_async.cost",
    "wikipayam_async.dates",
    "wikipayam_async.emulator",
    "wikipayam_async.integrations.fastapi",
    "wikipayam_async.integrations.opentelemetry",
    "wikipayam_async.numbers",
    "wikipayam_async.optout",
    "wikipayam_async.pytest_plugin",
    "wikipayam_async.cost",
    "wikipayam_async.templates",
    "wikipayam_async.text",
]


@pytest.mark.parametrize("module", MODULES)
def test_every_public_name_of_a_module_is_on_one_page(module: str) -> None:
    """Whoever looks for a name finds it, in one place."""
    public = import_module(module).__all__
    assert {name: TOLD[f"{module}.{name}"] for name in public} == dict.fromkeys(public, 1)


def test_what_the_testing_module_adds_to_the_emulator_is_on_one_page() -> None:
    """Names that it only hands on stand on the emulator's page."""
    emulator = import_module("wikipayam_async.emulator").__all__
    own = [name for name in import_module("wikipayam_async.testing").__all__ if name not in emulator]
    assert {name: TOLD[f"wikipayam_async.testing.{name}"] for name in own} == dict.fromkeys(own, 1)


def test_everything_that_the_pages_name_is_there() -> None:
    """A directive that names nothing would stop the build; this tells it sooner."""
    missing = [name for name in TOLD if not hasattr(import_module(name.rpartition(".")[0]), name.rpartition(".")[2])]
    assert missing == []


def test_a_directive_becomes_a_docstring_for_readers_of_markdown() -> None:
    """Its options go, and what stands around it stays."""
    page = "Before.\n\n::: wikipayam_async.optout.is_opt_out\n    options:\n      heading_level: 3\n\nAfter.\n"
    text = with_docstrings(page)
    assert text.startswith("Before.\n\n### `is_opt_out(text: 'str', *, ")
    assert "Return whether a received text is an opt-out." in text
    assert text.endswith("\n\nAfter.\n")


def test_a_class_is_told_with_its_public_methods_and_properties() -> None:
    """What begins with an underscore is nobody's business."""
    text = with_docstrings("::: wikipayam_async.RetryPolicy\n")
    titles = [line for line in text.splitlines() if line.startswith("#")]
    assert [title.partition("(")[0].strip("`# ") for title in titles] == [
        "RetryPolicy",
        "RetryPolicy.allows",
        "RetryPolicy.longest_wait",
        "RetryPolicy.pause",
    ]


def test_a_constant_is_told_by_its_name() -> None:
    """The docstring of its type would say nothing of it."""
    assert (
        with_docstrings("::: wikipayam_async.optout.OPT_OUT_WORDS\n") == "### `wikipayam_async.optout.OPT_OUT_WORDS`\n"
    )
