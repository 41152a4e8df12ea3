from __future__ import annotations

import pytest

from wikipayam_async import InvalidInputError
from wikipayam_async.verification import check_otp_pattern

HOST = "shop.example"


def rules(text: str, host: str | None = HOST) -> list[str]:
    """Return the rules that a text breaks."""
    return [problem.rule for problem in check_otp_pattern(text, host=host).problems]


def test_a_good_pattern_passes() -> None:
    """The sample is the text as it arrives, and its parts are counted with the code in it."""
    found = check_otp_pattern("کد ورود: {code}\n\n@shop.example #{code}", host=HOST)
    assert found.ok
    assert found.sample == "کد ورود: 123456\n\n@shop.example #123456"
    assert (found.parts.parts, found.parts.units, found.autofill_line) == (1, 38, "@shop.example #{code}")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("کد شما", ["no_code", "autofill_missing"]),
        ("کد: {code}", ["autofill_missing"]),
        ("@shop.example #{code}", ["readable_code"]),
        ("کد: {code}\n@shop.example #{code}\n", ["autofill_not_last"]),
        ("کد: {code}\n@shop.example #{code}\nلغو۱۱", ["autofill_not_last"]),
        ("کد: {code}\n@shop.example  #{code}", ["autofill_spelling"]),
        ("کد: {code}\n@shop.example #{code} ", ["autofill_spelling"]),
        ("کد: {code}\n@other.example #{code}", ["autofill_spelling"]),
        ("کد: {code}\n@https://shop.example #{code}", ["autofill_spelling"]),
        ("کد{code}\n@shop.example #{code}", ["adjacent"]),
        ("{code}است\n@shop.example #{code}", ["adjacent"]),
        ("کد {code}{code}\n@shop.example #{code}", ["adjacent"]),
        ("کد: {code}، تماس ۱۸۱۸\n@shop.example #{code}", ["other_number"]),
        ("سفارش 12345: {code}\n@shop.example #{code}", ["other_number"]),
        ("کد: {code} تا 2 دقیقه\n@shop.example #{code}", []),
    ],
)
def test_every_problem_has_a_rule(text: str, expected: list[str]) -> None:
    """A phone that does not find the code shows nothing, so each is named."""
    assert rules(text) == expected


def test_without_a_host_no_line_is_asked_for() -> None:
    """Only what people read is checked."""
    assert (rules("کد: {code}", host=None), check_otp_pattern("{code}").autofill_line) == ([], None)


def test_the_placeholder_and_the_length_are_the_panels() -> None:
    """The sample has as many digits as the codes."""
    assert check_otp_pattern("%code%", placeholder="%code%", code_length=12).sample == "123456789000"


@pytest.mark.parametrize(
    "options",
    [
        {"host": "https://shop.example"},
        {"host": "Shop.example"},
        {"host": "shop.example:443"},
        {"host": ""},
        {"placeholder": ""},
        {"placeholder": "a\nb"},
        {"code_length": 3},
        {"text": None},
    ],
)
def test_invalid_arguments_are_refused(options: dict[str, object]) -> None:
    """By their name."""
    with pytest.raises(InvalidInputError, match=next(iter(options))):
        check_otp_pattern(**{"text": "{code}", **options})  # type: ignore[arg-type]
