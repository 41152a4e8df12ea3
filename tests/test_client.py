from __future__ import annotations

import pickle
import ssl
import sys
from collections.abc import Awaitable, Callable
from functools import cached_property, partial
from typing import Any, get_type_hints
from unittest.mock import AsyncMock, Mock, create_autospec

import anyio
import httpx
import httpx2
import pytest
from anyio.abc import ByteStream
from attrs import frozen

from tests.support.net import BALANCE, RECEIVER, TOKEN, connected
from tests.support.raw import RawRequest, accept_all, answer, raw_gateway
from wikipayam_async import (
    APITimeoutError,
    AsyncWikipayam,
    Balance,
    ClosedError,
    ConfigurationError,
    InvalidInputError,
    RateLimit,
    ResponseError,
    RetryPolicy,
    SentMessage,
    SmsMessage,
    __version__,
)
from wikipayam_async.cost import Tariff

pytestmark = pytest.mark.anyio

VARIABLES = (
    "SMS_AUTH_TOKEN",
    "SMS_SENDER",
    "SMS_USERNAME",
    "WIKIPAYAM_SMS_API_BASE_URL",
    "WIKIPAYAM_SMS_API_PREFIX",
)


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove the client's variables from the environment."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


@frozen
class Model:
    """A model of the caller."""

    a: int
    b: str = "none"


class Recorder:
    """Answers every request with the same data."""

    def __init__(self, data: object = None) -> None:
        self.data = data

    async def __call__(self, request: RawRequest, _: ByteStream) -> object:
        """Answer."""
        return accept_all(request) if "sms/send" in request.target else answer({"data": self.data})


class TestSettings:
    """Arguments and environment variables."""

    def test_everything_may_come_from_the_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The five environment variables of the gateway's own integration are read."""
        for name, value in zip(VARIABLES, ("tok", "1000", "shop", "https://a.example/x", "/v2/"), strict=True):
            monkeypatch.setenv(name, value)
        options = AsyncWikipayam()._options
        assert options.token.reveal() == "tok"
        assert (options.sender, options.username, options.api_prefix) == ("1000", "shop", "v2")
        assert (options.origin.url, options.path_prefix) == ("https://a.example/x", "/x/v2/")

    def test_arguments_come_before_the_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Arguments precede environment variables."""
        for name in VARIABLES:
            monkeypatch.setenv(name, "http://nowhere.example")
        client = AsyncWikipayam("t", sender="1", username="u", base_url="https://b.example", api_prefix="")
        options = client._options
        assert (options.token.reveal(), options.sender, options.username) == ("t", "1", "u")
        assert (options.origin.url, options.path_prefix) == ("https://b.example", "/")

    def test_the_defaults_are_the_documented_ones(self) -> None:
        """Base URL, prefix and timeout have their documented defaults; the sender has none."""
        options = AsyncWikipayam("t")._options
        assert (options.origin.url, options.path_prefix) == ("https://wikipayam.ir", "/api/v1/")
        assert (options.timeout, options.retry, options.sender) == (10.0, RetryPolicy(), None)

    @pytest.mark.parametrize(
        "wrong",
        [
            {"token": None},
            {"token": ""},
            {"timeout": 0},
            {"timeout": "5"},
            {"rate_limit": 5},
            {"rate_limit": "fast"},
            {"retry": 3},
            {"otp_pattern_id": -1},
            {"timezone": "Nowhere/Else"},
            {"application": "two words"},
            {"api_prefix": "a/../b"},
            {"on_event": 5},
            {"base_url": "no url"},
            {"max_connections": -1},
        ],
    )
    def test_a_wrong_setting_is_refused_at_once(self, wrong: dict[str, Any]) -> None:
        """Creating a client with an invalid setting raises, and does no I/O."""
        with pytest.raises(ConfigurationError):
            AsyncWikipayam(**{"token": "t", **wrong})

    def test_the_types_of_the_settings_can_be_evaluated(self) -> None:
        """Containers for dependency injection read the annotations of `__init__`."""
        types = get_type_hints(AsyncWikipayam.__init__)
        assert [types[name] for name in ("transport", "ssl_context", "retry")] == [
            httpx.AsyncBaseTransport | None, ssl.SSLContext | None, RetryPolicy,
        ]  # fmt: skip

    def test_a_repr_shows_no_secret(self) -> None:
        """The repr shows the URL and the line, but not the token or the user name."""
        client = AsyncWikipayam("secret", sender="1000", username="09121112233")
        assert repr(client) == "AsyncWikipayam(base_url='https://wikipayam.ir', sender='1000')"

    async def test_the_user_agent_names_package_and_program(self) -> None:
        """The User-Agent has the package, its version and Python's, after the name of the program."""
        own = f"wikipayam-async/{__version__} (Python {sys.version_info.major}.{sys.version_info.minor})"
        async with raw_gateway(Recorder({"balance": 1})) as gateway, connected(gateway.url) as (client, *_):
            await client.balance()
            await client.with_options(application="shop/2.1 (test)").balance()
        agents = [request.headers["user-agent"] for request in gateway.requests]
        assert agents == [own, f"shop/2.1 (test) {own}"]


