"""The client: its settings, its connections, its services."""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping
from datetime import tzinfo
from functools import cached_property
from inspect import getattr_static
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, NoReturn, Self, TypeAlias, TypeVar, overload

import attrs
import msgspec

from wikipayam_async import services
from wikipayam_async.bulk.source import Messages
from wikipayam_async.checks import without_frames
from wikipayam_async.core.carrier import Carrier, LaneCarrier, make_carrier
from wikipayam_async.core.converter import JsonValue
from wikipayam_async.core.events import EventHook
from wikipayam_async.core.lanes import Connections
from wikipayam_async.core.limits import RateLimit, RateLimiter, limiter_of
from wikipayam_async.core.operation import Call, Replay
from wikipayam_async.core.options import (
    DEFAULT_API_PREFIX,
    DEFAULT_BASE_URL,
    DEFAULT_IDLE_EXPIRY,
    DEFAULT_MAX_CONNECTIONS,
    DEFAULT_TIMEOUT,
    ConnectionOptions,
    Options,
    Origin,
    name_source,
    read_prefix,
    read_timezone,
    read_token,
    user_agent_of,
)
from wikipayam_async.core.pipeline import Pipeline
from wikipayam_async.core.retry import RetryPolicy
from wikipayam_async.core.shared_state import SharedState
from wikipayam_async.errors import ConfigurationError
from wikipayam_async.idempotency.settings import check_store
from wikipayam_async.idempotency.store import IdempotencyStore
from wikipayam_async.numbers.digits import digits_of_line
from wikipayam_async.publish import publish_in_package
from wikipayam_async.redact.sealed import Sealed, seal
from wikipayam_async.services.account import AccountService, Balance, CostCheck
from wikipayam_async.services.base import ServiceAttribute
from wikipayam_async.services.custom import make_call
from wikipayam_async.services.raw import with_raw_response
from wikipayam_async.services.sms.service import SmsService

if TYPE_CHECKING:
    import httpx

    from wikipayam_async.cost.tariff import Tariff
else:
    from wikipayam_async.core.httpx_adapter import (
        lazy_httpx as httpx,  # containers evaluate the annotations of `__init__`
    )

__all__ = ["AsyncWikipayam"]

T = TypeVar("T")

ReplayWord: TypeAlias = Literal["read", "idempotent", "send"]


class _Unset:
    """The default of an option that may be set to None."""


_UNSET = _Unset()


