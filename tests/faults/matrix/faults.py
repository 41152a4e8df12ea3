"""Every fault of the matrix by name, in the order of the table."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from email.utils import formatdate
from time import time

import anyio
import trustme
from anyio.abc import ByteStream

from tests.faults.matrix.answers import (
    CHUNKED,
    accepting,
    closing,
    continuing,
    gzip_bomb,
    healthy,
    nested_gzip_bomb,
    once,
    oversized,
    resetting,
    silent,
    slow,
    with_body,
    with_bytes,
    with_items,
    with_status,
)
from tests.faults.matrix.setup import Fault, Handler, Ledger, gateway
from tests.faults.matrix.setups import (
    closed_while_idle,
    environment,
    forwarding,
    name_not_found,
    netrc,
    on_connection,
    proxy_refuses,
    redirecting,
    refused,
    reset_mid_body,
    ssl_cert_file,
    tls,
)
from tests.support.raw import RawRequest, answer, reset, shrink_receive_buffer

__all__ = ["ENVIRONMENTS", "FAULTS"]

SHORT = 0.4
"""The time-out, in seconds, of a client that is expected to time out."""

OK = b"HTTP/1.1 200 OK\r\n"
HTML = "<!DOCTYPE html><html><body>It works!</body></html>"
GZIP = {"Content_Encoding": "gzip"}


async def hang(stream: ByteStream) -> None:
    """Read everything and never answer."""
    while True:
        await stream.receive()


async def stop_reading(stream: ByteStream) -> None:
    """Read the first bytes and stop."""
    shrink_receive_buffer(stream)
    await stream.receive(1000)
    await anyio.sleep_forever()


async def refuse_early(stream: ByteStream) -> None:
    """Refuse a body before it was read, and close."""
    shrink_receive_buffer(stream)
    await stream.receive(1000)
    await stream.send(answer("<html>Request Entity Too Large</html>", 413))


async def answer_in_plain_http(stream: ByteStream) -> None:
    """Answer a handshake in plain HTTP."""
    await stream.receive()
    await stream.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")


async def reset_at_once(stream: ByteStream) -> None:
    """Reset the connection at once."""
    await reset(stream)


async def reset_later(stream: ByteStream) -> None:
    """Reset the connection after 30 ms without reading."""
    await anyio.sleep(0.03)
    await reset(stream)


async def throttle_until_a_date(request: RawRequest, stream: ByteStream, ledger: Ledger) -> object:
    """Answer 429 with a `Retry-After` date 30 seconds ahead."""
    return await with_status(429, Retry_After=formatdate(time() + 30, usegmt=True))(request, stream, ledger)


def with_fields(fields: bytes) -> Handler:
    """Answer with the documented body and these header fields instead of `Content-Length`."""
    return with_bytes(lambda body: OK + fields + b"\r\n\r\n" + body)


def data(body: str) -> Fault:
    """Process the request, and answer 200 with another body."""
    return gateway(with_body(lambda _: body))


def every_value(value: object) -> Fault:
    """Process the request, and answer with the documented fields, all with one value."""

    def replace(items: list[dict[str, object]] | dict[str, object]) -> object:
        return [dict.fromkeys(one, value) for one in items] if isinstance(items, list) else dict.fromkeys(items, value)

    return gateway(with_items(replace))


CONNECTING: Mapping[str, Fault] = {
    "connection refused": refused,
    "host name not found": name_not_found,
    "certificate for another host": tls(healthy, name="example.org"),
    "certificate from an unknown authority": tls(healthy, issuer=trustme.CA),
    "TLS handshake stalls": on_connection(hang, scheme="https", timeout=SHORT),
    "TLS handshake answered in plain HTTP": on_connection(answer_in_plain_http, scheme="https"),
    "connection reset during the TLS handshake": on_connection(reset_at_once, scheme="https"),
    "connection reset on accept": on_connection(reset_at_once),  # before or after the request was written: both happen
    "connection reset after a delay, nothing read": on_connection(reset_later),
    "proxy rejects CONNECT with 403": proxy_refuses(answer("no", 403)),
    "proxy rejects CONNECT with 502": proxy_refuses(answer("no", 502)),
    "proxy rejects CONNECT with 407": proxy_refuses(answer("no", 407)),
    "proxy closes the connection on CONNECT": proxy_refuses(b""),
    "proxy answers 502 to a plain HTTP request": forwarding(accepting(with_status(502))),
    "proxy closes after a plain HTTP request": forwarding(accepting(closing)),
}

BREAKING: Mapping[str, Fault] = {
    "connection closed after the request, accepted": gateway(accepting(closing)),
    "connection closed after the request, not accepted": gateway(closing),
    "TLS connection closed after the request, accepted": tls(accepting(closing)),
    "connection reset after the request, accepted": gateway(accepting(resetting)),
    "connection reset after the request, not accepted": gateway(resetting),
    "TLS connection reset after the request, accepted": tls(accepting(resetting)),
    "connection reset during a 5 MB body": reset_mid_body(),
    "connection reset during the body once, then success": reset_mid_body(then=healthy),
    "413 during a 5 MB body, then closed": on_connection(refuse_early, text="x" * 5_000_000),
    "gateway stops reading during a 10 MB body": on_connection(stop_reading, text="x" * 10_000_000, timeout=1.5),
    "idle connection closed": closed_while_idle(),
    "idle connection half-closed": closed_while_idle(half=True),
    "idle connection reset": closed_while_idle(by_reset=True),
}

STALLING: Mapping[str, Fault] = {
    "no response, accepted": gateway(accepting(silent), timeout=SHORT),
    "no response, not accepted": gateway(silent, timeout=SHORT),
    "no response once, then success": gateway(once(accepting(silent)), timeout=SHORT),
    "response head only": gateway(with_bytes(lambda _: OK + b"Content-Length: 5\r\n\r\n", hang=True), timeout=SHORT),
    "slow response head": gateway(slow(b"", b"", 0.05), timeout=SHORT),
    "slow response body": gateway(slow(OK + b"Content-Length: 500\r\n\r\n", b" ", 0.05), timeout=SHORT),
    "slow response chunks": gateway(slow(CHUNKED, b"1\r\n \r\n", 0.05), timeout=SHORT),
    "endless 100 Continue, slow": gateway(continuing(0.02), timeout=SHORT),
    "endless 100 Continue, fast": gateway(continuing(0)),
}

FRAMING: Mapping[str, Fault] = {
    "Content-Length longer than the body": gateway(with_bytes(lambda body: answer(body)[:-9], close=True)),
    "last chunk missing": gateway(with_bytes(lambda body: CHUNKED + b"%x\r\n%b\r\n" % (len(body), body), close=True)),
    "invalid chunk size": gateway(with_bytes(lambda body: CHUNKED + b"zz\r\n" + body + b"\r\n0\r\n\r\n")),
    "no Content-Length, complete body": gateway(with_bytes(lambda body: OK + b"\r\n" + body, close=True)),
    "no Content-Length, truncated JSON": gateway(with_bytes(lambda body: OK + b"\r\n" + body[:-9], close=True)),
    "two Content-Length headers": gateway(with_fields(b"Content-Length: 2\r\nContent-Length: 20")),
    "Content-Length, then Transfer-Encoding": gateway(with_fields(b"Content-Length: 2\r\nTransfer-Encoding: chunked")),
    "Transfer-Encoding, then Content-Length": gateway(with_fields(b"Transfer-Encoding: chunked\r\nContent-Length: 2")),
    "negative Content-Length": gateway(with_fields(b"Content-Length: -2")),
    "200 KB header": gateway(with_bytes(lambda body: answer(body, headers={"X-Long": "x" * 200_000}))),
    "10,000 headers": gateway(with_bytes(lambda body: OK + b"X-One: 1234567890\r\n" * 10_000 + b"\r\n" + body)),
    "not HTTP": gateway(with_bytes(lambda _: b"SSH-2.0-OpenSSH_9.6\r\n\r\n")),
    "unrequested protocol switch": gateway(
        with_bytes(lambda _: b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\nxx")
    ),
    "gzip, valid": gateway(with_body(gzip.compress, **GZIP)),
    "gzip, truncated": gateway(with_body(lambda body: gzip.compress(body)[:-12], **GZIP)),
    "gzip, corrupt": gateway(with_body(lambda _: b"\x1f\x8b\x08\x00rubbish", **GZIP)),
    "gzip bomb": gateway(with_body(lambda _: gzip_bomb(), **GZIP)),
    "nested gzip bomb": gateway(with_body(lambda _: nested_gzip_bomb(), Content_Encoding="gzip, gzip")),
    "gzip bomb through a proxy": forwarding(with_body(lambda _: gzip_bomb(), **GZIP)),
    "gzip declared, body not compressed": gateway(with_body(lambda body: body, **GZIP)),
    "17 MiB with Content-Length": gateway(oversized(chunked=False)),
    "17 MiB, chunked": gateway(oversized(chunked=True)),
}

CONTENT: Mapping[str, Fault] = {
    "documented response": gateway(healthy),
    "HTML page": gateway(with_body(lambda _: HTML, Content_Type="text/html")),
    "empty body": data(""),
    "204": gateway(with_bytes(lambda _: b"HTTP/1.1 204 No Content\r\n\r\n")),
    "invalid UTF-8": gateway(with_body(lambda body: body.replace(b'"data"', b'"d\xff": "\xff", "data"'))),
    "NaN": gateway(with_body(lambda body: body.replace(b'"data"', b'"x": NaN, "data"'))),
    "JSON nested 100,000 levels deep": data('{"data":' + "[" * 100_000 + "]" * 100_000 + "}"),
    "100,000 opening brackets": data("[" * 100_000),
    "duplicate data key, the last one empty": gateway(with_body(lambda body: body[:-1] + b', "data": {}}')),
    "duplicate key, same value": gateway(with_body(lambda body: body.replace(b"}", b', "id": "5", "balance": 7}', 1))),
    "unknown fields": gateway(with_body(lambda body: body.replace(b"}", b', "new": {"x": [null]}}'))),
    "no data envelope": gateway(with_body(lambda body: body[len(b'{"data": ') : -1])),
    "error body with status 200": data('{"message": "Server Error", "errors": {"0.receiver": ["bad"]}}'),
    "body is a number": data("5"),
    "body is null": data("null"),
    "data is null": data('{"data": null}'),
    "data is a number": data('{"data": 5}'),
    "data is a string": data('{"data": "ok"}'),
    "data is true": data('{"data": true}'),
    "data is an empty list": data('{"data": []}'),
    "data is a list of lists": data('{"data": [[["x"]]]}'),
    "nested data objects": data('{"data": {"data": {"data": 1}}}'),
    "every value is a list": every_value([]),
    "every value is null": every_value(None),
    "numbers as strings": gateway(
        with_body(lambda body: body.replace(b"7,", b'"7",').replace(b" 1}", b' "1"}').replace(b" 1,", b' "1",'))
    ),
}

ONE_ITEM: Mapping[str, Fault] = {
    "one message: numeric id": gateway(with_items(lambda items: [one | {"id": 5} for one in items])),
    "one message: null id": gateway(with_items(lambda items: [one | {"id": None} for one in items])),
    "one message: empty id": gateway(with_items(lambda items: [one | {"id": ""} for one in items])),
    "one message: id missing": gateway(with_items(lambda items: [{"track_id": one["track_id"]} for one in items])),
    "one message: track id missing": gateway(with_items(lambda items: [{"id": one["id"]} for one in items])),
    "one message: unknown track id": gateway(with_items(lambda items: [one | {"track_id": "t-x"} for one in items])),
    "one message: track id missing, unknown receiver": gateway(
        with_items(lambda items: [{"id": one["id"], "receiver": "09120000000"} for one in items])
    ),
    "one message: duplicate item": gateway(with_items(lambda items: items * 2)),
    "one message: extra items": gateway(
        with_items(lambda items: [{"id": "8", "track_id": "t-8"}, *items, {"id": "9", "track_id": None}])
    ),
    "one message: object instead of a list": gateway(with_items(lambda items: items[0])),
}

THREE_ITEMS: Mapping[str, Fault] = {
    "three messages: documented response": gateway(with_items(lambda items: items), messages=3),
    "three messages: last item missing": gateway(with_items(lambda items: items[:2]), messages=3),
    "three messages: first item missing": gateway(with_items(lambda items: items[1:]), messages=3),
    "three messages: extra item": gateway(
        with_items(lambda items: [*items, {"id": "9", "track_id": "t-9"}]), messages=3
    ),
    "three messages: items reordered": gateway(with_items(lambda items: items[::-1]), messages=3),
    "three messages: first item duplicated, last item missing": gateway(
        with_items(lambda items: [items[0], items[0], items[1]]), messages=3
    ),
    "three messages: all items duplicated": gateway(with_items(lambda items: items + items), messages=3),
    "three messages: invalid item": gateway(with_items(lambda items: [items[0], 5, items[2]]), messages=3),
    "three messages: track ids missing": gateway(
        with_items(lambda items: [{"id": one["id"], "receiver": one["receiver"]} for one in items]), messages=3
    ),
    "three messages: ids only": gateway(with_items(lambda items: [{"id": one["id"]} for one in items]), messages=3),
    "three messages: 422 for the second, then success": gateway(
        once(with_status(422, {"message": "The given data was invalid.", "errors": {"1.receiver": ["bad"]}})),
        messages=3,
    ),
    "three messages: 413, then success": gateway(once(with_status(413)), messages=3),
}

REFUSING: Mapping[str, Fault] = {
    str(status): gateway(with_status(status)) for status in (400, 401, 402, 403, 404, 405, 410, 413, 415, 422, 425, 429)
}

THROTTLING: Mapping[str, Fault] = {
    "429 with Retry-After 3, then success": gateway(once(with_status(429, Retry_After="3"))),
    "429 with a Retry-After date, then success": gateway(once(throttle_until_a_date)),
    "429 with an invalid Retry-After, then success": gateway(once(with_status(429, Retry_After="soon"))),
    "429 with Retry-After 9999": gateway(with_status(429, Retry_After="9999")),
}

FAILING: Mapping[str, Fault] = {
    "408, accepted": gateway(accepting(with_status(408))),
    "409, accepted": gateway(accepting(with_status(409))),
    **{f"{status}, accepted": gateway(accepting(with_status(status))) for status in (500, 501, 502, 503, 504)},
    "502 with an HTML page, accepted": gateway(accepting(with_status(502, HTML, Content_Type="text/html"))),
    "503, not accepted": gateway(with_status(503)),
    "503 with Retry-After 7, then success": gateway(once(with_status(503, Retry_After="7"))),
    "503 with Retry-After 9999": gateway(with_status(503, Retry_After="9999")),
    **{f"{status} to another host, accepted": redirecting(status) for status in (301, 302, 303, 307, 308)},
}

FAULTS: Mapping[str, Fault] = {
    **CONNECTING,
    **BREAKING,
    **STALLING,
    **FRAMING,
    **CONTENT,
    **ONE_ITEM,
    **THREE_ITEMS,
    **REFUSING,
    **THROTTLING,
    **FAILING,
}

ENVIRONMENTS: Mapping[str, Fault] = {
    "HTTP_PROXY set": environment("HTTP_PROXY", "http_proxy"),
    "HTTPS_PROXY set": environment("HTTPS_PROXY", "https_proxy", with_tls=True),
    "ALL_PROXY set": environment("ALL_PROXY", "all_proxy"),
    "NETRC set": netrc,
    "gateway trusted only by SSL_CERT_FILE": ssl_cert_file,
}
"""Faults of the process environment, which concurrent cells cannot share: their calls are made one after the other."""
