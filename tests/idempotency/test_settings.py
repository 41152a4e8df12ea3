"""Checks of keys, stores and settings."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from wikipayam_async import AsyncWikipayam, ConfigurationError, InvalidInputError
from wikipayam_async.idempotency import MemoryIdempotencyStore, SQLiteIdempotencyStore
from wikipayam_async.idempotency.settings import check_keep_for, check_key, check_secret, check_store, require_store


@pytest.mark.parametrize("key", ["a", "order-42:shipped", "!~", "x" * 255])
def test_valid_keys(key: str) -> None:
    """1 to 255 visible ASCII characters."""
    assert check_key(key) == key


def test_an_invalid_key_is_not_quoted() -> None:
    """It may hold a phone number."""
    with pytest.raises(InvalidInputError) as caught:
        check_key("to 09123456789")
    assert "0912" not in str(caught.value)


@pytest.mark.parametrize("store", ["sent.db", 7, object(), MemoryIdempotencyStore, {}])
def test_what_is_no_store_is_refused(store: Any) -> None:
    """By the client, too, and by `with_options`."""
    with pytest.raises(ConfigurationError, match=r"idempotency: expected a store such as SQLiteIdempotencyStore"):
        check_store(store)
    with pytest.raises(ConfigurationError, match="idempotency: expected a store"):
        AsyncWikipayam("token", idempotency=store)
    with pytest.raises(ConfigurationError, match="idempotency: expected a store"):
        AsyncWikipayam("token").with_options(idempotency=store)


def test_a_store_is_recognized_by_its_methods() -> None:
    """None is none."""
    store = MemoryIdempotencyStore()
    check_store(store)
    check_store(None)
    assert require_store(store) is store
    with pytest.raises(ConfigurationError, match="the client has no store for keys"):
        require_store(None)


@pytest.mark.parametrize("keep_for", [None, 7, timedelta(0), timedelta(seconds=-1)])
def test_keys_are_kept_for_some_time(keep_for: Any) -> None:
    """A number has no unit."""
    with pytest.raises(ConfigurationError, match="keep_for: expected a timedelta above 0"):
        check_keep_for(keep_for)
    assert check_keep_for(timedelta(days=1)) == timedelta(days=1)


def test_a_secret_is_valid_unicode() -> None:
    """The error of an encoder would hold the secret."""
    with pytest.raises(ConfigurationError, match="secret: expected valid Unicode; got a lone surrogate") as caught:
        check_secret("x" * 16 + "\ud800")
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)


@pytest.mark.parametrize("secret", ["", "short", b"short", 7])
def test_a_secret_is_long_enough(secret: Any) -> None:
    """It is not quoted."""
    with pytest.raises(ConfigurationError, match="secret: expected at least 16 bytes") as caught:
        check_secret(secret)
    assert "short" not in str(caught.value)


def test_a_secret_is_text_or_bytes() -> None:
    """None is none."""
    assert [check_secret(one).reveal() for one in (None, "s" * 16, b"s" * 16)] == [b"", b"s" * 16, b"s" * 16]


@pytest.mark.parametrize("path", ["", None, 7])
def test_a_file_has_a_path(path: Any) -> None:
    """Checked before anything is opened."""
    with pytest.raises(ConfigurationError, match="path: expected the path of a file"):
        SQLiteIdempotencyStore(path)
