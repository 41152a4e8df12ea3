"""Fixtures and settings of every test.

With `WIKIPAYAM_LOOP=uvloop`, the tests on asyncio run on uvloop's event loop.
"""

import asyncio
import os
import warnings

import pytest
from hypothesis import HealthCheck, settings

from tests.support.effort import EFFORT
from tests.support.servers import database_url, empty_database_url, journal_template, postgres_url, redis_url

__all__ = ["anyio_backend", "database_url", "empty_database_url", "journal_template", "postgres_url", "redis_url"]

settings.register_profile(
    "tests",
    # A busy machine stalls for longer than any deadline; a test that loops ends at the time limit of every test.
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    # A commit has one result. New examples are tried when somebody asks for them.
    derandomize=EFFORT <= 1,
    database=None,
    max_examples=100 * max(EFFORT, 1),
    print_blob=True,
)
settings.load_profile("tests")

if os.environ.get("WIKIPAYAM_LOOP") == "uvloop":
    import uvloop

    with warnings.catch_warnings():  # Python 3.14 deprecates policies, but a runner of tests takes no other loop
        warnings.simplefilter("ignore", DeprecationWarning)
        asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    """Run every asynchronous test on asyncio and on trio."""
    return str(request.param)
