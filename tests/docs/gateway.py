"""The gateway's API as the package's code has it: the operations and the methods that call them."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from types import FunctionType

from wikipayam_async import AsyncWikipayam, services
from wikipayam_async.core.operation import Operation
from wikipayam_async.services.base import Service

__all__ = ["methods", "operations"]

_ENDPOINT = re.compile(r"`((?:GET|POST|PUT|PATCH|DELETE) /[^`]+)`")
_WITHOUT_CALLS = frozenset({"aclose", "with_options"})
"""Methods of the client that make no call."""


def operations() -> dict[str, Operation]:
    """Return every operation of the services by its endpoint, as in `POST /sms/send`."""
    modules = [
        importlib.import_module(one.name) for one in pkgutil.walk_packages(services.__path__, f"{services.__name__}.")
    ]
    found = {value.name: value for module in modules for value in vars(module).values() if isinstance(value, Operation)}
    return {f"{one.method} /{one.path}": one for one in found.values()}


def methods() -> dict[str, str]:
    """Return the endpoint that the docstring of each public method names, by method, as in `client.sms.send`.

    `client.request` names no endpoint, which is an empty string here.
    """
    found = dict(_methods_of("client", AsyncWikipayam))
    for name, service in inspect.getmembers(AsyncWikipayam, _is_service):
        found.update(_methods_of(f"client.{name}", service))
    return found


def _is_service(value: object) -> bool:
    """Return whether an attribute of the client's class is a service: on the class it is the service's class."""
    return isinstance(value, type) and issubclass(value, Service)


def _methods_of(prefix: str, cls: type) -> Iterator[tuple[str, str]]:
    for name, value in inspect.getmembers(cls, lambda value: isinstance(value, FunctionType)):
        if not name.startswith("_") and name not in _WITHOUT_CALLS:
            named = _ENDPOINT.search(value.__doc__ or "")
            yield f"{prefix}.{name}", named[1] if named else ""
