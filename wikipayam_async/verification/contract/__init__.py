"""What every store of challenges must do. Test an implementation of your own with it, in any test framework.

With pytest::

    @pytest.mark.anyio
    @pytest.mark.parametrize("check", STORE_CONTRACT, ids=lambda check: check.__name__)
    async def test_my_store(check):
        await check(lambda: MyStore(url))

A check raises `AssertionError` with what it expected and what it got. Checks use challenges and counters of their own, but
take every challenge that is due, so run them on data that nobody else uses.
"""

from collections.abc import Sequence

from wikipayam_async.verification.contract.codes import CODES
from wikipayam_async.verification.contract.counters import COUNTERS
from wikipayam_async.verification.contract.records import RECORDS
from wikipayam_async.verification.contract.sends import SENDS
from wikipayam_async.verification.contract.support import Check, OpenStore

__all__ = ["STORE_CONTRACT", "Check", "OpenStore"]

STORE_CONTRACT: Sequence[Check] = (*RECORDS, *COUNTERS, *CODES, *SENDS)
"""The parts of the contract."""
