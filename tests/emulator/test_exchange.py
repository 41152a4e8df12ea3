from wikipayam_async.emulator import Request, Response
from wikipayam_async.emulator.exchange import framed


def test_a_request_reads_a_query_string() -> None:
    """A query string is decoded, blanks are kept, and of doubles the last one counts."""
    request = Request("GET", "/", "a=1&b=&a=%D8%A7&c=x+y", {"X-Y": "Z"})
    assert request.query == {"a": "ا", "b": "", "c": "x y"}
    assert request.headers == {"x-y": "Z"}


def test_a_response_is_framed_by_its_length() -> None:
    """The headers that go over the wire tell the length of the body."""
    response = Response(200, {"Content-Type": "application/json"}, b'{"a":1}')
    assert framed(response) == {"content-type": "application/json", "content-length": "7"}
    assert response.json() == {"a": 1}
