"""The check of the token when an app starts."""

from __future__ import annotations

import logging

import anyio

from wikipayam_async.errors import APIStatusError, InsufficientBalanceError, RateLimitError, ServerError, WikipayamError
from wikipayam_async.public import AsyncWikipayam

__all__ = ["check_token"]

logger = logging.getLogger("wikipayam_async")

_TIME_LIMIT = 10.0
_REQUEST_TIMEOUT, _CONFLICT = 408, 409


def stops_the_start(error: WikipayamError) -> bool:
    """Return whether the gateway has refused the client's settings, so that a later attempt would fail, too.

    A 401 or 403 is about the token; a 404 or another 4xx about `base_url` and `api_prefix`.
    """
    passing = isinstance(error, InsufficientBalanceError | RateLimitError | ServerError)
    return isinstance(error, APIStatusError) and not passing and error.status_code not in {_REQUEST_TIMEOUT, _CONFLICT}


async def check_token(client: AsyncWikipayam) -> None:
    """Read the balance (`GET /user/balance`), for at most 10 seconds; log a warning if that shows nothing.

    Raises:
        APIStatusError: The gateway refused the token or the address: `AuthenticationError` if the token is wrong.
    """
    try:
        with anyio.fail_after(_TIME_LIMIT):
            await client.balance()
    except TimeoutError:
        reason = f"no answer within {_TIME_LIMIT:.0f} s"
    except WikipayamError as error:
        if stops_the_start(error):
            error.add_note(
                f"wikipayam_lifespan(check=True): the app does not start, because {client.base_url} refused the "
                "client's settings: check SMS_AUTH_TOKEN, WIKIPAYAM_SMS_API_BASE_URL and WIKIPAYAM_SMS_API_PREFIX"
            )
            raise
        reason = f"{type(error).__name__}: {error}"
    else:
        return
    logger.warning("fastapi: the token could not be checked, and the app starts all the same (%s)", reason)
