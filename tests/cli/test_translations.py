from __future__ import annotations

from typing import Any

import pytest
from cyclopts import App

from tests.cli.conftest import NARROW, PERSIAN, Run, Shown
from wikipayam_async.cli import app
from wikipayam_async.cli.translations import EnglishHelp, TranslatedHelp, language_of, translate

BALANCE = """\
نحوه‌ی استفاده:
  wikipayam balance [OPTIONS]

نمایش موجودی حساب؛ درستی توکن را هم می‌سنجد

گزینه‌ها:
  --json
      خروجی برای برنامه‌ها، به شکل JSON در stdout
  --timeout FLOAT [پیش‌فرض: 10.0]
      مهلت هر تلاش، به ثانیه
  --base-url STR
      نشانی درگاه، به جای WIKIPAYAM_SMS_API_BASE_URL
  --proxy STR
      نشانی پروکسی؛ پروکسی‌های متغیرهای محیطی به کار نمی‌روند
  --env-file PATH [پیش‌فرض: .env]
      فایل تنظیم‌ها؛ هر سطر مانند SMS_AUTH_TOKEN=...
"""


def test_every_page_is_complete(shown: Shown) -> None:
    """Each page has its usage and the exit codes, and an empty line after its last list."""
    for path, page in shown.pages.items():
        assert page.startswith(f"نحوه‌ی استفاده:\n  wikipayam {' '.join(path)}".rstrip())
        assert "\n\n\nکد خروج: 0 همه پذیرفته شد" in page


def test_sentences_are_wrapped_and_names_are_not_cut(shown: Shown) -> None:
    """Long sentences are wrapped with an indent, and the name of an option is never broken."""
    sentences = [
        line for page in shown.pages.values() for line in page.splitlines() if line.startswith(" " * 6) and line.strip()
    ]
    assert [line for line in sentences if len(line) > NARROW] == []
    page = " ".join(shown.pages["bulk",].split())
    assert "اگر ندهید 100، یا کمتر با گزینه‌ی --rate" in page


def test_a_persian_page(monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    """Under a Persian locale options and their sentences are on separate lines, without boxes."""
    monkeypatch.setenv("LANG", "fa_IR.UTF-8")
    ended = run("balance", "--help")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith(BALANCE)


def test_choices_and_required_arguments_are_shown(shown: Shown) -> None:
    """The choices of an argument, and whether it is required, follow its name."""
    assert "  SHELL [یکی از: bash, zsh, fish, powershell] [الزامی]\n      نام پوسته\n" in shown.pages["completion",]


def test_commands_are_listed_in_columns(shown: Shown) -> None:
    """The list of commands has one line per command with its summary."""
    assert (
        "دستورها:\n"
        "  balance      نمایش موجودی حساب؛ درستی توکن را هم می‌سنجد\n"
        "  send         ارسال یک متن به یک یا چند گیرنده\n"
    ) in shown.pages[()]
    assert "  --help, -h   نمایش همین راهنما\n  --version    نمایش نسخه\n" in shown.pages[()]


def test_paragraphs_are_separate_and_empty_lists_are_not_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """Each paragraph of a description is translated by itself; a command without options shows no list."""
    bare = App(
        name="bare",
        help="Do not ask.\n\nUntil\nthis day.",
        help_flags=(),
        version_flags=(),
        help_format="plaintext",
        help_formatter=TranslatedHelp("fa"),
    )
    bare.help_print([])
    assert capsys.readouterr().out == "نحوه‌ی استفاده:\n  bare\n\nنپرس\n\nتا این روز\n\n"


@pytest.mark.parametrize(
    ("environ", "language"),
    [
        ({}, "en"),
        ({"LANG": "C"}, "en"),
        ({"LANG": "C.UTF-8"}, "en"),
        ({"LANG": "en_US.UTF-8"}, "en"),
        ({"LANG": "fa_IR.UTF-8"}, "fa"),
        ({"LANG": "fa_IR"}, "fa"),
        ({"LANG": "fa.UTF-8"}, "fa"),
        ({"LANG": "fa"}, "fa"),
        ({"LANG": "fat_GH"}, "en"),
        ({"LC_MESSAGES": "fa_IR.UTF-8", "LANG": "en_US.UTF-8"}, "fa"),
        ({"LC_ALL": "C", "LC_MESSAGES": "fa_IR.UTF-8", "LANG": "fa_IR.UTF-8"}, "en"),
        ({"LC_ALL": "fa_IR.UTF-8", "LANG": "C"}, "fa"),
        ({"LC_ALL": "", "LC_MESSAGES": "", "LANG": "fa_IR.UTF-8"}, "fa"),
    ],
)
def test_the_locale_decides_the_language(environ: dict[str, str], language: str) -> None:
    """The first non-empty one of LC_ALL, LC_MESSAGES and LANG decides; all but Persian is English."""
    assert language_of(environ) == language


def test_texts_without_a_translation_are_unchanged() -> None:
    """Line ends count as spaces in the catalogue, and texts that it lacks are shown in English."""
    assert translate("Do not\n    ask.", "fa") == "نپرس"
    assert translate("Not in\nthe catalogue.", "fa") == "Not in\nthe catalogue."
    assert translate("Do not ask.", "en") == "Do not ask."


def test_the_english_help_is_wrapped(monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    """Under any other locale the help is English, and its paragraphs are wrapped to the terminal."""
    formatters: list[Any] = [app.build(language).help_formatter for language in ("en", "fa")]
    assert [type(one) for one in formatters] == [EnglishHelp, TranslatedHelp]
    monkeypatch.setenv("LANG", "en_US.UTF-8")
    first_line = (
        "The whole file is checked and stored in FILE.campaign before anything is sent. Nothing is sent twice: after an"
    )
    assert f"\n\n{first_line}\n" in run("bulk", "--help").out
    for argv in ((), ("send",), ("inbox", "list")):
        ended = run(*argv, "--help")
        assert ended.out.startswith(f"Usage: {' '.join(('wikipayam', *argv))} ")
        assert PERSIAN.search(ended.out) is None
