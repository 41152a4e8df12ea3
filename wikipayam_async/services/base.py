"""The base class of the services, and helpers that several of them share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeVar

from wikipayam_async.errors import APIConnectionError, RateLimitError, ResponseError, ServerError

if TYPE_CHECKING:
    from wikipayam_async.core.options import Options
    from wikipayam_async.core.pipeline import Pipeline

__all__ = ["TRANSIENT", "Service", "chunked"]

T = TypeVar("T")

TRANSIENT = (APIConnectionError, RateLimitError, ResponseError, ServerError)
"""Errors after which a polling loop (a consumer, a delivery watch) polls again; it raises any other."""


class Service:
    """One service of the gateway. The client creates it and exposes it as an attribute."""

    def __init__(self, pipeline: Pipeline, options: Options) -> None:
        self._pipeline = pipeline
        self._options = options


def chunked(values: Sequence[T], size: int) -> list[Sequence[T]]:
    """Split a sequence into chunks of at most `size` items."""
    return [values[start : start + size] for start in range(0, len(values), size)]
