import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.disguises import DISGUISES, finds
from wikipayam_async.redact.decode import decode_fully, decode_once, encoded_words, readings_of
from wikipayam_async.redact.scrub import scrub

TEXT = 'سلام زهرا، your parcel waits / behind "the" green door'


@pytest.mark.parametrize(
    ("escaped", "plain"),
    [
        ("\\u0633\\u0644", "سل"),
        ("\\\\u0633\\u0644", "\\u0633ل"),
        ("\\u{633}%u0644U+0627", "سلا"),
        ("\\U0001f44d \\ud83d\\udc4d", "👍 👍"),
        ("\\u{110000}", "?"),
        ("\\xd8\\xb3 \\xff", "س ÿ"),
        ('a\\/b \\"c\\" d\\ne', 'a/b "c" d e'),
        ("%D8%B3 &#1587; &#x633; &lt;", "س س س <"),
        ("&#99999999999999;", "?;"),
        ("Ø³Ù„Ø§Ù…", "سلام"),
        ("caf\u00e9\u00e8", "caf\u00e9\u00e8"),
        ("C:\\dir", "C:\\dir"),
    ],
)
def test_an_escape_is_decoded(escaped: str, plain: str) -> None:
    """The escapes of JSON, JavaScript, Python, HTML and URLs, and UTF-8 read as Latin-1, give the text."""
    assert decode_once(escaped) == plain


def test_a_text_is_decoded_until_nothing_is_escaped() -> None:
    """Escapes of escapes are decoded, up to a limit."""
    nested = TEXT
    for _ in range(3):
        nested = json.dumps(nested)
    assert (decode_fully(nested) or "").count("سلام") == 1
    assert decode_fully("%" + "25" * 20 + "41") is None
    assert scrub("%" + "25" * 20 + "41", ["abc"]) == "***"


def test_a_word_may_mean_a_text() -> None:
    """Base64 from any place, and hexadecimal of UTF-8 and UTF-16, are read."""
    hidden = [
        base64.b64encode(b"ab" + TEXT.encode())[5:].decode(),
        TEXT.encode().hex(" "),
        TEXT.encode("utf-16-be").hex(),
    ]
    for word in hidden:
        (found,) = [one[0] for one in encoded_words(word) if len(one[0]) > 20]
        assert any("green door" in reading for reading in readings_of(found))


@pytest.mark.parametrize("value", [TEXT, "73915482", "09121112233", "a7Kq2", "1234"])
@pytest.mark.parametrize("name", DISGUISES)
def test_no_disguise_hides_a_value(name: str, value: str) -> None:
    """A value is masked in every encoding, and the words around it are kept; the oracle of the tests finds it, too."""
    disguised = f"The value {DISGUISES[name](value)} is bad"
    quoted = scrub(disguised, [value])
    pieces = [value[start : start + 8] for start in range(max(1, len(value) - 7))]
    assert (finds(disguised, [value]), finds(quoted, pieces), quoted.startswith("The value ")) == (True, False, True)


@given(text=st.text('\\u0&#;x%{}abcdef0123456789=+/ -:"سØ³\x80\n', max_size=200))
def test_any_text_can_be_scrubbed(text: str) -> None:
    """No text, however broken its escapes, makes the scrubber fail."""
    quoted = scrub(text, [TEXT])
    assert (len(quoted) <= 301, quoted.isprintable()) == (True, True)


def test_a_letter_that_grows_in_lower_case_keeps_the_places() -> None:
    """A capital whose small letter has two characters shifts no mask."""
    assert scrub("\u0130\u0130 code K7 x4711x \u0130", ["4711"]) == "\u0130\u0130 code K7 x***x \u0130"


def test_ordinary_words_are_kept() -> None:
    """Words and ids that hold no value are quoted as they are."""
    kept = "The message 69e5eeab43aa60d33601f4ff was not found: dead beef, cafe 12:30, a+b=c"
    assert scrub(kept, [TEXT, "73915482"]) == kept
