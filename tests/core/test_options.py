import functools
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wikipayam_async.core.events import Event
from wikipayam_async.core.limits import RateLimit
from wikipayam_async.core.options import (
    Options,
    Origin,
    name_source,
    read_prefix,
    read_timezone,
    read_token,
)
from wikipayam_async.core.retry import RetryPolicy
from wikipayam_async.errors import ConfigurationError
from wikipayam_async.redact.sealed import Secret

GATEWAY = Origin.parse("https://wikipayam.ir")
NO_URL = "base_url: not a URL; expected one like https://wikipayam.ir"
NO_HTTPS = "base_url: expected an https URL like https://wikipayam.ir"
NO_SCHEME = "base_url: the scheme is missing; expected a URL like https://wikipayam.ir"
BAD_HOST = "base_url: expected a host name of letters, digits, - and ., or an IP address"
BAD_PORT = "base_url: expected a port from 1 to 65535"
TOO_MUCH = "base_url: must not contain a user name, a password, a query or a fragment"
IN_THE_CLEAR = "base_url: http would expose the token on the network; use https (http is for loopback)"
NO_ZONE = "base_url: expected an IPv6 address like https://[2001:db8::1]:8443, without a zone"
BAD_PATH = "base_url: the path may contain only letters, digits and . _ ~ -"


def options(**given: Any) -> Options:
    """Return options with a token and the address of the gateway."""
    return Options(token=Secret("t0ken"), origin=GATEWAY, **given)


@pytest.mark.parametrize(
    ("url", "origin", "authority", "again"),
    [
        ("https://wikipayam.ir", Origin("https", "wikipayam.ir", 443), "wikipayam.ir", "https://wikipayam.ir"),
        ("HTTPS://WikiPayam.IR/", Origin("https", "wikipayam.ir", 443), "wikipayam.ir", "https://wikipayam.ir"),
        ("https://wikipayam.ir:443", Origin("https", "wikipayam.ir", 443), "wikipayam.ir", "https://wikipayam.ir"),
        (
            "https://x.ir:8443/a//b_1/~c/",
            Origin("https", "x.ir", 8443, "/a/b_1/~c"),
            "x.ir:8443",
            "https://x.ir:8443/a/b_1/~c",
        ),
        ("http://localhost:8000", Origin("http", "localhost", 8000), "localhost:8000", "http://localhost:8000"),
        ("http://127.0.0.9", Origin("http", "127.0.0.9", 80), "127.0.0.9", "http://127.0.0.9"),
        ("http://[::1]:81", Origin("http", "::1", 81), "[::1]:81", "http://[::1]:81"),
        ("https://[2001:db8::1]", Origin("https", "2001:db8::1", 443), "[2001:db8::1]", "https://[2001:db8::1]"),
        ("https://10.0.0.1", Origin("https", "10.0.0.1", 443), "10.0.0.1", "https://10.0.0.1"),
        ("https://bücher.de", Origin("https", "xn--bcher-kva.de", 443), "xn--bcher-kva.de", "https://xn--bcher-kva.de"),
    ],
)
def test_a_valid_base_url_is_parsed(url: str, origin: Origin, authority: str, again: str) -> None:
    """A base URL is parsed into its parts and written in one form."""
    found = Origin.parse(url)
    assert (found, found.authority, found.url) == (origin, authority, again)


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("", NO_HTTPS),
        ("wikipayam.ir", NO_SCHEME),
        ("wikipayam.ir:443/api", NO_SCHEME),
        ("localhost:8000", NO_SCHEME),
        ("https:/wikipayam.ir", NO_SCHEME),
        ("//wikipayam.ir", NO_SCHEME),
        ("ftp://wikipayam.ir", NO_HTTPS),
        ("https://", NO_HTTPS),
        ("https:///api", NO_HTTPS),
        ("https://-x.ir", BAD_HOST),
        ("https://x_y.ir", BAD_HOST),
        ("https://x y.ir", BAD_HOST),
        ("https://x.ir.", BAD_HOST),
        ("https://x.ir:port", BAD_PORT),
        ("https://x.ir:0", BAD_PORT),
        ("https://x.ir:-1", BAD_PORT),
        ("https://x.ir:65536", BAD_PORT),
        ("https://x.ir:99999", BAD_PORT),
        ("https://[::1", NO_URL),
        ("https://a..b", NO_URL),
        ("https://" + "é" * 70 + ".ir", NO_URL),
        ("https://me:pass@wikipayam.ir", TOO_MUCH),
        ("https://t0ken@wikipayam.ir", TOO_MUCH),
        ("https://@wikipayam.ir", TOO_MUCH),
        ("https://wikipayam.ir?token=t0ken", TOO_MUCH),
        ("https://wikipayam.ir/?", TOO_MUCH),
        ("https://wikipayam.ir#", TOO_MUCH),
        ("http://wikipayam.ir", IN_THE_CLEAR),
        ("http://10.0.0.1", IN_THE_CLEAR),
        ("http://127.0.0.1.example.com", IN_THE_CLEAR),
        ("http://localhost.example.com", IN_THE_CLEAR),
        ("https://[fe80::1%25lo]", NO_ZONE),
        ("https://wikipayam.ir/a/../b", BAD_PATH),
        ("https://wikipayam.ir/.", BAD_PATH),
        ("https://wikipayam.ir/a%20b", BAD_PATH),
        ("https://wikipayam.ir/a b", BAD_PATH),
        ("https://wikipayam.ir/é", BAD_PATH),
        (None, NO_HTTPS),
        (17, NO_URL),
        (b"https://wikipayam.ir", NO_URL),
        ({}, NO_URL),
    ],
)
def test_an_invalid_base_url_is_refused(url: Any, text: str) -> None:
    """A URL that would expose the token is refused, and the error does not quote it."""
    with pytest.raises(ConfigurationError) as caught:
        Origin.parse(url)
    assert (str(caught.value), caught.value.__suppress_context__ or caught.value.__context__ is None) == (
        text,
        True,
    )


