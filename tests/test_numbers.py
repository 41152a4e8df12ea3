from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wikipayam_async.errors import InvalidInputError
from wikipayam_async.numbers import normalize_receiver

ZEROS = "0۰٠０"
NOISE = " \t\n-().·\u00a0\u00ad\u2010\u2013\u2014\u2212\u200b\u200c\u200d\u200e\u200f\u202a\u202c\u2066\u2069\ufeff"


@pytest.mark.parametrize(
    "text",
    [
        "09123456789",
        "9123456789",
        "989123456789",
        "+989123456789",
        "00989123456789",
        "0912 345 6789",
        "+98 912-345-6789",
        "(0912) 345.6789",
        "۰۹۱۲۳۴۵۶۷۸۹",
        "٠٩١٢٣٤٥٦٧٨٩",
        "０９１２３４５６７８９",
        "＋۹۸۹۱۲۳۴۵۶۷۸۹",
        "\u202a+98 912 345 6789\u202c",
        "0912\u200c345\u200c6789",
        "\ufeff09123456789\n",
    ],
)
def test_every_usual_spelling_comes_to_one_form(text: str) -> None:
    """However a mobile is written, it is sent in the form that the gateway documents."""
    assert normalize_receiver(text) == "09123456789"


@given(
    rest=st.text("0123456789", min_size=9, max_size=9),
    front=st.sampled_from(["0", "", "98", "+98", "0098"]),
    data=st.data(),
)
def test_any_mixture_of_digits_and_noise_comes_to_one_form(rest: str, front: str, data: st.DataObject) -> None:
    """Every digit may come from another script, with spaces and marks anywhere between."""
    written = ""
    for character in f"{front}9{rest}":
        zero = data.draw(st.sampled_from(ZEROS))
        written += chr(ord(zero) + int(character)) if character != "+" else data.draw(st.sampled_from("+＋"))
        written += data.draw(st.text(NOISE, max_size=2))
    assert normalize_receiver(written) == f"09{rest}"


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("", "a string of 0 characters"),
        ("0912345678", "a string of 10 characters with digits"),
        ("091234567890", "a string of 12 characters with digits"),
        ("02188776655", "a string of 11 characters with digits"),
        ("+9809123456789", "a string of 14 characters with digits, other signs"),
        ("++989123456789", "a string of 14 characters with digits, other signs"),
        ("+09123456789", "a string of 12 characters with digits, other signs"),
        ("0912345678a", "a string of 11 characters with digits, letters"),
        ("09123456789;", "a string of 12 characters with digits, other signs"),
        ("09123456789 09123456789", "a string of 23 characters with digits, spaces"),
        ("091234567²9", "a string of 11 characters with digits, other signs"),
        ("09123456789" + " " * 54, "a string of 65 characters with digits, spaces"),
        (None, "None"),
        (9123456789, "a number (int)"),
        (9.0, "a number (float)"),
        (True, "True"),
        (b"09123456789", "an object of type bytes"),
        (["09123456789"], "an object of type list"),
    ],
)
def test_what_is_no_mobile_is_refused_without_being_shown(text: Any, shape: str) -> None:
    """The error names the field and the value's shape, never the value."""
    with pytest.raises(InvalidInputError) as caught:
        normalize_receiver(text, field="to")
    assert (caught.value.field, caught.value.got) == ("to", shape)
    assert str(caught.value) == (
        "to: expected an Iranian mobile number such as 09123456789 (normalize=False sends any receiver as it is); "
        f"got {shape}"
    )


@given(st.text() | st.text("0۰٠+9 8-1", max_size=20) | st.none() | st.integers() | st.binary())
def test_nothing_else_is_ever_raised(text: Any) -> None:
    """Any value either comes to `09…` or is an `InvalidInputError`."""
    try:
        found = normalize_receiver(text)
    except InvalidInputError:
        return
    assert (found[:2], len(found), found.isascii(), found.isdecimal()) == ("09", 11, True, True)


@given(st.text("0123456789", min_size=9, max_size=9))
def test_the_one_form_stays_as_it_is(rest: str) -> None:
    """A number that is written right already is not changed."""
    assert normalize_receiver(f"09{rest}") == f"09{rest}"
