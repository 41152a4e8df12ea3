"""The gateway: routes a request through every check to the handler of its endpoint."""

from collections.abc import Callable
from datetime import datetime

from attrs import define, field, frozen

from wikipayam_async.emulator.exchange import Request, Response, without_body
from wikipayam_async.emulator.gateway import laravel, routes
from wikipayam_async.emulator.gateway.endpoint_request import EndpointRequest
from wikipayam_async.emulator.gateway.laravel import Refused
from wikipayam_async.emulator.gateway.state import State
from wikipayam_async.emulator.gateway.throttle import Quota, Throttle, with_headers

DEFAULT_PREFIX = "/api/v1"


@frozen(kw_only=True)
class Limits:
    """The limits of the gateway and of the proxy in front of it; None means no limit.

    Attributes:
        max_body_bytes: The maximum size of a body in bytes (413 above).
        max_batch: The maximum number of items in an array (413 above).
        rate_limit: The request quota of each account (429 above).
    """

    max_body_bytes: int | None = None
    max_batch: int | None = None
    rate_limit: Quota | None = None


def _normalize_prefix(prefix: str) -> str:
    return f"/{prefix.strip('/')}".rstrip("/")


@define(kw_only=True)
class Gateway:
    """Routes requests to their endpoints.

    Attributes:
        state: The gateway's state.
        clock: A monotonic clock in seconds, for the rate limit.
        now: Returns the time of day.
        prefix: The prefix of every path: empty, or starting with a slash.
        limits: The limits in force.
        throttle: The request counts of the accounts.
    """

    state: State
    clock: Callable[[], float]
    now: Callable[[], datetime]
    prefix: str = field(converter=_normalize_prefix)
    limits: Limits
    throttle: Throttle = field(init=False, factory=Throttle)

    def path_of(self, request: Request) -> str | None:
        """Return the path of a request without the prefix, starting with a slash; None if it lacks the prefix."""
        has_prefix = request.path.startswith(f"{self.prefix}/")
        return request.path[len(self.prefix) :] if has_prefix else None

    def handle(self, request: Request) -> Response:
        """Process a request and return the response."""
        try:
            response = self._dispatch(request)
        except Refused as refusal:
            response = refusal.response
        return without_body(response) if request.method == "HEAD" else response

    def reset(self) -> None:
        """Clear the state and the request counts."""
        self.state.reset()
        self.throttle.reset()

    def _dispatch(self, request: Request) -> Response:
        # In the order of a real deployment: proxy, router, authentication, rate limit, handler.
        limits = self.limits
        if limits.max_body_bytes is not None and len(request.body) > limits.max_body_bytes:
            return laravel.too_large()
        path = self.path_of(request)
        match = routes.Match({}) if path is None else routes.find(path)
        if not match.methods:
            return laravel.no_route(request.path)
        route = match.methods.get(request.method)
        if route is None and request.method == "HEAD":
            route = match.methods.get("GET")  # as in Laravel
        if route is None:
            return laravel.wrong_method(request.method, request.path, match.allowed)
        account = self.state.accounts.get(route.token_of(request))
        if account is None:
            return laravel.error(401)
        routed = EndpointRequest(
            http=request,
            account=account,
            state=self.state,
            now=self.now(),
            max_batch=limits.max_batch,
            path_id=match.path_id,
        )
        return route.handler(routed) if limits.rate_limit is None else self._throttled(routed, route, limits.rate_limit)

    def _throttled(self, request: EndpointRequest, route: routes.Route, quota: Quota) -> Response:
        headers = self.throttle.hit(
            quota, request.account.username, clock=self.clock(), timestamp=request.now.timestamp()
        )
        try:
            response = route.handler(request)
        except Refused as refusal:
            response = refusal.response
        return with_headers(response, headers)