@given(st.text("htps:/[]@?#%. \n\\lo12é。1:ca", max_size=20).map(lambda text: "https://" + text) | st.text())
def test_any_base_url_is_parsed_or_refused(url: str) -> None:
    """No URL raises anything but `ConfigurationError`, and a parsed URL parses to the same origin again."""
    try:
        found = Origin.parse(url)
    except ConfigurationError:
        return
    assert (found.url.isascii(), Origin.parse(found.url)) == (True, found)


def test_options_show_no_secret() -> None:
    """The `repr` of the options masks token and user name."""
    shown = repr(options(username="09123456789"))
    assert ("t0ken" in shown, "09123456789" in shown, "username=0912*****89" in shown) == (False, False, True)


@pytest.mark.parametrize(
    ("origin", "prefix", "path"),
    [
        ("https://wikipayam.ir", "api/v1", "/api/v1/"),
        ("https://wikipayam.ir/gate", "api/v1", "/gate/api/v1/"),
        ("https://wikipayam.ir", "", "/"),
        ("https://wikipayam.ir/gate", "", "/gate/"),
    ],
)
def test_the_path_prefix(origin: str, prefix: str, path: str) -> None:
    """The API prefix follows the path of the base URL."""
    assert Options(token=Secret("t"), origin=Origin.parse(origin), api_prefix=prefix).path_prefix == path


class SyncHook:
    """An object that is called with events."""

    def __call__(self, event: Event) -> None:
        """Ignore an event."""


class AsyncHook:
    """An object whose call returns a coroutine."""

    async def __call__(self, event: Event) -> None:
        """Ignore an event."""


async def async_hook(event: Event) -> None:
    """Ignore an event."""


ASYNC = (
    "on_event: expected a plain function that returns at once; from an async service pass events on with "
    "`send_nowait` of a memory stream or `put_nowait` of a queue"
)


