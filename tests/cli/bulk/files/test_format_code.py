from __future__ import annotations

import pytest

from wikipayam_async.cli.bulk.files.format_code import Locale, UnknownFormatError, parse_format


def test_a_format_is_parsed_once() -> None:
    """The sections are cached."""
    assert parse_format("#,##0;-0") is parse_format("#,##0;-0")


def test_quotes_and_escapes_are_literal() -> None:
    """A semicolon in quotes separates no sections."""
    (section,) = parse_format('"a;d"\\;0[Blue]*x_)')
    assert section.tokens == (("literal", "a;d"), ("literal", ";"), ("digit", "0"), ("literal", " "))
    assert section.kinds == {"literal", "digit"}


def test_a_condition_belongs_to_its_section() -> None:
    """It decides before the position does."""
    assert [section.condition for section in parse_format("[>=100]0;[Red]0")] == [(">=", "100"), None]


@pytest.mark.parametrize(
    ("code", "locale"),
    [
        ("0", Locale()),
        ("[$ریال]0", Locale()),
        ("[$-409]0", Locale(9)),
        ("[$-3160429]0", Locale(0x29, 3, 0x16)),
        ("[$-3000000]0", Locale(0, 3)),
        ("[$-fa-IR,16]0", Locale(0x29, 0, 0x16)),
        ("[$-de-DE]0", Locale(-1)),
        ("[$-fax]0", Locale(-1)),
    ],
)
def test_the_locale_of_a_format(code: str, locale: Locale) -> None:
    """Language, digits and calendar are in one number, or after a tag."""
    assert parse_format(code)[0].locale == locale


@pytest.mark.parametrize("code", ["[DBNum1]0", "0;0;0;0;0", "ggg"])
def test_an_unknown_element_is_refused(code: str) -> None:
    """Its display is not guessed."""
    with pytest.raises(UnknownFormatError):
        parse_format(code)
