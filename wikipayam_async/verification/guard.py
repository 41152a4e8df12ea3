"""Calls of a store: within a time-out, and with one kind of error."""

from __future__ import annotations

import logging
from collections.abc import Awaitable
from typing import TypeVar

import anyio

from wikipayam_async.errors import ConfigurationError
from wikipayam_async.redact.masks import shape_of
from wikipayam_async.verification.errors import VerificationStoreError
from wikipayam_async.verification.store import VerificationStore

__all__ = ["StoreGuard", "check_store"]

logger = logging.getLogger("wikipayam_async")

T = TypeVar("T")

_METHODS = ("start", "find", "begin_send", "end_send", "check", "cancel", "claim_due", "purge", "aclose")


def check_store(store: object) -> None:
    """Check that an object is a store of challenges.

    Raises:
        ConfigurationError: It is not.
    """
    if isinstance(store, type) or not all(callable(getattr(store, method, None)) for method in _METHODS):
        raise ConfigurationError(f"store: expected a store such as MemoryStore(); got {shape_of(store)}")


class StoreGuard:
    """Makes the calls of a verifier to its store.

    Attributes:
        store: The store.
        timeout: Seconds that a call may take.
    """

    def __init__(self, store: VerificationStore, *, timeout: float) -> None:
        check_store(store)
        self.store = store
        self.timeout = timeout

    async def __call__(self, step: Awaitable[T]) -> T:
        """Return the result of a call.

        Raises:
            VerificationStoreError: The store raised or took too long. The causes are left out: they may show a number.
        """
        try:
            with anyio.fail_after(self.timeout):
                return await step
        except VerificationStoreError as error:
            failure = error
        except TimeoutError:
            failure = VerificationStoreError(
                f"the store of challenges did not answer within {self.timeout:g} s; no code is sent or accepted meanwhile"
            )
        except Exception as error:  # noqa: BLE001 - whatever a driver raises
            failure = VerificationStoreError(
                f"the store of challenges failed with {type(error).__name__}; no code is sent or accepted meanwhile"
            )
        failure.__context__ = None
        raise failure from None

    async def finish(self, step: Awaitable[object]) -> None:
        """Make a call that a cancellation must not stop, and whose failure changes nothing.

        It is for what is written after a cancellation: without it, the challenge stays as it is until it expires.
        """
        with anyio.move_on_after(self.timeout, shield=True):
            try:
                await step
            except Exception as error:  # noqa: BLE001 - see above
                logger.warning(
                    "verification: the store of challenges failed with %s after a send", type(error).__name__
                )
