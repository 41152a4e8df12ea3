from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.verification.stage import SECRET
from wikipayam_async import ConfigurationError
from wikipayam_async.verification.codes import CodeKeys, matches, normalize_code


@pytest.mark.parametrize(
    "entered",
    ["123456", "۱۲۳۴۵۶", "١٢٣٤٥٦", " 123 456 ", "123-456", "۱۲۳\u200c۴۵۶", "\u200e123456\r\n", "１２３４５６"],
)
def test_a_code_may_be_typed_in_many_ways(entered: str) -> None:
    """Digits of every script, with spaces, hyphens and invisible marks."""
    assert normalize_code(entered) == "123456"


@pytest.mark.parametrize("entered", [None, 123456, b"123456", "1" * 257, ["1"]])
def test_what_is_no_text_is_no_code(entered: object) -> None:
    """Neither is a text that is far too long."""
    assert normalize_code(entered) == ""


def test_what_is_no_digit_is_kept() -> None:
    """So it is wrong; a text of 256 characters is still read."""
    assert [normalize_code(entered) for entered in ("12a4", "۱۲½", "1" * 256)] == ["12a4", "12½", "1" * 256]


def test_half_a_character_is_a_wrong_code() -> None:
    """A lone surrogate, which JSON may hold, cannot be encoded; it raises nothing."""
    assert matches(normalize_code("\ud83d23456"), "123456") is False


@given(st.text())
def test_any_text_can_be_compared(entered: str) -> None:
    """Whatever is entered, nothing is raised, and only the code matches."""
    normal = normalize_code(entered)
    assert matches(normal, "123456") is (normal == "123456")


def test_a_code_depends_on_everything() -> None:
    """Another challenge, receiver, purpose or secret gives another code; the same ones give the same."""
    keys, others = CodeKeys(SECRET, length=10), CodeKeys("x" * 32, length=10)
    facts = {"challenge": "a", "receiver": "09123456789", "purpose": "login"}
    codes = {keys.derive(keys.newest, **{**facts, name: "b"}) for name in facts}
    codes |= {keys.derive(keys.newest, **facts), others.derive(others.newest, **facts)}
    assert len(codes) == 5
    assert CodeKeys(SECRET, length=10).derive(keys.newest, **facts) in codes


def test_what_is_derived_stays_the_same() -> None:
    """Codes that were sent before an upgrade are right after it, and the secret of another use opens nothing else."""
    keys = CodeKeys("a" * 32, length=8)
    code = keys.derive(keys.newest, challenge="c-1", receiver="09123456789", purpose="login")
    assert (keys.newest, code, keys.pseudonym("09123456789")) == ("4090e6e1c568ddaa", "27023588", "a013e46c25a81300")
    (other,) = keys.secrets_for("proof")
    assert other.hex() == "46236a779c5f3d8160bc8e75d83598bbeb2e73d18a54933d7ea0a22dd2602a7d"


def test_parts_do_not_run_together() -> None:
    """Where one part ends and the next begins makes a difference."""
    keys = CodeKeys(SECRET, length=10)
    one = keys.derive(keys.newest, challenge="a", receiver="bc", purpose="d")
    assert one != keys.derive(keys.newest, challenge="ab", receiver="c", purpose="d")


def test_codes_are_spread_evenly() -> None:
    """Of 20,000 codes every first digit is as frequent as the others, with all leading zeros kept."""
    keys = CodeKeys(SECRET, length=6)
    codes = [keys.derive(keys.newest, challenge=str(n), receiver="r", purpose="p") for n in range(20_000)]
    assert {len(code) for code in codes} == {6}
    counts = Counter(code[0] for code in codes)
    # Five standard deviations of a fair draw are 212.
    assert all(abs(counts[digit] - 2000) < 212 for digit in "0123456789")


def test_the_first_secret_derives_and_all_check() -> None:
    """A secret is known by an id that does not reveal it."""
    old, new = CodeKeys("o" * 32, length=6), CodeKeys(["n" * 32, b"o" * 32], length=6)
    assert (new.newest != old.newest, new.knows(old.newest), old.knows(new.newest)) == (True, True, False)
    facts = {"challenge": "a", "receiver": "r", "purpose": "p"}
    assert new.derive(old.newest, **facts) == old.derive(old.newest, **facts)
    assert repr(new) == "CodeKeys(2 secrets)"


def test_a_secret_is_valid_unicode() -> None:
    """The error of an encoder would hold the secret."""
    with pytest.raises(ConfigurationError, match="secret: expected valid Unicode; got a lone surrogate") as caught:
        CodeKeys(["x" * 32, "x" * 32 + "\ud800"], length=6)
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)


@pytest.mark.parametrize("secret", ["short", b"short", [], None, 5, ["x" * 32, "short"], ["x" * 32, 5]])
def test_a_secret_must_be_long(secret: object) -> None:
    """The error does not show it, and says how to make one."""
    with pytest.raises(ConfigurationError, match=r"secrets\.token_hex") as caught:
        CodeKeys(secret, length=6)  # type: ignore[arg-type]
    assert "short'" not in str(caught.value)
