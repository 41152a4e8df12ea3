import pytest

from wikipayam_async.emulator import Fault, FaultKind, Response, When

MADE = [
    Fault.status(503),
    Fault.html(),
    Fault.redirect("https://example.com/"),
    Fault.reset(),
    Fault.close(),
    Fault.hang(),
    Fault.delay(1.0),
    Fault.drip(),
    Fault.truncated(),
    Fault.malformed_json(),
    Fault.invalid_utf8(),
    Fault.empty(),
    Fault.missing_items(),
    Fault.reordered_items(),
    Fault.duplicated_items(),
    Fault.extra_items(),
    Fault.null_track_ids(),
    Fault.bomb(),
    Fault.oversized(),
    Fault.unencodable("a"),
    Fault.raw_item("a", b"null"),
]


def test_every_kind_has_a_constructor_and_is_hashable() -> None:
    """Every kind has a class method, and its faults can be dict keys."""
    assert {fault.kind for fault in MADE} == set(FaultKind)
    assert len(set(MADE)) == len(MADE)


def test_faults_compare_by_their_response() -> None:
    """Faults with different statuses differ, and those with the same status are equal."""
    assert len({Fault.status(502), Fault.status(503), Fault.status(503)}) == 2


@pytest.mark.parametrize(
    ("fault", "response"),
    [
        (
            Fault.status(503, retry_after=5),
            Response(
                503, {"content-type": "application/json", "retry-after": "5"}, b'{"message":"Service Unavailable"}'
            ),
        ),
        (
            Fault.status(429, json={"a": 1}, headers={"X-Y": "Z"}),
            Response(429, {"content-type": "application/json", "X-Y": "Z"}, b'{"a":1}'),
        ),
        (Fault.redirect("/x", status=307), Response(307, {"location": "/x"})),
    ],
)
def test_a_fault_holds_its_response(fault: Fault, response: Response) -> None:
    """Status and redirect faults hold their response, and occur before processing by default."""
    assert (fault.response, fault.when) == (response, When.BEFORE)


@pytest.mark.parametrize(
    ("fault", "title"),
    [(Fault.html(), b"502 Bad Gateway"), (Fault.html(200), b"200 Welcome"), (Fault.html(200, title="Hi"), b"200 Hi")],
)
def test_a_page_has_a_title(fault: Fault, title: bytes) -> None:
    """The page of any status has a title."""
    assert fault.response is not None
    assert title in fault.response.body
