"""Who may use the control API: this machine, or a caller with the control token. No web page of another site may."""

import re
from collections.abc import Mapping
from hmac import compare_digest
from ipaddress import ip_address

from attrs import field, frozen

from wikipayam_async.emulator.server.control.problem import Refusal

TOKEN_VARIABLE = "WIKIPAYAM_EMULATOR_CONTROL_TOKEN"  # noqa: S105 - its name
LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})

_is_token = re.compile(r"[\x21-\x7e]+").fullmatch


@frozen
class Guard:
    """The rules of access.

    Without a token, callers must be on this machine, and name it by an allowed host: a web page whose name resolves to
    this machine (DNS rebinding) names another. With a token every caller must send it, from wherever they call.

    Attributes:
        token: The control token; None without one.
        hosts: The names by which the emulator may be addressed, in lower case and without a port.

    Raises:
        ValueError: The token is empty, or has other characters than visible ASCII. The error does not show it.
    """

    token: str | None = field(default=None, repr=False)
    hosts: frozenset[str] = LOOPBACK_NAMES

    def __attrs_post_init__(self) -> None:
        if self.token is not None and not _is_token(self.token):
            raise ValueError(f"the control token ({TOKEN_VARIABLE}) must have visible ASCII characters only")

    def check(self, headers: Mapping[str, str], client: str | None) -> None:
        """Check a call.

        Args:
            headers: The headers; names in lower case.
            client: The address of the caller; None if it is not known.

        Raises:
            Refusal: The caller may not use the control API, or is a web page of another site.
        """
        if self.token is not None:
            self._check_token(headers)
        else:
            self._check_place(headers, client)
        _check_page(headers)

    def _check_token(self, headers: Mapping[str, str]) -> None:
        scheme, _, token = headers.get("authorization", "").partition(" ")
        given = token.strip() if scheme.lower() == "bearer" else ""
        if not compare_digest(given.encode(), (self.token or "").encode()):
            raise Refusal(
                401,
                "The control token is missing or wrong.",
                f"Send it as `Authorization: Bearer TOKEN`; it is the value of {TOKEN_VARIABLE} where the emulator runs.",
                headers={"www-authenticate": "Bearer"},
            )

    def _check_place(self, headers: Mapping[str, str], client: str | None) -> None:
        if not _is_loopback(client):
            raise Refusal(
                403,
                "The control API answers this machine only.",
                f"Set {TOKEN_VARIABLE} for the emulator and send the token, or call from the machine it runs on.",
            )
        if host_name(headers.get("host", "")) not in self.hosts:
            raise Refusal(
                403,
                "The Host header is not a name of this machine.",
                f"Use http://127.0.0.1 or http://localhost, or set {TOKEN_VARIABLE} and send the token.",
            )


def host_name(host: str) -> str:
    """Return the name in a Host header: in lower case, without the port and the brackets of an IPv6 address."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].rstrip(".").lower()


def _is_loopback(client: str | None) -> bool:
    try:
        address = ip_address(client or "")
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


def _check_page(headers: Mapping[str, str]) -> None:
    origin = headers.get("origin")
    if origin is not None and origin.partition("://")[2] != headers.get("host"):
        raise Refusal(
            403,
            "The call comes from a web page of another site.",
            "Call the control API from a program, not from a page.",
        )


def check_content_type(headers: Mapping[str, str]) -> None:
    """Check that a call that changes something says that its body is JSON.

    A web page may send other types to any site without asking first, and no type with an empty body.

    Args:
        headers: The headers; names in lower case.

    Raises:
        Refusal: The body is not JSON.
    """
    if headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise Refusal(415, "The body is not JSON.", "Send `Content-Type: application/json`, also without a body.")
