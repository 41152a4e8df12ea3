"""The reference documents every public name once."""

from __future__ import annotations

from collections import Counter
from importlib import import_module

import pytest

from docs.tools.reference import describe, identifiers, to_markdown
from tests.docs.pages import DOCS

PAGES = sorted((DOCS / "en" / "reference").glob("*.md"))
DOCUMENTED = Counter(name for page in PAGES for name in identifiers(page.read_text("utf-8")))
MODULES = [
    "wikipayam_async",
    "wikipayam_async.campaigns",
    "wikipayam_async.campaigns.contract",
    "wikipayam_async.cost",
    "wikipayam_async.dates",
    "wikipayam_async.emulator",
    "wikipayam_async.idempotency",
    "wikipayam_async.idempotency.contract",
    "wikipayam_async.integrations.fastapi",
    "wikipayam_async.integrations.opentelemetry",
    "wikipayam_async.integrations.postgres",
    "wikipayam_async.integrations.procrastinate",
    "wikipayam_async.integrations.prometheus",
    "wikipayam_async.integrations.redis",
    "wikipayam_async.numbers",
    "wikipayam_async.optout",
    "wikipayam_async.pytest_plugin",
    "wikipayam_async.services",
    "wikipayam_async.templates",
    "wikipayam_async.text",
    "wikipayam_async.verification",
    "wikipayam_async.verification.contract",
]


@pytest.mark.parametrize("module", MODULES)
def test_every_public_name_of_a_module_is_on_one_page(module: str) -> None:
    """Every public name of a module is documented on exactly one page."""
    public = import_module(module).__all__
    assert {name: DOCUMENTED[f"{module}.{name}"] for name in public} == dict.fromkeys(public, 1)


def test_every_name_of_the_testing_module_is_on_one_page() -> None:
    """The names that `testing` does not re-export from the emulator are documented on exactly one page."""
    emulator = import_module("wikipayam_async.emulator").__all__
    own = [name for name in import_module("wikipayam_async.testing").__all__ if name not in emulator]
    assert {name: DOCUMENTED[f"wikipayam_async.testing.{name}"] for name in own} == dict.fromkeys(own, 1)


@pytest.mark.parametrize("module", ["wikipayam_async.events", "wikipayam_async.types"])
def test_every_name_of_a_module_of_types_is_on_one_page(module: str) -> None:
    """Names that another public module has, too, are documented by one of the two paths."""
    public = import_module(module).__all__
    paths = {"wikipayam_async", "wikipayam_async.events", module}
    found = {name: sum(DOCUMENTED[f"{path}.{name}"] for path in paths) for name in public}
    assert found == dict.fromkeys(public, 1)


def test_every_documented_name_exists() -> None:
    """Every directive of the reference names something that exists."""
    missing = [
        name for name in DOCUMENTED if not hasattr(import_module(name.rpartition(".")[0]), name.rpartition(".")[2])
    ]
    assert missing == []


def test_a_function_is_described_by_its_signature_and_its_docstring() -> None:
    """Annotations have no quotes, the anchor is that of the site, and sections are lists."""
    assert describe("::: wikipayam_async.optout.is_opt_out").startswith(
        '<a id="wikipayam_async.optout.is_opt_out"></a>\n\n## `is_opt_out`\n\n```python\n'
        "def is_opt_out(\n    text: str,\n    *,\n    words: AbstractSet[str] = ...,\n    code: str | None = '11',\n) -> bool\n"
    )
    assert "\n**Args**\n\n- `text`: " in describe("::: wikipayam_async.optout.is_opt_out")


def test_a_class_is_described_with_its_public_methods_and_properties() -> None:
    """Private and inherited members are left out, and so is `self`."""
    text = describe("::: wikipayam_async.DeliveryReport")
    assert [line.strip("*`") for line in text.splitlines() if line.startswith("**`")] == [
        "DeliveryReport.blacklisted",
        "DeliveryReport.complete",
        "DeliveryReport.delivered",
        "DeliveryReport.failed",
        "DeliveryReport.get",
        "DeliveryReport.summary",
        "DeliveryReport.undelivered",
    ]
    assert "```python\ndef summary() -> str\n```" in text


def test_a_long_signature_has_a_line_for_each_parameter() -> None:
    """The star before the first parameter that is passed by name has its own."""
    lines = describe("::: wikipayam_async.AsyncWikipayam").splitlines()
    start = lines.index("class AsyncWikipayam(")
    assert lines[start + 1 : start + 4] == [
        "    token: str | None = None,",
        "    *,",
        "    sender: str | None = None,",
    ]
    assert lines[lines.index(")") + 1] == "```"


def test_an_enumeration_is_described_by_its_members() -> None:
    """Its signature is another in every version of Python."""
    assert "```python\nclass SendStatus(StrEnum):\n    ACCEPTED = 'accepted'\n" in describe(
        "::: wikipayam_async.SendStatus"
    )


def test_a_constant_is_described_by_its_name() -> None:
    """A constant is shown without the docstring of its type."""
    name = "wikipayam_async.optout.OPT_OUT_WORDS"
    assert describe(f"::: {name}") == f'<a id="{name}"></a>\n\n## `OPT_OUT_WORDS`\n'


def test_a_docstring_becomes_markdown() -> None:
    """Items of a section become list items with their further lines; text after a section is text."""
    docstring = "Do it.\n\nArgs:\n    a: One,\n        two.\n    *b: Three.\n\nReturns:\n    Nothing.\n\nMore."
    assert to_markdown(docstring) == (
        "Do it.\n\n**Args**\n\n- `a`: One,\n  two.\n- `*b`: Three.\n\n**Returns**\n\n  Nothing.\n\nMore."
    )


def test_code_in_a_docstring_becomes_code_without_a_mark() -> None:
    """The marks of reStructuredText before code are left out, alone on a line or behind a sentence."""
    assert to_markdown("Do it.\n\n::\n\n    do()\n\nSo::\n\n    do()") == "Do it.\n\n    do()\n\nSo:\n\n    do()"
