"""The settings of a client, checked and frozen, from arguments and the environment."""

from __future__ import annotations

import re
import ssl
import sys
from collections.abc import Collection, Mapping
from datetime import tzinfo
from functools import cache
from urllib.parse import SplitResult, urlsplit

from attrs import Factory, field, frozen

from wikipayam_async.checks import at_least_one, check_positive, is_async, not_negative
from wikipayam_async.core.events import EventHook
from wikipayam_async.core.limits import RateLimit
from wikipayam_async.core.retry import RetryPolicy
from wikipayam_async.errors import ConfigurationError
from wikipayam_async.loopback import is_loopback
from wikipayam_async.redact.masks import mask_number, shape_of
from wikipayam_async.redact.sealed import Secret
from wikipayam_async.version import __version__

__all__ = [
    "DEFAULT_API_PREFIX",
    "DEFAULT_BASE_URL",
    "DEFAULT_IDLE_EXPIRY",
    "DEFAULT_MAX_CONNECTIONS",
    "DEFAULT_TIMEOUT",
    "ConnectionOptions",
    "Options",
    "Origin",
    "check_prefix",
    "name_source",
    "read_prefix",
    "read_timezone",
    "read_token",
    "user_agent_of",
]

DEFAULT_BASE_URL = "https://wikipayam.ir"
DEFAULT_API_PREFIX = "api/v1"
DEFAULT_TIMEOUT = 10.0
DEFAULT_MAX_CONNECTIONS = 20
DEFAULT_IDLE_EXPIRY = 5.0

_TOKEN = re.compile(r"[\x21-\x7e]+")
_SEGMENT = re.compile(r"(?!\.{1,2}$)[0-9A-Za-z._~-]+")
_HOST = re.compile(r"[0-9a-z]([0-9a-z.-]*[0-9a-z])?")
_BRACKETED = re.compile(r"\[[0-9A-Fa-f:.]+\](:[0-9]*)?")
_APPLICATION = re.compile(r"[0-9A-Za-z._~-]+(/[0-9A-Za-z._~+-]+)?( \([\x20-\x27\x2a-\x7e]*\))?")
_PORTS = {"https": 443, "http": 80}
_VARIABLES = {
    "token": "SMS_AUTH_TOKEN",
    "sender": "SMS_SENDER",
    "username": "SMS_USERNAME",
    "base_url": "WIKIPAYAM_SMS_API_BASE_URL",
    "api_prefix": "WIKIPAYAM_SMS_API_PREFIX",
}
"""The environment variable of each setting that has one."""


def _authority(origin: Origin) -> str:
    host = f"[{origin.host}]" if ":" in origin.host else origin.host
    return host if origin.port == _PORTS[origin.scheme] else f"{host}:{origin.port}"


@frozen
class Origin:
    """The address of the gateway.

    Attributes:
        scheme: `https`, or `http` for a loopback address.
        host: The host name or IP address, as in a certificate.
        port: The port.
        path: The path before the API prefix; usually empty.
        authority: The host and port as in a URL and the Host header.
    """

    scheme: str
    host: str
    port: int
    path: str = ""
    authority: str = field(init=False, repr=False, eq=False, default=Factory(_authority, takes_self=True))

    @property
    def url(self) -> str:
        """The origin as a URL."""
        return f"{self.scheme}://{self.authority}{self.path}"

    @classmethod
    def parse(cls, base_url: str) -> Origin:
        """Parse a base URL.

        Raises:
            ConfigurationError: The value is not an http(s) URL, contains a user name, a query or a fragment, or is an
                http URL of another machine, which would expose the token.
        """
        if isinstance(base_url, str) and base_url and "://" not in base_url:
            raise ConfigurationError("base_url: the scheme is missing; expected a URL like https://wikipayam.ir")
        try:
            parts = urlsplit(base_url)
            host = parts.hostname or ""
            host = host if ":" in host else host.encode("idna").decode()
        except (ValueError, AttributeError, TypeError):
            raise ConfigurationError("base_url: not a URL; expected one like https://wikipayam.ir") from None
        port = _port(parts)
        if parts.scheme not in _PORTS or not host:
            raise ConfigurationError("base_url: expected an https URL like https://wikipayam.ir")
        if not (_HOST.fullmatch(host) or _is_address(host)):
            raise ConfigurationError("base_url: expected a host name of letters, digits, - and ., or an IP address")
        if "[" in parts.netloc and not _BRACKETED.fullmatch(parts.netloc):
            raise ConfigurationError(
                "base_url: expected an IPv6 address like https://[2001:db8::1]:8443, without a zone"
            )
        if "@" in parts.netloc or "?" in base_url or "#" in base_url:
            raise ConfigurationError("base_url: must not contain a user name, a password, a query or a fragment")
        if parts.scheme == "http" and not is_loopback(host):
            raise ConfigurationError(
                "base_url: http would expose the token on the network; use https (http is for loopback)"
            )
        segments = [segment for segment in parts.path.split("/") if segment]
        if not all(map(_SEGMENT.fullmatch, segments)):
            raise ConfigurationError("base_url: the path may contain only letters, digits and . _ ~ -")
        return cls(
            parts.scheme, host, _PORTS[parts.scheme] if port is None else port, "".join("/" + s for s in segments)
        )


