from collections.abc import Callable

from wikipayam_async.emulator import Emulator, Limits, ManualClock, Quota, Request

Ask = Callable[..., Request]


def test_a_quota_counts_down_and_refuses(emulator: Emulator, clock: ManualClock, ask: Ask) -> None:
    """Each response has the remaining requests, and a refusal the time until the next window."""
    emulator.limits = Limits(rate_limit=Quota(2, window=60.0))
    first, second = emulator.handle(ask("GET /user/balance")), emulator.handle(ask("GET /receives/x"))
    clock.advance(10.5)
    third = emulator.handle(ask("GET /user/balance"))
    assert [first.headers["x-ratelimit-limit"], first.headers["x-ratelimit-remaining"]] == ["2", "1"]
    assert (second.status, second.headers["x-ratelimit-remaining"]) == (404, "0")
    assert (third.status, third.json()) == (429, {"message": "Too Many Attempts."})
    assert third.headers == {
        "content-type": "application/json",
        "x-ratelimit-limit": "2",
        "x-ratelimit-remaining": "0",
        "retry-after": "50",
        "x-ratelimit-reset": str(int(emulator.now().timestamp()) + 50),
    }


def test_a_new_window_begins_when_the_old_one_is_over(emulator: Emulator, clock: ManualClock, ask: Ask) -> None:
    """After the window a request is accepted again."""
    emulator.limits = Limits(rate_limit=Quota(1, window=1.0))
    statuses = [emulator.handle(ask("GET /user/balance")).status for _ in range(2)]
    clock.advance(1.0)
    statuses.append(emulator.handle(ask("GET /user/balance")).status)
    assert statuses == [200, 429, 200]


def test_an_invalid_request_is_counted(emulator: Emulator, ask: Ask) -> None:
    """A request with an invalid body is counted, and its response has the headers."""
    emulator.limits = Limits(rate_limit=Quota(5))
    response = emulator.handle(ask("POST /sms/send", []))
    assert (response.status, response.headers["x-ratelimit-remaining"]) == (422, "4")


def test_quotas_are_per_account_and_cleared_by_a_reset(emulator: Emulator, ask: Ask) -> None:
    """One account does not use up the quota of another, and a reset clears all counts."""
    emulator.limits = Limits(rate_limit=Quota(1))
    emulator.add_account(token="other")
    statuses = [
        emulator.handle(ask("GET /user/balance", token=token)).status for token in ("emulator-token", "other", "other")
    ]
    emulator.reset()
    statuses.append(emulator.handle(ask("GET /user/balance")).status)
    assert statuses == [200, 200, 429, 200]
