"""Every fault of the matrix by its name, in the order of the table."""

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
    bodies,
    bomb,
    closing,
    continuing,
    dripping,
    healthy,
    items,
    nested_bomb,
    oversized,
    raw,
    resetting,
    silent,
    stating,
    then_well,
)
from tests.faults.matrix.setup import Fault, Handler, Ledger, gateway
from tests.faults.matrix.setups import (
    bare,
    closed_while_idle,
    environment,
    forwarding,
    half_way,
    name_not_found,
    narrow,
    netrc,
    proxy_refuses,
    redirecting,
    refused,
    ssl_cert_file,
    tls,
)
from tests.support.raw import RawRequest, answer, reset

__all__ = ["ENVIRONMENTS", "FAULTS"]

SHORT = 0.4
"""Seconds; the time-out of a client that is meant to run into it."""

OK = b"HTTP/1.1 200 OK\r\n"
HTML = "<!DOCTYPE html><html><body>It works!</body></html>"
GZIP = {"Content_Encoding": "gzip"}


async def hang(stream: ByteStream) -> None:
    """Take what comes and never answer."""
    while True:
        await stream.receive()


async def stop_reading(stream: ByteStream) -> None:
    """Read the beginning, and no more."""
    narrow(stream)
    await stream.receive(1000)
    await anyio.sleep_forever()


async def refuse_early(stream: ByteStream) -> None:
    """Refuse a body that is still on its way, and close."""
    narrow(stream)
    await stream.receive(1000)
    await stream.send(answer("<html>Request Entity Too Large</html>", 413))


async def speak_plainly(stream: ByteStream) -> None:
    """Answer a handshake in plain HTTP."""
    await stream.receive()
    await stream.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")


async def slam(stream: ByteStream) -> None:
    """Reset the connection at once."""
    await reset(stream)


async def slam_later(stream: ByteStream) -> None:
    """Reset the connection after a moment, with whatever has come unread."""
    await anyio.sleep(0.03)
    await reset(stream)


async def throttle_until_a_date(request: RawRequest, stream: ByteStream, ledger: Ledger) -> object:
    """Ask for a pause until half a minute from now."""
    return await stating(429, Retry_After=formatdate(time() + 30, usegmt=True))(request, stream, ledger)


def headed(fields: bytes) -> Handler:
    """Answer well, with header fields of its own in place of the length."""
    return raw(lambda body: OK + fields + b"\r\n\r\n" + body)


def data(body: str) -> Fault:
    """Do what is asked, and answer 200 with a body that says something else."""
    return gateway(bodies(lambda _: body))


def hollow(value: object) -> Fault:
    """Do what is asked, and answer with the documented fields, all of one value."""

    def empty(said: list[dict[str, object]] | dict[str, object]) -> object:
        return [dict.fromkeys(one, value) for one in said] if isinstance(said, list) else dict.fromkeys(said, value)

    return gateway(items(empty))


CONNECTING: Mapping[str, Fault] = {
    "connection refused": refused,
    "name not found": name_not_found,
    "certificate for another host": tls(healthy, name="example.org"),
    "self-signed certificate": tls(healthy, issuer=trustme.CA),
    "handshake hangs": bare(hang, scheme="https", timeout=SHORT),
    "handshake answered in plain text": bare(speak_plainly, scheme="https"),
    "reset in the handshake": bare(slam, scheme="https"),
    "reset on accept": bare(slam),  # before or after the request was handed over: both happen
    "reset after a moment, nothing read": bare(slam_later),
    "proxy refuses the tunnel, 403": proxy_refuses(answer("no", 403)),
    "proxy refuses the tunnel, 502": proxy_refuses(answer("no", 502)),
    "proxy wants a password, 407": proxy_refuses(answer("no", 407)),
    "proxy closes instead of a tunnel": proxy_refuses(b""),
    "proxy answers 502 for a plain gateway": forwarding(accepting(stating(502))),
    "proxy closes after a plain request": forwarding(accepting(closing)),
}

BREAKING: Mapping[str, Fault] = {
    "closed after the request, accepted": gateway(accepting(closing)),
    "closed after the request, not accepted": gateway(closing),
    "closed after the request over TLS, accepted": tls(accepting(closing)),
    "reset after the request, accepted": gateway(accepting(resetting)),
    "reset after the request, not accepted": gateway(resetting),
    "reset after the request over TLS, accepted": tls(accepting(resetting)),
    "reset in the middle of a body of 5 MB": half_way(),
    "the same once, then well": half_way(then=healthy),
    "413 in the middle of a body of 5 MB, then closed": bare(refuse_early, text="x" * 5_000_000),
    "stops reading in a body of 10 MB": bare(stop_reading, text="x" * 10_000_000, timeout=1.5),
    "idle connection closed": closed_while_idle(),
    "idle connection half-closed": closed_while_idle(half=True),
    "idle connection reset": closed_while_idle(by_reset=True),
}

