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
    dripping,
    gzip_bomb,
    healthy,
    nested_gzip_bomb,
    once,
    oversized,
    resetting,
    silent,
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
    """Answer with the documented body and other header fields in place of the length."""
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
    "name not found": name_not_found,
    "certificate for another host": tls(healthy, name="example.org"),
    "self-signed certificate": tls(healthy, issuer=trustme.CA),
    "handshake hangs": on_connection(hang, scheme="https", timeout=SHORT),
    "handshake answered in plain text": on_connection(answer_in_plain_http, scheme="https"),
    "reset in the handshake": on_connection(reset_at_once, scheme="https"),
    "reset on accept": on_connection(reset_at_once),  # before or after the request was written: both happen
    "reset after a moment, nothing read": on_connection(reset_later),
    "proxy refuses the tunnel, 403": proxy_refuses(answer("no", 403)),
    "proxy refuses the tunnel, 502": proxy_refuses(answer("no", 502)),
    "proxy wants a password, 407": proxy_refuses(answer("no", 407)),
    "proxy closes instead of a tunnel": proxy_refuses(b""),
    "proxy answers 502 for a plain gateway": forwarding(accepting(with_status(502))),
    "proxy closes after a plain request": forwarding(accepting(closing)),
}

BREAKING: Mapping[str, Fault] = {
    "closed after the request, accepted": gateway(accepting(closing)),
    "closed after the request, not accepted": gateway(closing),
    "closed after the request over TLS, accepted": tls(accepting(closing)),
    "reset after the request, accepted": gateway(accepting(resetting)),
    "reset after the request, not accepted": gateway(resetting),
    "reset after the request over TLS, accepted": tls(accepting(resetting)),
    "reset in the middle of a body of 5 MB": reset_mid_body(),
    "the same once, then well": reset_mid_body(then=healthy),
    "413 in the middle of a body of 5 MB, then closed": on_connection(refuse_early, text="x" * 5_000_000),
    "stops reading in a body of 10 MB": on_connection(stop_reading, text="x" * 10_000_000, timeout=1.5),
    "idle connection closed": closed_while_idle(),
    "idle connection half-closed": closed_while_idle(half=True),
    "idle connection reset": closed_while_idle(by_reset=True),
}

STALLING: Mapping[str, Fault] = {
    "no answer, accepted": gateway(accepting(silent), timeout=SHORT),
    "no answer, not accepted": gateway(silent, timeout=SHORT),
    "no answer once, then well": gateway(once(accepting(silent)), timeout=SHORT),
    "head only": gateway(with_bytes(lambda _: OK + b"Content-Length: 5\r\n\r\n", hang=True), timeout=SHORT),
    "head dripped": gateway(dripping(b"", b"", 0.05), timeout=SHORT),
    "body dripped": gateway(dripping(OK + b"Content-Length: 500\r\n\r\n", b" ", 0.05), timeout=SHORT),
    "chunks dripped": gateway(dripping(CHUNKED, b"1\r\n \r\n", 0.05), timeout=SHORT),
    "endless 100 Continue, slow": gateway(continuing(0.02), timeout=SHORT),
    "endless 100 Continue, fast": gateway(continuing(0)),
}

