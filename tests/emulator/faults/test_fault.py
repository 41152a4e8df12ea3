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
]


def test_every_kind_can_be_made_and_counted() -> None:
    """There is a maker for every kind, and its faults can be keys."""
    assert {fault.kind for fault in MADE} == set(FaultKind)
    assert len(set(MADE)) == len(MADE)


def test_faults_that_differ_in_their_answer_differ() -> None:
    """Two statuses are two faults, and the same status made twice is one."""
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
def test_an_answer_is_made_in_advance(fault: Fault, response: Response) -> None:
    """Statuses and redirects hold the answer they give, and strike before anything is accepted."""
    assert (fault.response, fault.when) == (response, When.BEFORE)


@pytest.mark.parametrize(
    ("fault", "title"),
    [(Fault.html(), b"502 Bad Gateway"), (Fault.html(200), b"200 Welcome"), (Fault.html(200, title="Hi"), b"200 Hi")],
)
def test_a_page_has_a_title(fault: Fault, title: bytes) -> None:
    """A page of any status says something."""
    assert fault.response is not None
    assert title in fault.response.body
