from wikipayam_async.lab.call import SdkCall
from wikipayam_async.lab.prepared import CAPACITY, PreparedCall, PreparedCalls

CALL = PreparedCall("account_balance", SdkCall("balance"))


def test_a_call_is_taken_once() -> None:
    """The second request with the same number gets nothing, and numbers differ."""
    calls = PreparedCalls()
    number = calls.add(CALL)
    assert number != calls.add(CALL)
    assert [calls.take(number), calls.take(number), calls.take("")] == [CALL, None, None]


def test_the_oldest_calls_are_dropped() -> None:
    """A page that is left open does not fill the memory."""
    calls = PreparedCalls()
    numbers = [calls.add(CALL) for _ in range(CAPACITY + 1)]
    assert (calls.take(numbers[0]), calls.take(numbers[1])) == (None, CALL)
