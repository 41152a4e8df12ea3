from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.cli.conftest import PERSIAN, Shown
from wikipayam_async.cli.speech_fa import SENTENCES
from wikipayam_async.cli.translations_fa import TRANSLATIONS

PAGES = Path(__file__).parent.parent.parent / "docs" / "fa"
COMMANDS = 66
ARABIC_LETTERS = re.compile("[\u064a\u0643]")


NAMES = re.compile(r"--[a-z-]+|[A-Z]+_[A-Z_]+|std(?:in|out)|Ctrl-C")


def test_every_help_text_has_a_translation(shown: Shown) -> None:
    """No page of the help shows an English sentence."""
    assert len(shown.pages) == 1 + COMMANDS
    assert sorted(text for text in shown.asked if text not in TRANSLATIONS and not PERSIAN.search(text)) == []


def test_no_entry_of_the_catalogue_is_unused(shown: Shown) -> None:
    """Every translation is used by some page."""
    assert sorted(set(TRANSLATIONS) - shown.asked) == []


def test_the_persian_keeps_the_names(shown: Shown) -> None:
    """Options, variables and streams have the same names in both languages, and placeholders are kept."""
    assert {english: NAMES.findall(persian) for english, persian in TRANSLATIONS.items() if NAMES.findall(english)} == {
        english: NAMES.findall(english) for english in TRANSLATIONS if NAMES.findall(english)
    }
    assert [english for english, persian in TRANSLATIONS.items() if english.count("{}") != persian.count("{}")] == []


def test_the_persian_is_consistent() -> None:
    """The catalogue has Persian letters, no Arabic ones, and no final full stop."""
    assert [text for text in TRANSLATIONS.values() if ARABIC_LETTERS.search(text) or not PERSIAN.search(text)] == []
    assert [text for text in TRANSLATIONS.values() if text.endswith(".") and not text.endswith("=...")] == []


MENDED = (
    "نویسه", "آزمونگر", "رسیدگی‌کننده", "سرِ سطر", "جاکلیدی", "آغاز تصادف", "شماره‌ی الگو", "بی‌کدنویسی", "بی‌پرسش", "بی‌واسطه",
    "لغو کار", "«لغو ۱۱»", "واژه‌ی پایانی", "کاربرد:", "تکرارشدنی", "بجویید", "ویراسته", "پایتون ۳٫",
)  # fmt: skip
"""Terms that developers in Iran do not use, or not for this."""


@pytest.mark.parametrize("term", MENDED)
def test_the_terms_are_those_of_developers(term: str) -> None:
    """The help, the sentences and the Persian pages say کاراکتر, پترن, تست and the like."""
    texts = {
        "help": " ".join(TRANSLATIONS.values()),
        "sentences": " ".join(sentence for _, sentence in SENTENCES),
        **{page.name: page.read_text("utf-8") for page in PAGES.glob("*.md")},
    }
    assert [name for name, text in texts.items() if term in text] == []
