import pytest

from wikipayam_async.emulator.gateway import laravel


@pytest.mark.parametrize(
    ("errors", "message"),
    [
        ({"a": ["A."]}, "A."),
        ({"a": ["A."], "b": ["B."]}, "A. (and 1 more error)"),
        ({"a": ["A.", "A2."], "b": ["B."]}, "A. (and 2 more errors)"),
    ],
)
def test_the_message_of_a_422_is_the_first_error(errors: dict[str, list[str]], message: str) -> None:
    """The message is the first error and the number of further ones."""
    response = laravel.invalid(errors)
    assert (response.status, response.json()) == (422, {"message": message, "errors": errors})


def test_an_error_has_a_message() -> None:
    """An error has Laravel's message for its status, a custom one, or a fallback."""
    bodies = [laravel.error(429).json(), laravel.error(404, "Gone.").json(), laravel.error(418).json()]
    assert bodies == [{"message": "Too Many Attempts."}, {"message": "Gone."}, {"message": "Error"}]


def test_the_proxy_responds_with_a_page() -> None:
    """A body that is too large gets an HTML page."""
    response = laravel.too_large()
    assert (response.status, response.headers["content-type"]) == (413, "text/html; charset=UTF-8")
    assert b"<h1>413 Request Entity Too Large</h1>" in response.body
