from collections.abc import Callable

from wikipayam_async.emulator import Emulator, Fault, Latency, Request
from wikipayam_async.emulator.server.request_history import CAPACITY, RecordedRequest, RequestHistory


def test_a_request_is_recorded_without_its_query(emulator: Emulator) -> None:
    """The record has the path without the prefix, and neither the query nor the token."""
    history = RequestHistory(emulator)
    request = Request("GET", "/api/v1/service/holoo", "password=emulator-token")
    assert history.exchange(request).response == emulator.handle(request)
    assert history.since(0) == [RecordedRequest(1, emulator.now(), "GET", "/service/holoo", 401, None, 0.0)]


def test_the_fault_of_a_request_is_recorded(emulator: Emulator, ask: Callable[..., Request]) -> None:
    """The record has the kind of the fault, the delay of latency and fault, and no status without a response."""
    history = RequestHistory(emulator)
    emulator.latency = Latency(0.5)
    emulator.faults.script([Fault.hang(), Fault.delay(1.0), None])
    for _ in range(3):
        history.exchange(ask("GET /user/balance"))
    assert [(one.status, one.fault, one.delay) for one in history.since(0)] == [
        (None, "hang", 0.5),
        (200, "delay", 1.5),
        (200, None, 0.5),
    ]


def test_the_latest_requests_are_kept(emulator: Emulator) -> None:
    """The oldest ones go first, and numbers ascend after the list is cleared."""
    history = RequestHistory(emulator)
    for _ in range(CAPACITY + 2):
        history.exchange(Request("GET", "/elsewhere"))
    assert [one.number for one in history.since(0)] == [*range(3, CAPACITY + 3)]
    assert [(one.number, one.path) for one in history.since(CAPACITY + 1)] == [(CAPACITY + 2, "/elsewhere")]
    history.clear()
    history.exchange(Request("GET", "/"))
    assert ([one.number for one in history.since(0)], history.received) == ([CAPACITY + 3], CAPACITY + 3)
