"""Whether requests may leave this machine: a switch that the pytest plugin sets while tests run.

Every pytest run imports this module, so it imports only what Python has loaded already.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["VARIABLE", "is_loopback", "is_refused", "loopback_only", "refusal"]

VARIABLE = "WIKIPAYAM_LOOPBACK_ONLY"
"""Anything but an empty value or 0 refuses requests to other machines. It is read once, when the client is imported."""


class _Switch:
    """The state of this process. A variable could be lost in a test that replaces the environment."""

    on = os.environ.get(VARIABLE, "") not in {"", "0"}


@contextmanager
def loopback_only(on: bool, /) -> Iterator[None]:  # noqa: FBT001 - a switch
    """Refuse or allow requests to other machines, in this process and in those that it starts within the block."""
    before, variable = _Switch.on, os.environ.get(VARIABLE)
    _set(on, "1" if on else None)
    try:
        yield
    finally:
        _set(before, variable)


def _set(on: bool, variable: str | None) -> None:  # noqa: FBT001 - as above
    _Switch.on = on
    if variable is None:
        os.environ.pop(VARIABLE, None)
    else:
        os.environ[VARIABLE] = variable


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine: `localhost`, or an address such as 127.0.0.1 or ::1."""
    if host == "localhost":
        return True
    from ipaddress import ip_address  # noqa: PLC0415 - see above

    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def is_refused(host: str) -> bool:
    """Return whether requests to a host are refused."""
    return _Switch.on and not is_loopback(host)


def refusal(url: str) -> Exception:
    """Return the error of a request that is refused."""
    from wikipayam_async.errors import ConfigurationError  # noqa: PLC0415 - see above

    return ConfigurationError(
        f"base_url: {url} is another machine, and tests must not reach it; nothing was sent. Use the emulator: the "
        "fixtures wikipayam_client or wikipayam_environ. To allow it, mark the test with "
        f"@pytest.mark.wikipayam_network, or set wikipayam_network = true in pytest's settings ({VARIABLE} is set)"
    )
