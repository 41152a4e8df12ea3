from __future__ import annotations

import json
import pickle

import pytest

from wikipayam_async import SendStatus, WikipayamError
from wikipayam_async.verification import (
    ChallengeClosedError,
    CheckStatus,
    LimitScope,
    VerificationLimitError,
    VerificationStoreError,
)

ERRORS = [
    VerificationLimitError("too many", scope=LimitScope.IP, retry_after=2.5),
    ChallengeClosedError("over", status=CheckStatus.USED),
    ChallengeClosedError("over"),
    VerificationStoreError("down"),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_an_error_survives_a_queue(error: WikipayamError) -> None:
    """Pickled, or rebuilt from its `args` as JSON, it has the same text and fields."""
    for copy in (pickle.loads(pickle.dumps(error)), type(error)(*json.loads(json.dumps(error.args)))):  # noqa: S301
        assert (type(copy), str(copy), vars(copy)) == (type(error), str(error), vars(error))


def test_no_error_means_a_message() -> None:
    """After each of them, nothing was sent by the call."""
    assert [error.send_status for error in ERRORS] == [
        SendStatus.NOT_ATTEMPTED,
        SendStatus.REJECTED,
        SendStatus.REJECTED,
        SendStatus.NOT_ATTEMPTED,
    ]
