"""Pseudorandom fractions and ids: the same in every run and on every interpreter."""

from hashlib import blake2b

from attrs import define, field

MOST_IDS = 2**32
"""How many ids a source can issue: an id has eight digits for its number."""


def fraction(*parts: object) -> float:
    """Return a number from 0 up to, but not including, 1. It depends on `parts` only and is uniformly distributed."""
    digest = blake2b("\x1f".join(map(str, parts)).encode(), digest_size=6).digest()
    return int.from_bytes(digest) / 2**48


@define
class IdSource:
    """Issues ids in the gateway's format: 24 hex digits, ascending, each one once.

    Attributes:
        seed: Two sources with the same seed issue the same ids.
        issued: The number of ids issued so far.
    """

    seed: int
    issued: int = 0
    _prefix: str = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._prefix = blake2b(f"id\x1f{self.seed}".encode(), digest_size=8).hexdigest()

    def take(self) -> str:
        """Issue the next id."""
        return self.take_all(1)[0]

    def take_all(self, count: int) -> list[str]:
        """Issue the next ids.

        Args:
            count: Their number.
        """
        first, prefix = self.issued + 1, self._prefix
        self.issued += count
        return [f"{prefix}{number:08x}" for number in range(first, first + count)]
