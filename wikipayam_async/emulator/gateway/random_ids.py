"""Numbers that look random and are the same in every run, on every interpreter."""

from hashlib import blake2b

from attrs import define, field


def fraction(*parts: object) -> float:
    """Map some values to a number that only they decide.

    Args:
        *parts: What the number depends on.

    Returns:
        A number from 0 up to, but not including, 1, spread evenly.
    """
    digest = blake2b("\x1f".join(map(str, parts)).encode(), digest_size=6).digest()
    return int.from_bytes(digest) / 2**48


@define
class IdSource:
    """Deals out ids as the gateway's look: 24 hex digits, rising, never twice the same.

    Attributes:
        seed: Two sources with one seed deal out the same ids.
        dealt: How many have been dealt out.
    """

    seed: int
    dealt: int = 0
    _prefix: str = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._prefix = blake2b(f"id\x1f{self.seed}".encode(), digest_size=8).hexdigest()

    def take(self) -> str:
        """Deal out the next id.

        Returns:
            24 hex digits.
        """
        self.dealt += 1
        return f"{self._prefix}{self.dealt:08x}"