class TestWithOptions:
    """`with_options`: a client with other settings."""

    async def test_it_shares_the_connections_and_closes_none(self) -> None:
        """Connections, retry budget and delays are shared; `aclose` of the new client does nothing."""
        async with raw_gateway(Recorder({"balance": 1})) as gateway, connected(gateway.url) as (client, *_):
            await client.balance()
            async with client.with_options(timeout=3) as other:
                await other.balance()
            await client.balance()
            assert other._shared is client._shared
            assert other._options.token is client._options.token
        assert (gateway.opened, len(gateway.requests)) == (1, 3)

    async def test_every_setting_can_be_changed(self) -> None:
        """Settings not given are kept; None removes a setting."""
        client = AsyncWikipayam("t", sender="1", username="u", rate_limit=RateLimit(requests_per_second=5))
        other = client.with_options(
            sender=None,
            username="v",
            otp_pattern_id=5,
            timeout=1,
            retry=RetryPolicy(max_attempts=1),
            rate_limit=None,
            timezone="UTC",
            application="a",
            on_event=print,
        )
        options = other._options
        assert (options.sender, options.username, options.otp_pattern_id, options.timeout) == (None, "v", 5, 1)
        assert (options.retry.max_attempts, options.rate_limit, str(options.timezone)) == (1, None, "UTC")
        assert (options.application, options.on_event) == ("a", print)
        assert client._options.sender == "1"
        assert client.with_options()._options == client._options

    @pytest.mark.parametrize("wrong", [{"timeout": -1}, {"rate_limit": 1}, {"timezone": "x/y"}, {"sender": 5}])
    def test_a_wrong_setting_is_refused(self, wrong: dict[str, Any]) -> None:
        """Invalid settings are refused as by the constructor."""
        with pytest.raises(ConfigurationError):
            AsyncWikipayam("t").with_options(**wrong)

    async def test_its_own_sender_is_used(self) -> None:
        """Messages of the new client have its line."""
        async with raw_gateway(Recorder()) as gateway, connected(gateway.url) as (client, *_):
            await client.with_options(sender="5000").sms.send(RECEIVER, "text")
        assert gateway.requests[0].json[0]["sender"] == "5000"

    async def test_a_line_is_written_like_a_receiver(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Persian digits and spaces of a line are those of a person, wherever it comes from; the wire has ASCII digits."""
        monkeypatch.setenv("SMS_SENDER", " ۱۰۰۰ ۲۰۰۰ ")
        assert AsyncWikipayam(TOKEN).sender == "10002000"
        async with raw_gateway(Recorder()) as gateway, connected(gateway.url) as (client, *_):
            other = client.with_options(sender="۵۰۰۰-۱")
            await other.sms.send(RECEIVER, "text")
            await other.sms.send(RECEIVER, "text", sender="۳۰۰۰ ۱۲۳۴")
        assert (other.sender, client.with_options(sender=None).sender) == ("50001", None)
        assert [request.json[0]["sender"] for request in gateway.requests] == ["50001", "30001234"]


class TestClosing:
    """Opening and closing."""

    async def test_a_client_is_its_own_context(self) -> None:
        """`async with` returns the client and closes it; closing twice is allowed, using it later raises an error."""
        async with raw_gateway(Recorder({"balance": 1})) as gateway:
            client = AsyncWikipayam(TOKEN, base_url=gateway.url)
            async with client as same:
                assert same is client
                await client.balance()
            await client.aclose()
            with pytest.raises(ClosedError, match="the client is closed"):
                await client.balance()
            with pytest.raises(ClosedError, match="the client is closed"):
                await client.with_options(timeout=1).balance()
        assert len(gateway.requests) == 1

    async def test_base_url_and_hook_can_be_read(self) -> None:
        """A caller can wrap the hook that is set."""
        events: list[object] = []
        async with AsyncWikipayam("token", base_url="https://sms.example.ir/", on_event=events.append) as client:
            assert (client.base_url, client.on_event) == ("https://sms.example.ir", events.append)
            assert (client.api_prefix, client.sender) == ("api/v1", None)
            assert client.with_options(sender="1000").sender == "1000"
            assert client.with_options(on_event=None).on_event is None

    async def test_closing_an_unused_client_is_fine(self) -> None:
        """A client that was never used can be closed."""
        await AsyncWikipayam("t").aclose()


class TestEstimate:
    """`client.estimate`: the cost of messages and the balance."""

    async def test_it_requests_only_the_balance(self) -> None:
        """One GET is sent and no message; all arguments are passed on."""
        messages = [SmsMessage(RECEIVER, "a"), SmsMessage("110", "a")]
        async with raw_gateway(Recorder({"balance": 9})) as gateway, connected(gateway.url) as (client, *_):
            first = await client.estimate(messages, Tariff(persian=5))
            second = await client.estimate(messages, Tariff(persian=5), sender="3000", validate=False)
        assert [(request.method, request.target) for request in gateway.requests] == [
            ("GET", "/api/v1/user/balance")
        ] * 2
        assert (first.estimate.cost, first.affordable, list(first.estimate.by_line)) == (5, True, ["10002000"])
        assert (second.estimate.cost, second.shortfall, list(second.estimate.by_line)) == (10, 1, ["3000"])


class TestRequest:
    """`client.request`, for endpoints that the package does not know."""

    async def test_the_answer_is_cast(self) -> None:
        """`cast_to` takes attrs classes, lists and mappings; a value that does not fit raises `ResponseError`."""
        async with raw_gateway(Recorder({"a": "5"})) as gateway, connected(gateway.url) as (client, *_):
            assert await client.request("GET", "x", cast_to=Model) == Model(5)
            assert await client.request("GET", "x", cast_to=dict[str, int]) == {"a": 5}
            with pytest.raises(ResponseError):
                await client.request("GET", "x", cast_to=Balance)

    async def test_a_balance_can_be_requested_by_path(self) -> None:
        """The example of the documentation works."""

        async def handle(_: RawRequest, _stream: ByteStream) -> object:
            return BALANCE

        async with raw_gateway(handle) as gateway, connected(gateway.url) as (client, *_):
            assert await client.request("GET", "user/balance", cast_to=Balance, replay="read") == Balance(7)


class Shop(AsyncWikipayam):
    """A client of a user's own class, with an attribute of its own."""

    def __init__(self, token: str, *, base_url: str) -> None:
        super().__init__(token, base_url=base_url, sender="1")
        self.name = "north"

    @cached_property
    def welcome(self) -> Callable[[], Awaitable[SentMessage]]:
        """A call of this client, made on first use."""
        return partial(self.sms.send, RECEIVER, "welcome")


class TestDerivedClients:
    """`with_options`."""

    async def test_another_token_shares_the_connections_and_nothing_else(self) -> None:
        """Its requests carry its token on the same connection, and a 429 of one account delays no other."""
        async with raw_gateway(Recorder({"balance": 7})) as gateway, connected(gateway.url) as (client, _, _):
            other = client.with_options(token="other-token")
            await client.balance()
            client._shared.gate.close(client._shared.clock(), 3600)
            assert (await other.balance()).balance == 7
            assert [dict(request.headers)["authorization"] for request in gateway.requests] == [
                f"Bearer {TOKEN}", "Bearer other-token",
            ]  # fmt: skip
            assert gateway.opened == 1
        assert (other._shared.budget is client._shared.budget, other._carrier is client._carrier) == (False, True)

    async def test_another_token_has_a_rate_limiter_of_its_own(self) -> None:
        """The limit is the same, and each account uses its own."""
        limit = RateLimit(requests_per_second=5)
        client = AsyncWikipayam(TOKEN, rate_limit=limit)
        same, other = client.with_options(timeout=1), client.with_options(token="other-token")
        assert (same._limiter is client._limiter, other._limiter is client._limiter) == (True, False)
        assert other._limiter is not None
        assert client.with_options(token="other-token", rate_limit=None)._limiter is None

    def test_a_wrong_token_is_refused_without_being_shown(self) -> None:
        """The rules are those of the constructor, and the environment is not asked."""
        client = AsyncWikipayam(TOKEN)
        with pytest.raises(ConfigurationError, match="token: expected visible ASCII") as caught:
            client.with_options(token="se cret")
        assert "se cret" not in str(caught.value)
        with pytest.raises(ConfigurationError, match="token: none given"):
            client.with_options(token="")

    def test_a_subclass_keeps_its_class_and_its_attributes(self) -> None:
        """The derived client is of the same class, with services that use the new settings."""
        shop = Shop(TOKEN, base_url="http://127.0.0.1:1")
        assert shop.sms is shop.sms
        derived = shop.with_options(sender="2")
        assert (type(derived), derived.name, repr(derived)) == (
            Shop, "north", "Shop(base_url='http://127.0.0.1:1', sender='2')",
        )  # fmt: skip
        assert derived.sms is not shop.sms

    async def test_what_a_subclass_made_on_first_use_is_made_anew(self) -> None:
        """A cached property may hold the client, and with it the token of another account."""
        async with raw_gateway(Recorder()) as gateway, Shop(TOKEN, base_url=gateway.url) as shop:
            await shop.welcome()
            await shop.with_options(token="other-token").welcome()
        assert [request.headers["authorization"] for request in gateway.requests] == [
            f"Bearer {TOKEN}", "Bearer other-token",
        ]  # fmt: skip


def test_mocks_know_the_services_and_their_arguments() -> None:
    """An autospec of the client refuses unknown methods and wrong arguments."""
    client = create_autospec(AsyncWikipayam, instance=True)
    assert isinstance(client.sms.send, AsyncMock)
    with pytest.raises(TypeError):
        client.sms.send(RECEIVER, text="no such argument")
    with pytest.raises(AttributeError):
        client.sms.sent  # noqa: B018 - the access is what is tested
    assert callable(Mock(spec=AsyncWikipayam).receives.list)
    with pytest.raises(AttributeError):
        Mock(spec=AsyncWikipayam).fax  # noqa: B018 - likewise


def test_a_plain_with_statement_says_what_to_write() -> None:
    """The error shows the line that works."""
    client: Any = AsyncWikipayam(TOKEN)
    with pytest.raises(TypeError, match=r"write: async with AsyncWikipayam\(\.\.\.\) as client"), client:
        pytest.fail("entered")


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_clients_and_transports_of_httpx2_are_accepted() -> None:
    """The fork of httpx is recognized by its shape, and its errors are mapped to the same outcomes."""
    async with raw_gateway(Recorder({"balance": 7})) as gateway:
        async with httpx2.AsyncClient() as http, connected(gateway.url, http_client=http) as (client, _, _):
            assert (await client.balance()).balance == 7
        async with connected(gateway.url, transport=httpx2.AsyncHTTPTransport()) as (client, _, _):
            assert (await client.balance()).balance == 7
            sent = await client.sms.send(RECEIVER, "hi", sender="1", track_id="T1")
            assert sent.track_id == "T1"


async def test_a_timeout_of_one_call() -> None:
    """`timeout=` bounds the attempt of this call, and the client's applies to the next."""

    async def hang(request: RawRequest, _: ByteStream) -> object:
        if len(gateway.requests) == 1:
            await anyio.sleep_forever()
        return answer({"data": {"balance": 7}})

    async with (
        raw_gateway(hang) as gateway,
        AsyncWikipayam(TOKEN, base_url=gateway.url, retry=RetryPolicy(max_attempts=1)) as client,
    ):
        with pytest.raises(APITimeoutError):
            await client.balance(timeout=0.05)
        assert (await client.balance()).balance == 7
        for wrong in (0, -1, float("nan"), True, "1"):
            with pytest.raises(InvalidInputError, match="timeout: expected a finite number of seconds above 0"):
                await client.request("GET", "user/balance", timeout=wrong)  # type: ignore[arg-type]
        assert len(gateway.requests) == 2


@pytest.mark.parametrize(
    ("variable", "value", "text"),
    [
        ("SMS_AUTH_TOKEN", "two words", "token (from SMS_AUTH_TOKEN): expected visible ASCII"),
        ("SMS_SENDER", "10\n00", "sender (from SMS_SENDER): expected a line"),
        ("WIKIPAYAM_SMS_API_BASE_URL", "wikipayam.ir", "base_url (from WIKIPAYAM_SMS_API_BASE_URL): the scheme is missing"),
        ("WIKIPAYAM_SMS_API_BASE_URL", "https://wikipayam.ir/api", "base_url (from WIKIPAYAM_SMS_API_BASE_URL): its path"),
        ("WIKIPAYAM_SMS_API_PREFIX", "api//v1", "api_prefix (from WIKIPAYAM_SMS_API_PREFIX): expected a path"),
    ],
)  # fmt: skip
def test_an_invalid_environment_variable_is_named(
    variable: str, value: str, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error says where the value came from, does not quote it, and holds no frame with the token."""
    monkeypatch.setenv("SMS_AUTH_TOKEN", "t")
    monkeypatch.setenv(variable, value)
    with pytest.raises(ConfigurationError) as caught:
        AsyncWikipayam()
    assert (str(caught.value).startswith(text), caught.value.__context__) == (True, None)


def test_an_argument_is_not_taken_for_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """An invalid argument is named without a variable, even if the variable is set."""
    monkeypatch.setenv("WIKIPAYAM_SMS_API_BASE_URL", "https://wikipayam.ir")
    with pytest.raises(ConfigurationError, match=r"^base_url: the scheme is missing"):
        AsyncWikipayam("t", base_url="wikipayam.ir")


def test_a_client_cannot_be_pickled() -> None:
    """It holds connections and the token; a process makes one of its own."""
    with pytest.raises(TypeError, match="create one in each process"):
        pickle.dumps(AsyncWikipayam("token"))
