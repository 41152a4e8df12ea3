import copy
import pickle
from typing import Any

import pytest

from wikipayam_async.redact.sealed import SealedBytes, SealedFields, Secret


def test_a_secret_is_masked() -> None:
    """Only `reveal()` returns the string; `repr`, `str` and formats show a mask."""
    secret = Secret("t0ken")
    assert [repr(secret), str(secret), f"{secret}", f"{secret!r}", "%s" % secret, f"{[secret]}"] == [  # noqa: UP031 - a format like any other
        "Secret('***')",
        "Secret('***')",
        "Secret('***')",
        "Secret('***')",
        "Secret('***')",
        "[Secret('***')]",
    ]
    assert secret.reveal() == "t0ken"
    assert hasattr(secret, "__dict__") is False


def test_secrets_are_compared_by_value() -> None:
    """Equal secrets are equal and hash alike; a secret never equals a plain string."""
    assert [Secret("a") == Secret("a"), Secret("a") == Secret("b"), Secret("a") == "a"] == [True, False, False]
    assert len({Secret("a"), Secret("a"), Secret("b")}) == 2


@pytest.mark.parametrize("serialise", [pickle.dumps, copy.copy, copy.deepcopy])
def test_a_secret_cannot_be_pickled_or_copied(serialise: Any) -> None:
    """Pickling or copying raises an error that says what to do."""
    with pytest.raises(TypeError) as caught:
        serialise(Secret("t0ken"))
    assert str(caught.value) == "a Secret cannot be pickled: pass the token to the other process in its environment"


def test_sealed_bytes_show_their_length() -> None:
    """Sealed bytes are bytes whose `repr` and `str` show only the length."""
    sealed = SealedBytes(b"0912")
    assert [repr(sealed), str(sealed), f"{sealed}"] == ["<4 bytes>"] * 3
    assert (sealed, len(sealed), sealed + b"!") == (b"0912", 4, b"0912!")


def test_sealed_fields_show_their_names() -> None:
    """They are compared with others, and with a mapping, by their contents; without fields they are false."""
    sealed = SealedFields({"message": "hi"}).after({"receiver": "09120000001"})
    assert (sealed == sealed.reveal(), sealed == SealedFields(sealed.reveal()), sealed == {}) == (True, True, False)
    assert (bool(sealed), bool(SealedFields({}))) == (True, False)
    assert [name in repr(sealed) for name in ("receiver", "message", "0912", "hi")] == [True, True, False, False]
