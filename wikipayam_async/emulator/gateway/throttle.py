"""The gateway's rate limit, as in Laravel: n requests per window, which starts with its first request."""

from math import ceil

from attrs import define, evolve, field, frozen

from wikipayam_async.emulator.exchange import Response
from wikipayam_async.emulator.gateway import laravel
from wikipayam_async.emulator.gateway.laravel import Refused


@frozen
class Quota:
    """The rate limit of an account.

    Attributes:
        requests: The maximum number of requests per window.
        window: The length of a window in seconds. A window starts with its first request.
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
        """Count one request and return the rate-limit headers of its response.

        Args:
            quota: The limit in force.
            account: The user name of the account.
            clock: The reading of the monotonic clock, in seconds.
            timestamp: The time of day as a Unix timestamp, for `x-ratelimit-reset`.

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
        """Clear all counts."""
        self._windows.clear()


def with_headers(response: Response, headers: dict[str, str]) -> Response:
    """Return a response with additional headers."""
    return evolve(response, headers={**response.headers, **headers})
