"""Signed proofs that a number was verified."""

from __future__ import annotations

import base64
import hashlib
import hmac
import pickle
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from wikipayam_async import ConfigurationError, WikipayamError
from wikipayam_async.verification.proof import InvalidProofError, NumberProofs, VerifiedNumber

SECRET, OTHER = "a" * 32, b"b" * 32
RECEIVER = "09123456789"
NOON = 1_800_000_000.0


def proofs(secret: Any = SECRET, at: float = NOON, **options: Any) -> NumberProofs:
    """Return proofs whose clock stands still."""
    return NumberProofs(secret, clock=lambda: at, **options)


def test_a_proof_says_who_verified_what_and_when() -> None:
    """Also to another process that has the secret."""
    proof = proofs().issue(RECEIVER, purpose="login", challenge_id="c-1")
    at = datetime.fromtimestamp(NOON, UTC)
    expected = VerifiedNumber(RECEIVER, "login", "c-1", at, at + timedelta(minutes=10))
    assert proofs().verify(proof, purpose="login") == expected
    assert len(proof) < 250


@pytest.mark.parametrize("challenge_id", ["c", "cc", "ccc"])
def test_a_proof_needs_no_quoting(challenge_id: str) -> None:
    """It fits into a URL and a cookie as it is, whatever the length of its content."""
    proof = proofs().issue(RECEIVER, purpose="login", challenge_id=challenge_id)
    assert re.fullmatch(r"wp1\.[\w-]+\.[\w-]{43}", proof, re.ASCII)
    assert proofs().verify(proof, purpose="login").challenge_id == challenge_id


def test_a_proof_may_do_without_a_challenge() -> None:
    """Then it names none."""
    assert proofs().verify(proofs().issue(RECEIVER, purpose="login"), purpose="login").challenge_id == ""


def test_a_proof_is_for_one_purpose() -> None:
    """A proof of a login resets no password."""
    proof = proofs().issue(RECEIVER, purpose="login")
    with pytest.raises(InvalidProofError, match=r"^the proof is for another purpose$"):
        proofs().verify(proof, purpose="reset")


@pytest.mark.parametrize(("after", "valid"), [(0, True), (59.9, True), (60, False), (10**6, False)])
def test_a_proof_expires(after: float, valid: bool) -> None:
    """After its lifetime, to the second."""
    proof = proofs(lifetime=timedelta(minutes=1)).issue(RECEIVER, purpose="login")
    checking = proofs(at=NOON + after)
    if valid:
        assert checking.verify(proof, purpose="login").receiver == RECEIVER
    else:
        with pytest.raises(InvalidProofError, match=r"^the proof has expired; verify the number again$"):
            checking.verify(proof, purpose="login")


def test_secrets_rotate() -> None:
    """The first secret signs and every one is accepted; a proof ends with its secret."""
    old = proofs(SECRET).issue(RECEIVER, purpose="login")
    both = proofs([OTHER, SECRET])
    new = both.issue(RECEIVER, purpose="login")
    assert [both.verify(proof, purpose="login").receiver for proof in (old, new)] == [RECEIVER] * 2
    assert proofs(OTHER).verify(new, purpose="login").receiver == RECEIVER
    with pytest.raises(InvalidProofError, match="was not signed with a secret of this app"):
        proofs(OTHER).verify(old, purpose="login")


def _with_payload(change: Callable[[bytes], bytes]) -> Callable[[str], str]:
    def changed(proof: str) -> str:
        prefix, payload, signature = proof.split(".")
        plain = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
        return f"{prefix}.{base64.urlsafe_b64encode(change(plain)).decode().rstrip('=')}.{signature}"

    return changed


@pytest.mark.parametrize(
    "change",
    [
        _with_payload(lambda plain: plain.replace(b"0912", b"0935")),
        _with_payload(lambda plain: plain.replace(b"login", b"reset")),
        lambda proof: proof[:-1],
        lambda proof: proof + "=",
        lambda proof: proof.rpartition(".")[0] + ".",
        lambda proof: proof.replace("wp1", "wp2"),
        lambda proof: "wp1." + proof.partition(".")[2].partition(".")[2],
        lambda _: "",
        lambda _: "..",
        lambda _: "wp1.e30.",
        lambda proof: proof + "۱",
        lambda proof: proof * 20,
        lambda _: 7,
    ],
)
def test_a_changed_proof_is_refused(change: Callable[[str], Any]) -> None:
    """Whatever was changed; the error does not quote it."""
    changed = change(proofs().issue(RECEIVER, purpose="login"))
    for purpose in ("login", "reset"):
        with pytest.raises(InvalidProofError, match=r"^the proof (is malformed|was not signed)") as caught:
            proofs().verify(changed, purpose=purpose)
        assert isinstance(caught.value, WikipayamError)
        assert "wp1" not in str(caught.value)
        assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)  # noqa: S301 - our own


def test_a_proof_is_not_signed_with_the_secret_itself() -> None:
    """A signature of another use of the secret is no proof."""
    signed, _, _ = proofs().issue(RECEIVER, purpose="login").rpartition(".")
    raw = hmac.digest(SECRET.encode(), signed.encode(), hashlib.sha256)
    with pytest.raises(InvalidProofError):
        proofs().verify(f"{signed}.{base64.urlsafe_b64encode(raw).decode().rstrip('=')}", purpose="login")


def test_nothing_shows_a_number_or_a_secret() -> None:
    """Neither the `repr` of a proof's content nor that of the object that signs."""
    found = proofs().verify(proofs().issue(RECEIVER, purpose="login"), purpose="login")
    assert "0912*****89" in repr(found)
    assert repr(proofs()) == "NumberProofs(lifetime=datetime.timedelta(seconds=600))"
    assert proofs().lifetime == timedelta(minutes=10)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"secret": "short"}, r"^secret: expected at least 32 bytes, such as .+; got a string of 5 characters"),
        ({"secret": []}, "^secret: expected at least one$"),
        ({"secret": None}, "secret: expected at least 32 bytes"),
        ({"secret": [SECRET, 7]}, "secret: expected at least 32 bytes"),
        ({"secret": SECRET, "lifetime": 60}, "lifetime: expected a timedelta of 1 second to 1 day"),
        ({"secret": SECRET, "lifetime": timedelta(0)}, "lifetime: expected"),
        ({"secret": SECRET, "lifetime": timedelta(days=2)}, "lifetime: expected"),
    ],
)
def test_invalid_settings_are_refused(arguments: dict[str, Any], expected: str) -> None:
    """Without quoting a secret."""
    with pytest.raises(ConfigurationError, match=expected) as caught:
        NumberProofs(**arguments)
    assert "short" not in str(caught.value)
