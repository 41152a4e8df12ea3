"""The keyed digest of a message."""

from __future__ import annotations

from wikipayam_async.idempotency.digest import digest_of


def test_every_part_counts() -> None:
    """The key, the kind, each value, where one ends and the next begins, and the secret."""
    digests = [
        digest_of("k", "sms", ("0912", "text"), b""),
        digest_of("l", "sms", ("0912", "text"), b""),
        digest_of("k", "otp", ("0912", "text"), b""),
        digest_of("k", "sms", ("0913", "text"), b""),
        digest_of("k", "sms", ("0912", "texts"), b""),
        digest_of("k", "sms", ("0912t", "ext"), b""),
        digest_of("k", "sms", ("0912", "text", ""), b""),
        digest_of("k", "sms", ("0912", "text"), b"s" * 16),
        digest_of("k", "sms", ("0912", "\ud800"), b""),
    ]
    assert len(set(digests)) == len(digests)
    assert {len(digest) for digest in digests} == {64}


def test_a_digest_stays_the_same() -> None:
    """In every version: stores keep it for a week."""
    assert digest_of("k", "sms", ("0912", "text"), b"") == (
        "a6794ae9ddd902c372a899aa98724b29b657c80f6246bcc5ec57bccbc3118b7b"
    )
