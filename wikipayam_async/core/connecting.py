"""Why a connection could not be made: the fault, with address, reason and cause. Pure."""

from __future__ import annotations

import errno
import os
import socket
import ssl
from collections.abc import Iterator

from wikipayam_async.core.fault import ExchangeFault, ExchangeFaultKind

__all__ = ["address_of", "connection_fault", "find_cause", "reason_of"]

_REASONS = {
    errno.ECONNREFUSED: "connection refused",
    errno.ECONNRESET: "connection reset",
    errno.ETIMEDOUT: "timed out",
    errno.ENETUNREACH: "network unreachable",
    errno.EHOSTUNREACH: "host unreachable",
    errno.EMFILE: "too many open files in this process",
    errno.ENFILE: "too many open files on this machine",
    errno.EADDRNOTAVAIL: "no local address or port is free",
    errno.EACCES: "not permitted on this machine",
    errno.EPERM: "not permitted on this machine",
}
_NAME_REASONS = {
    socket.EAI_NONAME: "name not found",
    socket.EAI_AGAIN: "the name server does not answer",
    socket.EAI_FAIL: "the name server failed",
}


def address_of(host: str, port: int) -> str:
    """Return an address as in a URL, always with its port."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def connection_fault(error: BaseException, host: str, port: int) -> ExchangeFault:
    """Return the fault for the exception of an attempt to connect.

    Its cause is the error of the operating system or of TLS.
    """
    cause, address = find_cause(error), address_of(host, port)
    kind = ExchangeFaultKind.CONNECT
    if isinstance(cause, ssl.SSLCertVerificationError):
        kind = ExchangeFaultKind.CERTIFICATE
        detail = f"the gateway's certificate was not accepted ({cause.verify_message}; {address})"
    elif isinstance(cause, ssl.SSLError):
        detail = f"no connection to the gateway at {address} ({_reason(cause)})"
    elif isinstance(cause, socket.gaierror):
        detail = f"the gateway's name could not be resolved: {host} ({_reason(cause)})"
    else:
        detail = f"no connection to the gateway at {address} ({reason_of(error)})"
    return ExchangeFault(kind, detail, handed_over=False, cause=cause)


def reason_of(error: BaseException) -> str:
    """Return the reasons of a failed connection in words; several if several addresses were tried."""
    found = (_reason(one) for one in _chain(error) if isinstance(one, OSError) and one.errno is not None)
    return "; ".join(dict.fromkeys(found)) or "closed by the other side"


def _reason(error: OSError) -> str:
    number = error.errno or 0
    if isinstance(error, socket.gaierror):
        return _NAME_REASONS.get(number, f"resolver error {number}")
    if isinstance(error, ssl.SSLError):
        return f"TLS failed: {getattr(error, 'reason', None) or 'no reason given'}"
    return _REASONS.get(number) or f"{os.strerror(number)}, {errno.errorcode.get(number, number)}"


def find_cause(error: BaseException) -> OSError | None:
    """Return the first error of the operating system or of TLS behind an exception, if there is one.

    It is a new one: the original's traceback and text may hold more than an address.
    """
    for found in _chain(error):
        if isinstance(found, ssl.SSLError):
            found.__cause__ = found.__context__ = None
            return found.with_traceback(None)
        if isinstance(found, OSError) and found.errno is not None:
            kind = socket.gaierror if isinstance(found, socket.gaierror) else OSError
            return kind(found.errno, _reason(found))
    return None


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception and those behind it: causes, contexts and members of groups."""
    waiting, seen = [error], set[int]()
    while waiting:
        one = waiting.pop(0)
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        if isinstance(one, BaseExceptionGroup):
            waiting += one.exceptions
        waiting += [behind for behind in (one.__cause__, one.__context__) if behind is not None]
