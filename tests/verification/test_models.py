from __future__ import annotations

from wikipayam_async.verification import CheckResult, CheckStatus


def test_only_a_right_code_is_true() -> None:
    """A result is true, and `ok`, with one status alone."""
    results = {status: CheckResult(status=status) for status in CheckStatus}
    assert [status for status, result in results.items() if result] == [CheckStatus.OK]
    assert [status for status, result in results.items() if result.ok] == [CheckStatus.OK]


def test_the_receiver_is_masked() -> None:
    """The `repr` of a result can be logged."""
    assert "receiver=0912*****89," in repr(CheckResult(status=CheckStatus.OK, receiver="09123456789"))