@frozen(kw_only=True)
class ConnectionOptions:
    """The settings of a client's own connections.

    Attributes:
        max_connections: The maximum number of connections.
        idle_expiry: Seconds after which an idle connection is not reused; 0 for a connection per request.
        ssl_context: The TLS context; None for the default.
        proxy: The URL of an HTTP proxy.
    """

    max_connections: int = field(default=DEFAULT_MAX_CONNECTIONS, validator=at_least_one)
    idle_expiry: float = field(default=DEFAULT_IDLE_EXPIRY, validator=not_negative)
    ssl_context: ssl.SSLContext | None = None
    proxy: str | None = field(default=None, repr=False)


@frozen(kw_only=True)
class Options:
    """The settings of one client. `with_options` derives new ones from them."""

    token: Secret
    origin: Origin
    api_prefix: str = DEFAULT_API_PREFIX
    sender: str | None = None
    username: str | None = field(default=None, repr=mask_number)
    otp_pattern_id: int | None = None
    timeout: float = DEFAULT_TIMEOUT
    retry: RetryPolicy = field(factory=RetryPolicy)
    rate_limit: RateLimit | None = None
    timezone: tzinfo | None = None
    application: str | None = None
    on_event: EventHook | None = None
    idempotency: object = None  # a store of `wikipayam_async.idempotency`, of which core knows nothing

    def __attrs_post_init__(self) -> None:
        check_positive("timeout", self.timeout)
        name = self.application
        if name is not None and not (isinstance(name, str) and _APPLICATION.fullmatch(name)):
            raise ConfigurationError("application: expected a product token such as `shop/2.1` or `shop/2.1 (remark)`")
        if self.sender is not None and not (isinstance(self.sender, str) and self.sender.isprintable() and self.sender):
            raise ConfigurationError(f"sender: expected a line such as 10002000; got {shape_of(self.sender)}")
        pattern = self.otp_pattern_id
        if pattern is not None and (isinstance(pattern, bool) or not isinstance(pattern, int) or pattern < 0):
            raise ConfigurationError(f"otp_pattern_id: expected a number such as 13; got {shape_of(pattern)}")
        if self.username is not None and not isinstance(self.username, str):
            raise ConfigurationError(f"username: expected the account's user name; got {shape_of(self.username)}")
        check_prefix(self.origin, self.api_prefix)
        if not isinstance(self.retry, RetryPolicy):
            raise ConfigurationError(
                f"retry: expected a RetryPolicy, such as RetryPolicy(max_attempts=5); got {shape_of(self.retry)}"
            )
        if self.on_event is not None and (not callable(self.on_event) or is_async(self.on_event)):
            raise ConfigurationError(
                "on_event: expected a plain function that returns at once; "
                "from an async service pass events on with `send_nowait` of a memory stream or `put_nowait` of a queue"
            )

    @property
    def path_prefix(self) -> str:
        """The start of every path, including the trailing slash."""
        return f"{self.origin.path}/{self.api_prefix}/" if self.api_prefix else f"{self.origin.path}/"


