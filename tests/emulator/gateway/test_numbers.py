import pytest

from wikipayam_async.emulator.gateway.numbers import is_mobile, local_form


@pytest.mark.parametrize("number", ["09123456789", "989123456789", "+989123456789", "00989123456789"])
def test_every_spelling_of_a_mobile_number_is_the_same_number(number: str) -> None:
    """All four spellings are valid and have the same local form."""
    assert (is_mobile(number), local_form(number)) == (True, "09123456789")


@pytest.mark.parametrize(
    "number", ["", "0912345678", "091234567890", "9123456789", "۰۹۱۲۳۴۵۶۷۸۹", "09123456789\n", "10002000"]
)
def test_another_number_is_unchanged(number: str) -> None:
    """Any other number is not a mobile number, and its local form is itself."""
    assert (is_mobile(number), local_form(number)) == (False, number)