class AsyncWikipayam:
    """An async client of the Wikipayam SMS gateway.

    Use it as `async with AsyncWikipayam(token, sender="10002000") as client`, or close it with `await client.aclose()`.
    One client serves any number of tasks, event loops and threads: each event loop has connections of its own, closed when
    it ends; the rate limit, the delays after a 429 and the retry budget hold for all of them together. Creating a client
    does no I/O.

    Retries: reads (balance, statuses, received messages), mark-as-read requests and deletions are retried after
    timeouts, disconnects, 429, 502, 503 and 504. A send (SMS, code, call) is retried only if the gateway provably
    accepted nothing: no connection was made, the last byte of the request was not sent, or the answer was 429.
    Otherwise it raises `UnknownOutcomeError`, and you decide. Retries are limited by `retry` and by the client's retry
    budget, and each is passed to `on_event`.

    Cancellation is safe: a send of which bytes have left is finished first, within `timeout`, and its outcome is passed
    to `on_event`; then the cancellation is delivered.

    Attributes:
        sms (SmsService): Sending, delivery, the legacy inbox.
        receives (ReceivesService): Received messages.
        otp (OtpService): One-time codes by SMS.
        voice (VoiceService): One-time codes by phone call.
        holoo (HolooService): The endpoint of the accounting software Holoo.

    Args:
        token: The API token from the panel; `SMS_AUTH_TOKEN` if None.
        sender: The default line to send from; `SMS_SENDER` if None.
        username: The account's user name, used only by `holoo`; `SMS_USERNAME` if None.
        base_url: If None, `WIKIPAYAM_SMS_API_BASE_URL` or `https://wikipayam.ir`. Plain http only for loopback.
        api_prefix: If None, `WIKIPAYAM_SMS_API_PREFIX` or `api/v1`.
        otp_pattern_id: The default pattern for codes.
        timeout: Seconds for one attempt: connecting, sending and reading the whole answer. Waiting for a free
            connection is not included.
        retry: The number of attempts and the delays between them.
        rate_limit: The maximum rate of requests.
        max_connections: The maximum number of connections of an event loop; further calls wait for a free one.
        idle_expiry: Seconds after which an idle connection is not reused. Stale connections make outcomes unknown.
        http_client: An `httpx.AsyncClient` of your own to send with. Its pool, limits, hooks and logs are then yours:
            how far a failed send got is known only from httpcore's trace, a send cannot be cancelled while in flight,
            and the token is in the request's header, visible to hooks and instrumentation. It is not closed. It serves
            one event loop at a time: a call of another one raises `ConfigurationError`.
        transport: An httpx transport of your own, under the same conditions; it is closed with the client. Clients and
            transports of httpx2 work, too.
        timezone: The time zone (or its name, such as `Asia/Tehran`) of the gateway's timestamps, which have none.
        application: The name of your program for the User-Agent header, such as `shop/2.1`.
        on_event: Called with every event (`AttemptStarted`, `AttemptFinished`, `RetryScheduled`, `CallFinished`): a
            plain function that must not block. With several event loops it is called in the thread of each.
        ssl_context: The TLS context, for a private certificate authority.
        proxy: The URL of an HTTP proxy. The environment's proxies are not used.
        idempotency: The store of idempotency keys, such as `SQLiteIdempotencyStore("sent.db")`; it is closed with the
            client. Calls with `idempotency_key=` need one.

    Raises:
        ConfigurationError: An argument or an environment variable is invalid.
    """

    sms = ServiceAttribute(lambda: SmsService)  # loaded with the client: the first send does not wait for it
    receives = ServiceAttribute(lambda: services.ReceivesService)
    otp = ServiceAttribute(lambda: services.OtpService)
    voice = ServiceAttribute(lambda: services.VoiceService)
    holoo = ServiceAttribute(lambda: services.HolooService)

    @without_frames
    def __init__(
        self,
        token: str | None = None,
        *,
        sender: str | None = None,
        username: str | None = None,
        base_url: str | None = None,
        api_prefix: str | None = None,
        otp_pattern_id: int | None = None,
        timeout: float = DEFAULT_TIMEOUT,
        retry: RetryPolicy = RetryPolicy(),  # noqa: B008 - frozen
        rate_limit: RateLimit | None = None,
        max_connections: int = DEFAULT_MAX_CONNECTIONS,
        idle_expiry: float = DEFAULT_IDLE_EXPIRY,
        http_client: httpx.AsyncClient | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        timezone: tzinfo | str | None = None,
        application: str | None = None,
        on_event: EventHook | None = None,
        ssl_context: ssl.SSLContext | None = None,
        proxy: str | None = None,
        idempotency: IdempotencyStore | None = None,
    ) -> None:
        check_store(idempotency)
        environ = os.environ
        prefix = environ.get("WIKIPAYAM_SMS_API_PREFIX") or DEFAULT_API_PREFIX
        options: Options | ConfigurationError
        try:
            options = Options(
                token=read_token(token, environ),
                origin=Origin.parse(base_url or environ.get("WIKIPAYAM_SMS_API_BASE_URL") or DEFAULT_BASE_URL),
                api_prefix=read_prefix(prefix if api_prefix is None else api_prefix),
                sender=_plain_line(sender or environ.get("SMS_SENDER") or None),
                username=username or environ.get("SMS_USERNAME") or None,
                otp_pattern_id=otp_pattern_id,
                timeout=timeout,
                retry=retry,
                rate_limit=rate_limit,
                timezone=read_timezone(timezone),
                application=application,
                on_event=on_event,
                idempotency=idempotency,
            )
        except ConfigurationError as error:
            missing = {
                "token": token is None,
                "base_url": not base_url,
                "api_prefix": api_prefix is None,
                "sender": not sender,
                "username": not username,
            }
            options = name_source(error, environ, [setting for setting, none in missing.items() if none])
        if isinstance(options, ConfigurationError):  # raised here, it has no context: its frames would hold the token
            raise options
        connections = ConnectionOptions(
            max_connections=max_connections, idle_expiry=idle_expiry, ssl_context=ssl_context, proxy=proxy
        )
        carrier = make_carrier(http_client, transport, connections)
        self._carrier: Carrier = carrier
        self._owns_carrier = True
        self._set_up(options, SharedState(carrier), limiter_of(rate_limit))

    def _set_up(self, options: Options, shared: SharedState, limiter: RateLimiter | None) -> None:
        self._options = options
        self._shared = shared
        self._limiter = limiter
        self._pipeline = Pipeline(options, shared, limiter, user_agent_of(options.application))
        self._account = AccountService(self._pipeline, options)

    @property
    def http_client(self) -> httpx.AsyncClient:
        """The `httpx.AsyncClient` that sends the requests: the one passed as `http_client`, or the client's own.

        The client's own is made, and httpx loaded, when it is first asked for. Event hooks on the client's own see every attempt, without the token, the query and the body. Without hooks,
        requests bypass it and go to its transport, at half the cost.
        """
        return self._carrier.http

    @property
    def connections(self) -> Connections | None:
        """The current use of the client's connections; None with an `http_client` or `transport` of your own."""
        return self._carrier.connections if isinstance(self._carrier, LaneCarrier) else None

    @property
    def base_url(self) -> str:
        """The gateway's URL, such as `https://wikipayam.ir`."""
        return self._options.origin.url

    @property
    def api_prefix(self) -> str:
        """The API prefix, such as `api/v1`."""
        return self._options.api_prefix

    @property
    def sender(self) -> str | None:
        """The default line to send from; None if the client has no default."""
        return self._options.sender

    @property
    def on_event(self) -> EventHook | None:
        """The hook that receives this client's events; None without a hook."""
        return self._options.on_event

    @property
    def with_raw_response(self) -> ClientWithRawResponse:
        """The calls of this client, returning a `RawResponse`: status, headers and value. Each service has it, too."""
        return ClientWithRawResponse(self)

    async def balance(self, *, timeout: float | None = None) -> Balance:
        """Return the account's balance (`GET /user/balance`). The gateway recommends it for checking a token.

        Args:
            timeout: Seconds for each attempt; the client's if None.

        Raises:
            AuthenticationError: The token is wrong.
            APIStatusError: The gateway refused the request.
            APIConnectionError: The gateway could not be reached.
            ResponseError: The answer cannot be read.
        """
        return await self._account.balance(timeout=timeout)

    async def estimate(
        self,
        messages: Messages,
        tariff: Tariff,
        *,
        sender: str | None = None,
        normalize: bool = True,
        validate: bool = True,
        footer: str | None = None,
        timeout: float | None = None,
    ) -> CostCheck:
        """Estimate the cost of messages and compare it with the balance (`GET /user/balance`). Nothing is sent.

        Args:
            messages: The messages, as for `sms.send_bulk`: any iterable, plain or async. An iterator is consumed.
            tariff: The price of a part.
            sender: The line of messages that name none; the client's if None.
            normalize: As in `sms.send_bulk`; it does not change the cost.
            validate: Skip receivers that are not Iranian mobiles, as in `sms.send_bulk`.
            footer: The footer of all texts, as in `sms.send_bulk`.
            timeout: Seconds for each attempt; the client's if None.

        Raises:
            InvalidInputError: An argument is invalid. (An invalid message is skipped and counted, not an error.)
            APIStatusError: The gateway refused the request: `AuthenticationError` if the token is wrong.
            APIConnectionError: The gateway could not be reached.
        """
        account, given = self._account, Sealed(messages)
        del messages  # tools that show the locals of a traceback walk lists
        return await account.estimate(
            given, tariff, sender=sender, normalize=normalize, validate=validate, footer=footer, timeout=timeout
        )

    @without_frames
    def with_options(
        self,
        *,
        token: str | _Unset = _UNSET,
        sender: str | _Unset | None = _UNSET,
        username: str | _Unset | None = _UNSET,
        otp_pattern_id: int | _Unset | None = _UNSET,
        timeout: float | _Unset = _UNSET,
        retry: RetryPolicy | _Unset = _UNSET,
        rate_limit: RateLimit | _Unset | None = _UNSET,
        timezone: tzinfo | str | _Unset | None = _UNSET,
        application: str | _Unset | None = _UNSET,
        on_event: EventHook | _Unset | None = _UNSET,
        idempotency: IdempotencyStore | _Unset | None = _UNSET,
    ) -> Self:
        """Return a client with other settings that shares this one's connections, retry budget and 429 delays.

        The rate limit is shared too, unless another is given. A client with another token shares the connections and
        nothing else: a 429, failures or the rate of one account do not slow down another. Only this client closes the
        connections: `aclose()` of the new one does nothing. The new client has the class and the attributes of this
        one, except those of a `functools.cached_property`.

        Raises:
            ConfigurationError: A setting is invalid.
        """
        given: dict[str, Any] = {
            "token": token if isinstance(token, _Unset) else read_token(token, {}),
            "sender": sender if isinstance(sender, _Unset) else _plain_line(sender),
            "username": username,
            "otp_pattern_id": otp_pattern_id,
            "timeout": timeout,
            "retry": retry,
            "rate_limit": rate_limit,
            "timezone": timezone if isinstance(timezone, _Unset) else read_timezone(timezone),
            "application": application,
            "on_event": on_event,
            "idempotency": idempotency,
        }
        if not isinstance(idempotency, _Unset):
            check_store(idempotency)
        changes = {name: value for name, value in given.items() if value is not _UNSET}
        options = attrs.evolve(self._options, **changes)
        shared, limiter = self._shared, self._limiter
        if options.token != self._options.token:
            shared, limiter = self._shared.for_another_account(), limiter_of(options.rate_limit)
        elif "rate_limit" in changes:
            limiter = limiter_of(options.rate_limit)
        other = object.__new__(type(self))
        for name, value in vars(self).items():
            # What was made on first use was made from this client, and may use its token.
            if not isinstance(getattr_static(type(self), name, None), ServiceAttribute | cached_property):
                other.__dict__[name] = value
        other._owns_carrier = False
        other._set_up(options, shared, limiter)
        return other

    @overload
    async def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str | int | float | bool | None] | None = ...,
        json: object = ...,
        cast_to: type[T],
        replay: ReplayWord | Replay | None = ...,
        timeout: float | None = ...,
    ) -> T: ...

    @overload
    async def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str | int | float | bool | None] | None = ...,
        json: object = ...,
        cast_to: None = ...,
        replay: ReplayWord | Replay | None = ...,
        timeout: float | None = ...,
    ) -> JsonValue: ...

    async def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str | int | float | bool | None] | None = None,
        json: object = None,
        cast_to: type[T] | None = None,
        replay: ReplayWord | Replay | None = None,
        timeout: float | None = None,
    ) -> T | JsonValue:
        """Call an endpoint that this package does not know, with the same retries, limits and events as the others.

        A success without content (204, an empty body, `null`) returns None, or an object of `cast_to` whose fields have
        their defaults. For a `send` it is an unknown outcome: nothing shows that it was accepted.

        Args:
            method: `GET`, `POST`, `PUT`, `PATCH` or `DELETE`.
            path: The path below the API prefix, such as `user/balance`: letters, digits and `. _ ~ -` between slashes.
            params: The query; None values are omitted, booleans become 1 and 0.
            json: The body; None sends no body.
            cast_to: The type of the value under `data`: an attrs class, or any type that cattrs can build. If None, the
                plain JSON value is returned.
            replay: The effect of executing the call twice: `read`, `idempotent` or `send`. By default a GET is a `read`
                and any other call a `send`, which is retried only if provably nothing was accepted.
            timeout: Seconds for each attempt; the client's if None.

        Raises:
            InvalidInputError: An argument is invalid.
            UnknownOutcomeError: Only for a `send`: it is unknown whether it was accepted.
            APIStatusError: The gateway refused the call.
            APIConnectionError: The gateway could not be reached.
            ResponseError: The answer cannot be read.
        """
        content = Sealed((params, json))
        where = seal(path)
        del params, json, path  # keep them out of tracebacks that show locals
        call: Call[T | JsonValue] = make_call(method, where, content, cast_to, replay)
        return await self._pipeline.run(msgspec.structs.replace(call, timeout=timeout))

    async def aclose(self) -> None:
        """Close the connections and the store of idempotency keys. Calls in flight finish; later calls raise `ClosedError`."""
        if self._owns_carrier:
            try:
                await self._carrier.aclose()
            finally:
                if isinstance(store := self._options.idempotency, IdempotencyStore):
                    await store.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    if not TYPE_CHECKING:  # type checkers report the mistake themselves

        def __enter__(self) -> NoReturn:
            raise TypeError("write: async with AsyncWikipayam(...) as client")

        def __exit__(self, *_: object) -> None:
            """Exist, since Python looks for it before it enters."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}(base_url={self._options.origin.url!r}, sender={self._options.sender!r})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a client cannot be pickled: it holds connections and the token; create one in each process")


class ClientWithRawResponse:
    """The calls of a client, returning a `RawResponse`: status, headers and value."""

    def __init__(self, client: AsyncWikipayam) -> None:
        self.balance = with_raw_response(client.balance)
        self.estimate = with_raw_response(client.estimate)
        self.request = with_raw_response(client.request)
        self.sms = client.sms.with_raw_response
        self.receives = client.receives.with_raw_response
        self.otp = client.otp.with_raw_response
        self.voice = client.voice.with_raw_response
        self.holoo = client.holoo.with_raw_response


def _plain_line(sender: str | None) -> str | None:
    """Return a line in ASCII digits, without spaces. Any other value is left for the check of the options."""
    return digits_of_line(sender) if isinstance(sender, str) else sender


publish_in_package(["AsyncWikipayam"], globals())