def read_token(token: str | Secret | None, environ: Mapping[str, str]) -> Secret:
    """Return the token from the argument, or else from `SMS_AUTH_TOKEN`.

    Raises:
        ConfigurationError: The token is missing or not valid in a header. The error does not quote it.
    """
    value = token if token is not None else environ.get("SMS_AUTH_TOKEN", "")
    if isinstance(value, Secret):
        value = value.reveal()
    if not value:
        raise ConfigurationError("token: none given; pass token=... or set SMS_AUTH_TOKEN (panel: profile, API token)")
    if not isinstance(value, str) or not _TOKEN.fullmatch(value):
        raise ConfigurationError(
            f"token: expected visible ASCII characters without spaces or line breaks; got {shape_of(value)}"
        )
    return Secret(value)


def read_prefix(prefix: str) -> str:
    """Return the API prefix without leading and trailing slashes.

    Raises:
        ConfigurationError: A segment is empty, `.` or `..`, or contains more than letters, digits and `. _ ~ -`.
    """
    if not isinstance(prefix, str):
        raise ConfigurationError(f"api_prefix: expected a path such as api/v1; got {shape_of(prefix)}")
    stripped = prefix.strip("/")
    if stripped and not all(map(_SEGMENT.fullmatch, stripped.split("/"))):
        raise ConfigurationError("api_prefix: expected a path such as api/v1")
    return stripped


def read_timezone(zone: tzinfo | str | None) -> tzinfo | None:
    """Return a time zone, given as a `tzinfo` or by name (`Asia/Tehran`).

    Raises:
        ConfigurationError: The zone is not found on this machine.
    """
    if zone is None or isinstance(zone, tzinfo):
        return zone
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError  # noqa: PLC0415 - most clients set no zone

    try:
        return ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError, TypeError):
        raise ConfigurationError(
            "timezone: zone not found on this machine; pass a tzinfo, or install the package `tzdata`"
        ) from None


@cache
def user_agent_of(application: str | None) -> bytes:
    """Return the User-Agent header, with the application's product token in front if there is one."""
    own = f"wikipayam-async/{__version__} (Python {sys.version_info.major}.{sys.version_info.minor})"
    return (f"{application} {own}" if application else own).encode("ascii")


def _port(parts: SplitResult) -> int | None:
    try:
        port = parts.port
    except ValueError:
        port = 0
    if port == 0:
        raise ConfigurationError("base_url: expected a port from 1 to 65535")
    return port


def check_prefix(origin: Origin, prefix: str) -> None:
    """Check that the path of the base URL does not end with what the API prefix starts with.

    Raises:
        ConfigurationError: It does, and every request would go to `/api/v1/api/v1/...`.
    """
    path, segments = origin.path.split("/")[1:], prefix.split("/")
    for count in range(min(len(path), len(segments)), 0, -1):
        if path[-count:] == segments[:count]:
            raise ConfigurationError(
                f"base_url: its path already ends with {'/'.join(segments[:count])}, with which the API prefix "
                f"{prefix} starts; leave it out of base_url, or pass an api_prefix without it"
            )


def name_source(error: ConfigurationError, environ: Mapping[str, str], missing: Collection[str]) -> ConfigurationError:
    """Return the error of a setting with the environment variable that its value came from.

    Args:
        error: The error; its text starts with the setting.
        environ: The environment.
        missing: The settings that were not passed as arguments.
    """
    setting, _, text = str(error).partition(":")
    variable = _VARIABLES.get(setting) if setting in missing else None
    if variable is None or not environ.get(variable):
        return error
    return ConfigurationError(f"{setting} (from {variable}):{text}")


def _is_address(host: str) -> bool:
    import ipaddress  # noqa: PLC0415 - few addresses are of IPv6

    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
