"""The gateway proper: from a request to the answer of the endpoint, with every check on the way."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from attrs import define, field, frozen

from wikipayam_async.emulator.exchange import Request, Response
from wikipayam_async.emulator.gateway import laravel, routes
from wikipayam_async.emulator.gateway.call import Call
from wikipayam_async.emulator.gateway.laravel import Refused
from wikipayam_async.emulator.gateway.state import DEFAULT_PATTERN_TEXT, Account, State
from wikipayam_async.emulator.gateway.throttle import Quota, Throttle, with_headers

DEFAULT_PREFIX = "/api/v1"


@frozen(kw_only=True)
class Limits:
    """What the gateway, and the proxy in front of it, put up with; None means anything.

    Attributes:
        max_body_bytes: The largest body (413 above).
        max_batch: The longest array (413 above).
        rate_limit: How many requests an account has (429 above).
    """

    max_body_bytes: int | None = None
    max_batch: int | None = None
    rate_limit: Quota | None = None


def _rooted(prefix: str) -> str:
    return f"/{prefix.strip('/')}".rstrip("/")


@define(kw_only=True)
class Gateway:
    """Routes requests to their endpoints.

    Attributes:
        state: What the gateway remembers.
        clock: Seconds that only rise; the rate limit follows it.
        now: The time of day.
        prefix: What stands before every path: nothing, or a slash and more.
        limits: What is put up with.
        throttle: Who has made how many requests.
    """

    state: State
    clock: Callable[[], float]
    now: Callable[[], datetime]
    prefix: str = field(converter=_rooted)
    limits: Limits
    throttle: Throttle = field(init=False, factory=Throttle)

    def add_account(
        self,
        *,
        token: str,
        username: str | None,
        user_name: str | None,
        lines: Iterable[str],
        patterns: Iterable[int] | Mapping[int, str],
        balance: int,
        price: int,
    ) -> Account:
        """Open an account.

        Args:
            token: Its API token.
            username: The name for Holoo's road, unique; made up by default.
            user_name: The name the balance answer shows; by default the same.
            lines: The lines it may send from.
            patterns: The ids of its one-time code patterns, or their texts by id.
            balance: What it holds, in IRR.
            price: What a part costs, in IRR.

        Returns:
            The account.

        Raises:
            ValueError: The token or the name is taken, or there is no line.
        """
        accounts = self.state.accounts
        user_id = len(accounts) + 1
        username = username or f"0912{user_id:07d}"
        account = Account(
            token=token,
            username=username,
            user_id=user_id,
            user_name=user_name or username,
            lines=tuple(lines),
            patterns=patterns if isinstance(patterns, Mapping) else dict.fromkeys(patterns, DEFAULT_PATTERN_TEXT),
            balance=balance,
            price=price,
        )
        if not account.lines:
            raise ValueError("an account has at least one line")
        if token in accounts or username in {known.username for known in accounts.values()}:
            raise ValueError("the token or the name is taken")
        accounts[token] = account
        return account

    def path_of(self, request: Request) -> str | None:
        """Take the prefix off a path.

        Args:
            request: The request.

        Returns:
            The rest, beginning with a slash, or None for a path outside of the prefix.
        """
        inside = request.path.startswith(f"{self.prefix}/")
        return request.path[len(self.prefix) :] if inside else None

    def answer(self, request: Request) -> Response:
        """Answer a request.

        Args:
            request: The request.

        Returns:
            The answer.
        """
        try:
            return self._dispatch(request)
        except Refused as refusal:
            return refusal.response

    def reset(self) -> None:
        """Forget what was sent and received, and who has made how many requests."""
        self.state.reset()
        self.throttle.reset()

    def _dispatch(self, request: Request) -> Response:
        # In the order of a real deployment: the proxy, the router, the credentials, the rate limit, the handler.
        limits = self.limits
        if limits.max_body_bytes is not None and len(request.body) > limits.max_body_bytes:
            return laravel.too_large()
        path = self.path_of(request)
        match = routes.Match({}) if path is None else routes.find(path)
        if not match.methods:
            return laravel.no_route(request.path)
        route = match.methods.get(request.method)
        if route is None:
            return laravel.wrong_method(request.method, request.path, list(match.methods))
        account = self.state.accounts.get(routes.token_of(request, route.token))
        if account is None:
            return laravel.error(401)
        call = Call(
            request=request,
            account=account,
            state=self.state,
            now=self.now(),
            max_batch=limits.max_batch,
            argument=match.argument,
        )
        return route.handler(call) if limits.rate_limit is None else self._throttled(call, route, limits.rate_limit)

    def _throttled(self, call: Call, route: routes.Route, quota: Quota) -> Response:
        headers = self.throttle.hit(quota, call.account.username, clock=self.clock(), timestamp=call.now.timestamp())
        try:
            response = route.handler(call)
        except Refused as refusal:
            response = refusal.response
        return with_headers(response, headers)
