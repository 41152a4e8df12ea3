"""The errors of idempotency keys."""

from __future__ import annotations

import pickle

from wikipayam_async import SendStatus, WikipayamError
from wikipayam_async.idempotency import IdempotencyConflictError, IdempotencyStoreError, InFlightError


def test_errors_survive_pickles_and_their_arguments() -> None:
    """As result stores of queues carry them."""
    errors: list[WikipayamError] = [
        IdempotencyConflictError("text", key="k"),
        InFlightError("text", key="k", track_id="t"),
        IdempotencyStoreError("text"),
    ]
    for error in errors:
        again = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own
        assert (type(again), again.args, again.__dict__) == (type(error), error.args, error.__dict__)
        assert str(type(error)(*error.args)) == "text"
    assert [error.send_status for error in errors] == [
        SendStatus.REJECTED,
        SendStatus.UNKNOWN,
        SendStatus.NOT_ATTEMPTED,
    ]
