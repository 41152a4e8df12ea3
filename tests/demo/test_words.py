import re
from string import Formatter

import pytest

from wikipayam_async.demo import __main__ as demo
from wikipayam_async.demo.faults import READING, SENDING
from wikipayam_async.demo.words import ENGLISH, words_of
from wikipayam_async.demo.words_fa import PERSIAN

NAMES = re.compile(r"demo-[\d.]+|http://\S+|Retry-After")


def placeholders(text: str) -> list[str]:
    """Return what is filled in, in any order, with its format."""
    return sorted(f"{name}:{form}" for _, name, form, _ in Formatter().parse(text) if name)


def test_english_is_unchanged() -> None:
    """Values are filled in; a text without values keeps its braces."""
    assert words_of("en") is ENGLISH
    assert ENGLISH("{count:,} accepted", count=1_000) == "1,000 accepted"
    assert ENGLISH("{x}") == "{x}"
    assert ENGLISH.kept("0912") == "0912"


def test_persian_comes_from_the_catalogue() -> None:
    """What it lacks stays English, and a masked number has marks around it."""
    say = words_of("fa")
    assert (say("ok"), say("no such text"), say.kept("0912")) == ("درست", "no such text", "\u200e0912\u200e")


def test_the_texts_have_the_same_values() -> None:
    """Each Persian text fills in what the English one does, and every fault has a name."""
    assert [text for text, persian in PERSIAN.items() if placeholders(text) != placeholders(persian)] == []
    assert [one.name for one in (*SENDING, *READING) if one.name not in PERSIAN] == []


def test_the_whole_demo_speaks_persian(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """With every fault and outcome, no English word is left but names."""
    monkeypatch.setattr(demo, "DELIVERED_AFTER", 0.0)
    monkeypatch.setattr(demo, "FAILED_AFTER", 0.1)
    options = ["--messages", "300", "--batch-size", "5", "--seed", "3", "--concurrency", "6", "--language", "fa"]
    assert demo.main(options) == 0
    printed = capsys.readouterr()
    assert printed.out.splitlines()[-1].startswith("دفتر درگاه با گزارش یکی است")
    assert printed.err.splitlines()[-1].startswith("تحویل: ")
    assert re.findall(r"[A-Za-z]+", NAMES.sub("", printed.out + printed.err)) == []
