"""The pages on errors have every public error class, and quote the texts that users see."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path

import anyio
import pytest

from tests.docs.bench import Bench, raised_by
from tests.docs.pages import DOCS
from tests.docs.raised import RAISED, errors_of_commands
from tests.docs.test_reference import MODULES
from wikipayam_async.emulator import Emulator

LOCALES = {"en": "C.UTF-8", "fa": "fa_IR.UTF-8"}
UNRAISED = {"WikipayamError"}
"""Base classes that nothing raises."""

_SECTION = re.compile(r"^##(?:#)? (.+)$", re.MULTILINE)
_BLOCK = re.compile(r"^```text\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def quoted(language: str) -> Mapping[str, Sequence[str]]:
    """Return the texts that the page of a language quotes, each on one line, by the headings of its sections."""
    _, *parts = _SECTION.split((DOCS / language / "errors.md").read_text("utf-8"))
    return {
        heading.strip("`"): [_one_line(text) for block in _BLOCK.findall(section) for text in block.split("\n\n")]
        for heading, section in zip(parts[::2], parts[1::2], strict=True)
    }


def _one_line(text: str) -> str:
    return " ".join(text.split())


def public_errors() -> set[str]:
    """Return the names of all public exception classes."""
    found = (
        (name, getattr(import_module(module), name)) for module in MODULES for name in import_module(module).__all__
    )
    return {name for name, one in found if isinstance(one, type) and issubclass(one, Exception)}


@pytest.mark.parametrize("language", LOCALES)
def test_every_public_error_has_an_entry(language: str) -> None:
    """The pages of both languages have a section for each public error class, and for no other."""
    assert {heading for heading in quoted(language) if heading.endswith("Error")} == public_errors()
    assert public_errors() == RAISED.keys() | UNRAISED


@pytest.mark.parametrize("name", RAISED)
def test_the_quoted_texts_are_what_users_see(name: str, tmp_path: Path) -> None:
    """Both pages quote the texts of the errors that the package raises."""
    seen = []
    for number, raises in enumerate(RAISED[name]):
        (folder := tmp_path / str(number)).mkdir()
        seen.append(anyio.run(raised_by, raises, Bench(Emulator(), folder)))
    expected = [_one_line(text) for _, text in seen]
    assert {kind for kind, _ in seen} <= {name, "DatabaseAwayError"}
    assert {language: quoted(language)[name] for language in LOCALES} == dict.fromkeys(LOCALES, expected)


@pytest.mark.parametrize("language", LOCALES)
def test_the_quoted_errors_of_commands_are_what_users_see(language: str, tmp_path: Path) -> None:
    """The last section of a page quotes what the commands write in its language."""
    expected = [_one_line(text) for text in errors_of_commands(tmp_path, LOCALES[language])]
    *_, last = quoted(language).values()
    assert last == expected