@pytest.mark.parametrize(
    "given",
    [
        {"application": "shop"},
        {"application": "shop/2.1"},
        {"application": "shop/2.1+b (the remark, of 2024)"},
        {"sender": "10002000"},
        {"username": "admin"},
        {"otp_pattern_id": 0},
        {"timeout": 1},
        {"rate_limit": RateLimit(requests_per_second=1)},
        {"retry": RetryPolicy(max_attempts=1)},
        {"on_event": print},
        {"on_event": SyncHook()},
        {"on_event": None},
    ],
)
def test_valid_options_are_kept(given: dict[str, Any]) -> None:
    """A valid setting is stored unchanged."""
    [(name, value)] = given.items()
    assert getattr(options(**given), name) == value


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"timeout": 0}, "timeout: expected a finite number above 0; got a number (int)"),
        ({"timeout": "10"}, "timeout: expected a finite number above 0; got a string of 2 characters with digits"),
        ({"application": "a b"}, "application: expected a product token such as `shop/2.1` or `shop/2.1 (remark)`"),
        (
            {"application": "a\r\nX: y"},
            "application: expected a product token such as `shop/2.1` or `shop/2.1 (remark)`",
        ),
        ({"application": ""}, "application: expected a product token such as `shop/2.1` or `shop/2.1 (remark)`"),
        ({"sender": ""}, "sender: expected a line such as 10002000; got a string of 0 characters"),
        (
            {"sender": "1\n"},
            "sender: expected a line such as 10002000; got a string of 2 characters with digits, spaces",
        ),
        ({"sender": 1000}, "sender: expected a line such as 10002000; got a number (int)"),
        ({"username": 912}, "username: expected the account's user name; got a number (int)"),
        ({"otp_pattern_id": True}, "otp_pattern_id: expected a number such as 13; got True"),
        ({"otp_pattern_id": -1}, "otp_pattern_id: expected a number such as 13; got a number (int)"),
        (
            {"otp_pattern_id": "13"},
            "otp_pattern_id: expected a number such as 13; got a string of 2 characters with digits",
        ),
        ({"retry": 3}, "retry: expected a RetryPolicy, such as RetryPolicy(max_attempts=5); got a number (int)"),
        ({"retry": None}, "retry: expected a RetryPolicy, such as RetryPolicy(max_attempts=5); got None"),
        ({"on_event": "print"}, ASYNC),
        ({"on_event": async_hook}, ASYNC),
        ({"on_event": functools.partial(async_hook)}, ASYNC),
        ({"on_event": AsyncHook()}, ASYNC),
    ],
)
def test_an_invalid_option_is_refused(given: dict[str, Any], text: str) -> None:
    """The error names the setting before any request."""
    with pytest.raises(ConfigurationError) as caught:
        options(**given)
    assert str(caught.value) == text


@pytest.mark.parametrize(
    ("token", "environ", "read"),
    [
        ("abc", {"SMS_AUTH_TOKEN": "xyz"}, "abc"),
        (None, {"SMS_AUTH_TOKEN": "xyz"}, "xyz"),
        (Secret("abc"), {}, "abc"),
        ("!~|1", {}, "!~|1"),
    ],
)
def test_the_token_is_read(token: Any, environ: dict[str, str], read: str) -> None:
    """The argument takes precedence over the environment."""
    assert read_token(token, environ) == Secret(read)


NO_TOKEN = "token: none given; pass token=... or set SMS_AUTH_TOKEN (panel: profile, API token)"
BAD_TOKEN = "token: expected visible ASCII characters without spaces or line breaks; got "


@pytest.mark.parametrize(
    ("token", "text"),
    [
        (None, NO_TOKEN),
        ("", NO_TOKEN),
        (Secret(""), NO_TOKEN),
        ("s3cret\n", BAD_TOKEN + "a string of 7 characters with digits, letters, spaces"),
        ("s3cret s3cret", BAD_TOKEN + "a string of 13 characters with digits, letters, spaces"),
        ("s3crét", BAD_TOKEN + "a string of 6 characters with digits, letters"),
        ("s3cret\x7f", BAD_TOKEN + "a string of 7 characters with digits, letters, symbols"),
        (b"s3cret", BAD_TOKEN + "an object of type bytes"),
        (12345, BAD_TOKEN + "a number (int)"),
    ],
)
def test_an_invalid_token_is_refused(token: Any, text: str) -> None:
    """The error does not quote the token."""
    with pytest.raises(ConfigurationError) as caught:
        read_token(token, {})
    assert str(caught.value) == text


@pytest.mark.parametrize(
    ("prefix", "read"), [("api/v1", "api/v1"), ("/api/v1/", "api/v1"), ("", ""), ("/", ""), ("v.2", "v.2")]
)
def test_a_valid_prefix_is_stripped(prefix: str, read: str) -> None:
    """Leading and trailing slashes are removed."""
    assert read_prefix(prefix) == read


