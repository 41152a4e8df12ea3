"""The gateway's rate limit, as Laravel keeps it: so many requests from the first one on, then a wait."""

from math import ceil

from attrs import define, evolve, field, frozen

from wikipayam_async.emulator.exchange import Response
from wikipayam_async.emulator.gateway import laravel
from wikipayam_async.emulator.gateway.laravel import Refused


@frozen
class Quota:
    """How many requests an account has.

    Attributes:
        requests: The number of requests in one window.
        window: The length of a window in seconds, which begins with its first request.
    """

    requests: int
    window: float = 60.0


@define
class _Window:
    begins: float
    used: int = 0


@define
class Throttle:
    """Counts the requests of every account."""

    _windows: dict[str, _Window] = field(init=False, factory=dict)

    def hit(self, quota: Quota, account: str, *, clock: float, timestamp: float) -> dict[str, str]:
        """Count one request.

        Args:
            quota: The limit in force.
            account: Whose request it is.
            clock: What the clock shows.
            timestamp: The time of day as a Unix timestamp, which one of the headers tells in.

        Returns:
            The headers the answer is to carry.

        Raises:
            Refused: The window is used up (429).
        """
        window = self._windows.get(account)
        if window is None or clock >= window.begins + quota.window:
            window = self._windows[account] = _Window(clock)
        headers = {"x-ratelimit-limit": str(quota.requests)}
        if window.used >= quota.requests:
            wait = ceil(window.begins + quota.window - clock)
            headers |= {
                "x-ratelimit-remaining": "0",
                "retry-after": str(wait),
                "x-ratelimit-reset": str(int(timestamp) + wait),
            }
            raise Refused(laravel.error(429, headers=headers))
        window.used += 1
        return headers | {"x-ratelimit-remaining": str(quota.requests - window.used)}

    def reset(self) -> None:
        """Forget all requests."""
        self._windows.clear()


def with_headers(response: Response, headers: dict[str, str]) -> Response:
    """Add headers to an answer.

    Args:
        response: The answer.
        headers: The headers.

    Returns:
        The answer with the headers.
    """
    return evolve(response, headers={**response.headers, **headers})
