"""What every service stands on, and the checks that several share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from wikipayam_async.core.options import Options
from wikipayam_async.core.pipeline import Pipeline
from wikipayam_async.errors import (
    APIConnectionError,
    RateLimitError,
    ResponseError,
    ServerError,
)

__all__ = ["TRANSIENT", "Service", "chunked"]

T = TypeVar("T")

TRANSIENT = (APIConnectionError, RateLimitError, ResponseError, ServerError)
"""What a reader that goes on asking (a consumer, a watch) waits out; anything else it raises."""


class Service:
    """One service of the gateway, as a sub-resource of the client. Made by the client."""

    def __init__(self, pipeline: Pipeline, options: Options) -> None:
        self._pipeline = pipeline
        self._options = options


def chunked(values: Sequence[T], size: int) -> list[Sequence[T]]:
    """Cut a sequence into pieces of at most so many."""
    return [values[start : start + size] for start in range(0, len(values), size)]