@pytest.mark.parametrize(
    ("prefix", "text"),
    [
        *[
            (bad, "api_prefix: expected a path such as api/v1")
            for bad in ("a//b", ".", "a/..", "a b", "é", "a?b", "a%2f", "a\n")
        ],
        (None, "api_prefix: expected a path such as api/v1; got None"),
        (1, "api_prefix: expected a path such as api/v1; got a number (int)"),
    ],
)
def test_an_invalid_prefix_is_refused(prefix: Any, text: str) -> None:
    """A prefix that could lead to another path raises an error."""
    with pytest.raises(ConfigurationError) as caught:
        read_prefix(prefix)
    assert str(caught.value) == text


@pytest.mark.parametrize("zone", [None, UTC, timezone(timedelta(hours=3, minutes=30))])
def test_a_tzinfo_is_returned(zone: tzinfo | None) -> None:
    """A tzinfo, or None, is returned unchanged."""
    assert read_timezone(zone) is zone


def test_a_time_zone_is_found_by_name() -> None:
    """A name gives the zone of that name."""
    zone = read_timezone("Asia/Tehran")
    assert datetime(2024, 5, 1, tzinfo=zone).utcoffset() == timedelta(hours=3, minutes=30)


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../etc/passwd", "Asia", "\x00", "\ud800", 3.5, b"UTC", []])
def test_an_unknown_time_zone_is_refused(zone: Any) -> None:
    """The error says what to do."""
    with pytest.raises(ConfigurationError) as caught:
        read_timezone(zone)
    assert (
        str(caught.value) == "timezone: zone not found on this machine; pass a tzinfo, or install the package `tzdata`"
    )


@pytest.mark.parametrize(
    ("path", "prefix", "shared"),
    [
        ("/api", "api/v1", "api"),
        ("/api/v1", "api/v1", "api/v1"),
        ("/gate/api", "api/v1", "api"),
        ("/gate/api/v1", "api/v1", "api/v1"),
        ("/api/v1/api", "api/v1", "api"),
        ("/x", "x", "x"),
    ],
)
def test_a_base_url_that_ends_in_the_prefix_is_refused(path: str, prefix: str, shared: str) -> None:
    """Every request would go to `/api/v1/api/v1/...` and be answered with 404."""
    with pytest.raises(ConfigurationError) as caught:
        Options(token=Secret("t"), origin=Origin.parse(f"https://wikipayam.ir{path}"), api_prefix=prefix)
    assert str(caught.value) == (
        f"base_url: its path already ends with {shared}, with which the API prefix {prefix} starts; "
        "leave it out of base_url, or pass an api_prefix without it"
    )


@pytest.mark.parametrize(
    ("path", "prefix"),
    [("/api", "v1"), ("/api/v1", ""), ("/v1", "api/v1"), ("", "api/v1"), ("/api/x", "api/v1"), ("/api/v2", "api/v1")],
)
def test_a_base_url_with_another_path_is_accepted(path: str, prefix: str) -> None:
    """Only the end of the path and the start of the prefix are compared."""
    origin = Origin.parse(f"https://wikipayam.ir{path}")
    assert Options(token=Secret("t"), origin=origin, api_prefix=prefix).api_prefix == prefix


@pytest.mark.parametrize(
    ("setting", "environ", "missing", "text"),
    [
        ("sender", {"SMS_SENDER": "\n"}, ["sender"], "sender (from SMS_SENDER): is bad"),
        ("sender", {"SMS_SENDER": "\n"}, [], "sender: is bad"),
        ("sender", {"SMS_SENDER": ""}, ["sender"], "sender: is bad"),
        ("sender", {}, ["sender"], "sender: is bad"),
        ("timeout", {"SMS_SENDER": "1"}, ["sender"], "timeout: is bad"),
        ("timeout", {"": "1"}, ["timeout"], "timeout: is bad"),
    ],
)
def test_an_error_names_the_environment_variable(
    setting: str, environ: dict[str, str], missing: list[str], text: str
) -> None:
    """It does so only if the value came from there."""
    assert str(name_source(ConfigurationError(f"{setting}: is bad"), environ, missing)) == text