STALLING: Mapping[str, Fault] = {
    "no answer, accepted": gateway(accepting(silent), timeout=SHORT),
    "no answer, not accepted": gateway(silent, timeout=SHORT),
    "no answer once, then well": gateway(then_well(accepting(silent)), timeout=SHORT),
    "head only": gateway(raw(lambda _: OK + b"Content-Length: 5\r\n\r\n", hang=True), timeout=SHORT),
    "head dripped": gateway(dripping(b"", b"", 0.05), timeout=SHORT),
    "body dripped": gateway(dripping(OK + b"Content-Length: 500\r\n\r\n", b" ", 0.05), timeout=SHORT),
    "chunks dripped": gateway(dripping(CHUNKED, b"1\r\n \r\n", 0.05), timeout=SHORT),
    "endless 100 Continue, slow": gateway(continuing(0.02), timeout=SHORT),
    "endless 100 Continue, fast": gateway(continuing(0)),
}

FRAMING: Mapping[str, Fault] = {
    "length longer than the body": gateway(raw(lambda body: answer(body)[:-9], close=True)),
    "last chunk missing": gateway(raw(lambda body: CHUNKED + b"%x\r\n%b\r\n" % (len(body), body), close=True)),
    "bad chunk": gateway(raw(lambda body: CHUNKED + b"zz\r\n" + body + b"\r\n0\r\n\r\n")),
    "no length, whole": gateway(raw(lambda body: OK + b"\r\n" + body, close=True)),
    "no length, cut in the JSON": gateway(raw(lambda body: OK + b"\r\n" + body[:-9], close=True)),
    "two lengths": gateway(headed(b"Content-Length: 2\r\nContent-Length: 20")),
    "length and chunks": gateway(headed(b"Content-Length: 2\r\nTransfer-Encoding: chunked")),
    "chunks and length": gateway(headed(b"Transfer-Encoding: chunked\r\nContent-Length: 2")),
    "length below zero": gateway(headed(b"Content-Length: -2")),
    "header of 200 KB": gateway(raw(lambda body: answer(body, headers={"X-Long": "x" * 200_000}))),
    "10,000 headers": gateway(raw(lambda body: OK + b"X-One: 1234567890\r\n" * 10_000 + b"\r\n" + body)),
    "not HTTP": gateway(raw(lambda _: b"SSH-2.0-OpenSSH_9.6\r\n\r\n")),
    "switch of protocols": gateway(
        raw(lambda _: b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\nxx")
    ),
    "gzip, whole": gateway(bodies(gzip.compress, **GZIP)),
    "gzip, truncated": gateway(bodies(lambda body: gzip.compress(body)[:-12], **GZIP)),
    "gzip, corrupt": gateway(bodies(lambda _: b"\x1f\x8b\x08\x00rubbish", **GZIP)),
    "gzip bomb": gateway(bodies(lambda _: bomb(), **GZIP)),
    "gzip bomb in a gzip": gateway(bodies(lambda _: nested_bomb(), Content_Encoding="gzip, gzip")),
    "gzip bomb through a proxy": forwarding(bodies(lambda _: bomb(), **GZIP)),
    "gzip in name only": gateway(bodies(lambda body: body, **GZIP)),
    "17 MiB, announced": gateway(oversized(chunked=False)),
    "17 MiB, in chunks": gateway(oversized(chunked=True)),
}

CONTENT: Mapping[str, Fault] = {
    "well": gateway(healthy),
    "page of HTML": gateway(bodies(lambda _: HTML, Content_Type="text/html")),
    "empty body": data(""),
    "204": gateway(raw(lambda _: b"HTTP/1.1 204 No Content\r\n\r\n")),
    "bad UTF-8": gateway(bodies(lambda body: body.replace(b'"data"', b'"d\xff": "\xff", "data"'))),
    "NaN": gateway(bodies(lambda body: body.replace(b'"data"', b'"x": NaN, "data"'))),
    "JSON of 100,000 levels": data('{"data":' + "[" * 100_000 + "]" * 100_000 + "}"),
    "100,000 open brackets": data("[" * 100_000),
    "data twice, the last one empty": gateway(bodies(lambda body: body[:-1] + b', "data": {}}')),
    "a key twice, the same value": gateway(bodies(lambda body: body.replace(b"}", b', "id": "5", "balance": 7}', 1))),
    "fields that nobody knows": gateway(bodies(lambda body: body.replace(b"}", b', "new": {"x": [null]}}'))),
    "no envelope": gateway(bodies(lambda body: body[len(b'{"data": ') : -1])),
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
    "every value is a list": hollow([]),
    "every value is null": hollow(None),
    "every number is a word": gateway(
        bodies(lambda body: body.replace(b"7,", b'"7",').replace(b" 1}", b' "1"}').replace(b" 1,", b' "1",'))
    ),
}

ONE_ITEM: Mapping[str, Fault] = {
    "one sent: id is a number": gateway(items(lambda said: [one | {"id": 5} for one in said])),
    "one sent: id is null": gateway(items(lambda said: [one | {"id": None} for one in said])),
    "one sent: id is empty": gateway(items(lambda said: [one | {"id": ""} for one in said])),
    "one sent: no id": gateway(items(lambda said: [{"track_id": one["track_id"]} for one in said])),
    "one sent: no track id": gateway(items(lambda said: [{"id": one["id"]} for one in said])),
    "one sent: another's track id": gateway(items(lambda said: [one | {"track_id": "t-x"} for one in said])),
    "one sent: no track id, another's receiver": gateway(
        items(lambda said: [{"id": one["id"], "receiver": "09120000000"} for one in said])
    ),
    "one sent: told twice": gateway(items(lambda said: said * 2)),
    "one sent: told among others": gateway(
        items(lambda said: [{"id": "8", "track_id": "t-8"}, *said, {"id": "9", "track_id": None}])
    ),
    "one sent: an object in place of the list": gateway(items(lambda said: said[0])),
}

THREE_ITEMS: Mapping[str, Fault] = {
    "three sent: well": gateway(items(lambda said: said), messages=3),
    "three sent: the last missing": gateway(items(lambda said: said[:2]), messages=3),
    "three sent: the first missing": gateway(items(lambda said: said[1:]), messages=3),
    "three sent: one more": gateway(items(lambda said: [*said, {"id": "9", "track_id": "t-9"}]), messages=3),
    "three sent: reordered": gateway(items(lambda said: said[::-1]), messages=3),
    "three sent: the first told twice, the last missing": gateway(
        items(lambda said: [said[0], said[0], said[1]]), messages=3
    ),
    "three sent: all told twice": gateway(items(lambda said: said + said), messages=3),
    "three sent: an item is rubbish": gateway(items(lambda said: [said[0], 5, said[2]]), messages=3),
    "three sent: no track ids": gateway(
        items(lambda said: [{"id": one["id"], "receiver": one["receiver"]} for one in said]), messages=3
    ),
    "three sent: ids alone": gateway(items(lambda said: [{"id": one["id"]} for one in said]), messages=3),
    "three sent: 422 for the second, then well": gateway(
        then_well(stating(422, {"message": "The given data was invalid.", "errors": {"1.receiver": ["bad"]}})),
        messages=3,
    ),
    "three sent: 413, then well": gateway(then_well(stating(413)), messages=3),
}

REFUSING: Mapping[str, Fault] = {
    str(status): gateway(stating(status)) for status in (400, 401, 402, 403, 404, 405, 410, 413, 415, 422, 425, 429)
}

THROTTLING: Mapping[str, Fault] = {
    "429, 3 seconds, then well": gateway(then_well(stating(429, Retry_After="3"))),
    "429, until a date, then well": gateway(then_well(throttle_until_a_date)),
    "429, rubbish, then well": gateway(then_well(stating(429, Retry_After="soon"))),
    "429, 9999 seconds": gateway(stating(429, Retry_After="9999")),
}

FAILING: Mapping[str, Fault] = {
    "408, accepted": gateway(accepting(stating(408))),
    "409, accepted": gateway(accepting(stating(409))),
    **{f"{status}, accepted": gateway(accepting(stating(status))) for status in (500, 501, 502, 503, 504)},
    "502, a page of HTML, accepted": gateway(accepting(stating(502, HTML, Content_Type="text/html"))),
    "503, not accepted": gateway(stating(503)),
    "503, 7 seconds, then well": gateway(then_well(stating(503, Retry_After="7"))),
    "503, 9999 seconds": gateway(stating(503, Retry_After="9999")),
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
"""Faults of the process itself, which four cells cannot share: they are played one after the other."""
