from wikipayam_async.emulator import Request, Response
from wikipayam_async.emulator.exchange import framed_headers, without_body


def test_a_request_reads_a_query_string() -> None:
    """A query string is decoded, blanks are kept, and the last of repeated parameters counts."""
    request = Request("GET", "/", "a=1&b=&a=%D8%A7&c=x+y", {"X-Y": "Z"})
    assert request.query == {"a": "ا", "b": "", "c": "x y"}
    assert request.headers == {"x-y": "Z"}


def test_the_headers_of_a_response_include_its_length() -> None:
    """The framed headers contain the length of the body."""
    response = Response(200, {"Content-Type": "application/json"}, b'{"a":1}')
    assert framed_headers(response) == {"content-type": "application/json", "content-length": "7"}
    assert response.json() == {"a": 1}


def test_a_response_to_head_states_the_length_of_the_body_it_lacks() -> None:
    """The response to HEAD has no body, and the length of that of GET."""
    head = without_body(Response(200, {"Content-Type": "text/html"}, b"<html>"))
    assert head == Response(200, {"content-type": "text/html", "content-length": "6"})
    assert framed_headers(head)["content-length"] == "6"