FRAMING: Mapping[str, Fault] = {
    "length longer than the body": gateway(with_bytes(lambda body: answer(body)[:-9], close=True)),
    "last chunk missing": gateway(with_bytes(lambda body: CHUNKED + b"%x\r\n%b\r\n" % (len(body), body), close=True)),
    "bad chunk": gateway(with_bytes(lambda body: CHUNKED + b"zz\r\n" + body + b"\r\n0\r\n\r\n")),
    "no length, whole": gateway(with_bytes(lambda body: OK + b"\r\n" + body, close=True)),
    "no length, cut in the JSON": gateway(with_bytes(lambda body: OK + b"\r\n" + body[:-9], close=True)),
    "two lengths": gateway(with_fields(b"Content-Length: 2\r\nContent-Length: 20")),
    "length and chunks": gateway(with_fields(b"Content-Length: 2\r\nTransfer-Encoding: chunked")),
    "chunks and length": gateway(with_fields(b"Transfer-Encoding: chunked\r\nContent-Length: 2")),
    "length below zero": gateway(with_fields(b"Content-Length: -2")),
    "header of 200 KB": gateway(with_bytes(lambda body: answer(body, headers={"X-Long": "x" * 200_000}))),
    "10,000 headers": gateway(with_bytes(lambda body: OK + b"X-One: 1234567890\r\n" * 10_000 + b"\r\n" + body)),
    "not HTTP": gateway(with_bytes(lambda _: b"SSH-2.0-OpenSSH_9.6\r\n\r\n")),
    "switch of protocols": gateway(
        with_bytes(lambda _: b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\nxx")
    ),
    "gzip, whole": gateway(with_body(gzip.compress, **GZIP)),
    "gzip, truncated": gateway(with_body(lambda body: gzip.compress(body)[:-12], **GZIP)),
    "gzip, corrupt": gateway(with_body(lambda _: b"\x1f\x8b\x08\x00rubbish", **GZIP)),
    "gzip bomb": gateway(with_body(lambda _: gzip_bomb(), **GZIP)),
    "gzip bomb in a gzip": gateway(with_body(lambda _: nested_gzip_bomb(), Content_Encoding="gzip, gzip")),
    "gzip bomb through a proxy": forwarding(with_body(lambda _: gzip_bomb(), **GZIP)),
    "gzip in name only": gateway(with_body(lambda body: body, **GZIP)),
    "17 MiB, announced": gateway(oversized(chunked=False)),
    "17 MiB, in chunks": gateway(oversized(chunked=True)),
}

CONTENT: Mapping[str, Fault] = {
    "well": gateway(healthy),
    "page of HTML": gateway(with_body(lambda _: HTML, Content_Type="text/html")),
    "empty body": data(""),
    "204": gateway(with_bytes(lambda _: b"HTTP/1.1 204 No Content\r\n\r\n")),
    "bad UTF-8": gateway(with_body(lambda body: body.replace(b'"data"', b'"d\xff": "\xff", "data"'))),
    "NaN": gateway(with_body(lambda body: body.replace(b'"data"', b'"x": NaN, "data"'))),
    "JSON of 100,000 levels": data('{"data":' + "[" * 100_000 + "]" * 100_000 + "}"),
    "100,000 open brackets": data("[" * 100_000),
    "data twice, the last one empty": gateway(with_body(lambda body: body[:-1] + b', "data": {}}')),
    "a key twice, the same value": gateway(
        with_body(lambda body: body.replace(b"}", b', "id": "5", "balance": 7}', 1))
    ),
    "fields that nobody knows": gateway(with_body(lambda body: body.replace(b"}", b', "new": {"x": [null]}}'))),
    "no envelope": gateway(with_body(lambda body: body[len(b'{"data": ') : -1])),
    "error under 200": data('{"message": "Server Error", "errors": {"0.receiver": ["bad"]}}'),
    "envelope is a number": data("5"),
    "envelope is null": data("null"),
    "data is null": data('{"data": null}'),
    "data is a number": data('{"data": 5}'),
    "data is a word": data('{"data": "ok"}'),
    "data is true": data('{"data": true}'),
    "data is an empty list": data('{"data": []}'),
    "data is a list of lists": data('{"data": [[["x"]]]}'),
    "data in data": data('{"data": {"data": {"data": 1}}}'),
    "every value is a list": every_value([]),
    "every value is null": every_value(None),
    "every number is a word": gateway(
        with_body(lambda body: body.replace(b"7,", b'"7",').replace(b" 1}", b' "1"}').replace(b" 1,", b' "1",'))
    ),
}

ONE_ITEM: Mapping[str, Fault] = {
    "one sent: id is a number": gateway(with_items(lambda items: [one | {"id": 5} for one in items])),
    "one sent: id is null": gateway(with_items(lambda items: [one | {"id": None} for one in items])),
    "one sent: id is empty": gateway(with_items(lambda items: [one | {"id": ""} for one in items])),
    "one sent: no id": gateway(with_items(lambda items: [{"track_id": one["track_id"]} for one in items])),
    "one sent: no track id": gateway(with_items(lambda items: [{"id": one["id"]} for one in items])),
    "one sent: another's track id": gateway(with_items(lambda items: [one | {"track_id": "t-x"} for one in items])),
    "one sent: no track id, another's receiver": gateway(
        with_items(lambda items: [{"id": one["id"], "receiver": "09120000000"} for one in items])
    ),
    "one sent: told twice": gateway(with_items(lambda items: items * 2)),
    "one sent: told among others": gateway(
        with_items(lambda items: [{"id": "8", "track_id": "t-8"}, *items, {"id": "9", "track_id": None}])
    ),
    "one sent: an object in place of the list": gateway(with_items(lambda items: items[0])),
}

THREE_ITEMS: Mapping[str, Fault] = {
    "three sent: well": gateway(with_items(lambda items: items), messages=3),
    "three sent: the last missing": gateway(with_items(lambda items: items[:2]), messages=3),
    "three sent: the first missing": gateway(with_items(lambda items: items[1:]), messages=3),
    "three sent: one more": gateway(with_items(lambda items: [*items, {"id": "9", "track_id": "t-9"}]), messages=3),
    "three sent: reordered": gateway(with_items(lambda items: items[::-1]), messages=3),
    "three sent: the first told twice, the last missing": gateway(
        with_items(lambda items: [items[0], items[0], items[1]]), messages=3
    ),
    "three sent: all told twice": gateway(with_items(lambda items: items + items), messages=3),
    "three sent: an item is rubbish": gateway(with_items(lambda items: [items[0], 5, items[2]]), messages=3),
    "three sent: no track ids": gateway(
        with_items(lambda items: [{"id": one["id"], "receiver": one["receiver"]} for one in items]), messages=3
    ),
    "three sent: ids alone": gateway(with_items(lambda items: [{"id": one["id"]} for one in items]), messages=3),
    "three sent: 422 for the second, then well": gateway(
        once(with_status(422, {"message": "The given data was invalid.", "errors": {"1.receiver": ["bad"]}})),
        messages=3,
    ),
    "three sent: 413, then well": gateway(once(with_status(413)), messages=3),
}

REFUSING: Mapping[str, Fault] = {
    str(status): gateway(with_status(status)) for status in (400, 401, 402, 403, 404, 405, 410, 413, 415, 422, 425, 429)
}

THROTTLING: Mapping[str, Fault] = {
    "429, 3 seconds, then well": gateway(once(with_status(429, Retry_After="3"))),
    "429, until a date, then well": gateway(once(throttle_until_a_date)),
    "429, rubbish, then well": gateway(once(with_status(429, Retry_After="soon"))),
    "429, 9999 seconds": gateway(with_status(429, Retry_After="9999")),
}

FAILING: Mapping[str, Fault] = {
    "408, accepted": gateway(accepting(with_status(408))),
    "409, accepted": gateway(accepting(with_status(409))),
    **{f"{status}, accepted": gateway(accepting(with_status(status))) for status in (500, 501, 502, 503, 504)},
    "502, a page of HTML, accepted": gateway(accepting(with_status(502, HTML, Content_Type="text/html"))),
    "503, not accepted": gateway(with_status(503)),
    "503, 7 seconds, then well": gateway(once(with_status(503, Retry_After="7"))),
    "503, 9999 seconds": gateway(with_status(503, Retry_After="9999")),
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
    "HTTP_PROXY in the environment": environment("HTTP_PROXY", "http_proxy"),
    "HTTPS_PROXY in the environment": environment("HTTPS_PROXY", "https_proxy", with_tls=True),
    "ALL_PROXY in the environment": environment("ALL_PROXY", "all_proxy"),
    "NETRC in the environment": netrc,
    "SSL_CERT_FILE trusts the gateway, nobody else": ssl_cert_file,
}
"""Faults of the process environment, which concurrent cells cannot share: their calls are made one after the other."""
