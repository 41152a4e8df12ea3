from wikipayam_async.emulator import Request
from wikipayam_async.lab.curl import ShownRequest

TOKEN = "the-token"


def test_a_plain_query_is_part_of_the_url() -> None:
    """A query of plain values is shown in the URL; headers of the client itself are left out."""
    request = Request(
        "GET", "/api/v1/receives", "limit=2&offset=0", {"authorization": f"Bearer {TOKEN}", "accept": "*/*"}
    )
    shown = ShownRequest(request, "https://wikipayam.ir", TOKEN)
    assert shown.curl() == (
        "curl 'https://wikipayam.ir/api/v1/receives?limit=2&offset=0' \\\n  -H \"Authorization: Bearer $SMS_AUTH_TOKEN\"\n"
    )
    assert shown.http() == (
        "GET /api/v1/receives?limit=2&offset=0 HTTP/1.1\nHost: wikipayam.ir\nAuthorization: Bearer $SMS_AUTH_TOKEN\n\n"
    )


def test_other_queries_and_bodies_are_quoted() -> None:
    """Values that a URL cannot hold are encoded by curl; quotes of a body are quoted; the token stays a variable."""
    search = Request("GET", "/api/v1/receives", {"search": "لغو it's"})
    assert ShownRequest(search, "https://a.test", TOKEN).curl() == (
        "curl -G 'https://a.test/api/v1/receives' \\\n  --data-urlencode 'search=لغو it'\"'\"'s'\n"
    )
    body = b'{"password":"the-token","message":"it\'s"}'
    sent = ShownRequest(Request("POST", "/api/v1/service/holoo", "", {}, body), "https://a.test", TOKEN)
    assert TOKEN not in sent.curl()
    assert '"$SMS_AUTH_TOKEN"' in sent.curl()
    assert sent.http().endswith('Content-Length: 41\n\n{"password":"$SMS_AUTH_TOKEN","message":"it\'s"}')
