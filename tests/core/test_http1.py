from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.raw import answer
from wikipayam_async.core.fault import ExchangeFault, ExchangeFaultKind
from wikipayam_async.core.http1 import AnswerReader, answer_limit, encode_request, refuse_encoding
from wikipayam_async.core.options import Origin
from wikipayam_async.core.protocol import Headers, Outgoing
from wikipayam_async.redact.sealed import SealedBytes, Secret


def outgoing(method: str = "GET", *, body: bytes | None = None, token: str | None = "t", query: str = "") -> Outgoing:
    """Return a request to a gateway at 127.0.0.1:80."""
    return Outgoing(
        origin=Origin("http", "127.0.0.1", 80),
        method=method,
        path="/api/x",
        query=query,
        secret_query=False,
        headers=Headers(((b"Accept", b"a"),)),
        authorization=None if token is None else Secret(token),
        body=None if body is None else SealedBytes(body),
        timeout=1.0,
    )


def read(*pieces: bytes) -> AnswerReader:
    """Return a reader that was fed the given pieces."""
    reader = AnswerReader()
    for piece in pieces:
        reader.feed(piece)
    return reader


class TestEncodeRequest:
    """The bytes of a request."""

    @pytest.mark.parametrize(
        ("request_", "expected"),
        [
            (outgoing(), b"GET /api/x HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: a\r\nAuthorization: Bearer t\r\n\r\n"),
            (outgoing(query="a=1", token=None), b"GET /api/x?a=1 HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: a\r\n\r\n"),
            (
                outgoing("POST", token=None),
                b"POST /api/x HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: a\r\nContent-Length: 0\r\n\r\n",
            ),
            (
                outgoing("PUT", token=None),
                b"PUT /api/x HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: a\r\nContent-Length: 0\r\n\r\n",
            ),
            (
                outgoing("PATCH", token=None),
                b"PATCH /api/x HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: a\r\nContent-Length: 0\r\n\r\n",
            ),
            (
                outgoing("DELETE", body=b"{}", token=None),
                b"DELETE /api/x HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: a\r\nContent-Length: 2\r\n\r\n{}",
            ),
        ],
    )
    def test_a_request_is_encoded(self, request_: Outgoing, expected: bytes) -> None:
        """Head, token, length and body are one piece of sealed bytes."""
        encoded = encode_request(request_)
        assert bytes(encoded) == expected
        assert repr(encoded) == f"<{len(expected)} bytes>"


PIECES = [
    b"HTTP/1.1 200 OK\r\n",
    b"HTTP/1.1 100 C\r\n\r\n",
    b"Content-Length: 5\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"\r\n",
    b"5\r\nabcde\r\n",
    b"0\r\n\r\n",
    b"abcde",
    b"HTTP/1.1 101 S\r\nUpgrade: x\r\n\r\n",
]


class TestReader:
    """The parsing of received bytes."""

    def test_an_answer_may_arrive_in_any_pieces(self) -> None:
        """Cut into single bytes, it is the same answer."""
        reader = read(*(bytes([byte]) for byte in answer("abc", 201, {"X-A": "1"})))
        assert (reader.status, reader.chunks, reader.complete) == (201, [b"a", b"b", b"c"], True)
        assert reader.headers == {"content-type": "application/json", "content-length": "3", "x-a": "1"}
        assert reader.is_reusable

    def test_answers_of_a_connection_are_read_one_after_another(self) -> None:
        """Nothing of one is left in the next, and interim answers and heads count for each anew."""
        reader = read(b"HTTP/1.1 100 C\r\n\r\n" * 60 + answer("abc", 201, {"X-A": "1"}))
        reader.begin()
        assert not reader.is_over
        reader.feed(b"HTTP/1.1 100 C\r\n\r\n" * 60 + b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nd")
        found = reader.answer()
        assert (found.status, found.headers, bytes(found.body)) == (200, {"content-length": "1"}, b"d")
        reader.close()
        reader.close()

    def test_an_answer_to_head_is_over_with_its_head(self) -> None:
        """The body that its length announces never comes, and the connection cannot be trusted to agree."""
        reader = AnswerReader()
        reader.begin(head_only=True)
        reader.feed(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")
        assert (reader.is_over, reader.is_reusable) == (True, False)

    def test_headers_of_one_name_are_joined(self) -> None:
        """Values of repeated headers are joined with a comma."""
        assert read(b"HTTP/1.1 200 OK\r\nVia: a\r\nvia: b\r\n").headers == {"via": "a"}
        assert read(b"HTTP/1.1 200 OK\r\nVia: a\r\nvia: b\r\n\r\n").headers == {"via": "a, b"}

    def test_a_trailer_does_not_change_the_head(self) -> None:
        """A length or an encoding that comes after the body is of no use, and does no harm."""
        trailer = b"Content-Encoding: gzip\r\nX-A: 2\r\nX-B: 3\r\n"
        reader = read(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-A: 1\r\n\r\n2\r\n{}\r\n0\r\n" + trailer + b"\r\n"
        )
        found = reader.answer()
        assert (found.headers, bytes(found.body)) == ({"transfer-encoding": "chunked", "x-a": "1"}, b"{}")
        assert reader.is_reusable

    @pytest.mark.parametrize(
        "stray",
        [
            answer("again"),
            b"garbage",
            b"\x00\x01",
            answer("x")[:20],
            b"HTTP/1.1 101 S\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n",
        ],
    )
    def test_bytes_after_an_answer_are_stray(self, stray: bytes) -> None:
        """A second answer or other bytes make the lane unusable and leave the answer intact."""
        reader = read(answer("abc") + stray)
        assert (b"".join(reader.chunks), reader.is_over, reader.is_reusable) == (b"abc", True, False)
        assert reader.headers["content-length"] == "3"

    def test_an_answer_without_a_length_ends_with_the_stream(self) -> None:
        """An HTTP/1.0 answer ends with the connection, which is not reused."""
        reader = read(b"HTTP/1.0 200 OK\r\n\r\nabc")
        assert not reader.complete
        reader.end()
        assert (b"".join(reader.chunks), reader.is_over, reader.is_reusable) == (b"abc", True, False)

    @pytest.mark.parametrize(
        ("data", "detail"),
        [
            (b"", "without an answer"),
            (b"HTTP/1.1 20", "in the middle of the answer"),
            (b"HTTP/1.1 100 Continue\r\n\r\n", "in the middle of the answer"),
            (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc", "in the middle of the answer"),
            (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n5\r\nabc", "in the middle of the answer"),
        ],
    )
    def test_an_early_end_is_a_disconnect(self, data: bytes, detail: str) -> None:
        """A missing or incomplete answer is a fault."""
        reader = read(data) if data else AnswerReader()
        with pytest.raises(ExchangeFault) as caught:
            reader.end()
        fault = caught.value
        assert (fault.kind, fault.detail, fault.handed_over) == (
            ExchangeFaultKind.DISCONNECTED,
            f"the connection was closed {detail}",
            True,
        )

    @pytest.mark.parametrize(
        ("data", "kind", "detail", "status"),
        [
            (b"\x00", ExchangeFaultKind.UNREADABLE, "the answer is not valid HTTP", None),
            (
                b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
                ExchangeFaultKind.UNREADABLE,
                "the answer is not valid HTTP",
                None,
            ),
            (
                b"HTTP/1.1 101 S\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
                ExchangeFaultKind.UNREADABLE,
                "the connection was switched to another protocol",
                101,
            ),
            (
                b"HTTP/1.1 100 C\r\n\r\n" * 101,
                ExchangeFaultKind.TOO_LARGE,
                "the answer's head is larger than 65536 bytes",
                100,
            ),
        ],
        ids=["no HTTP", "two lengths", "another protocol", "interim answers"],
    )
    def test_what_is_no_answer_is_a_fault(
        self, data: bytes, kind: ExchangeFaultKind, detail: str, status: int | None
    ) -> None:
        """It says what is wrong, and the status as far as one was read; the request was handed over."""
        with pytest.raises(ExchangeFault) as caught:
            read(data)
        fault = caught.value
        assert (fault.kind, fault.detail, fault.handed_over, fault.status_code) == (kind, detail, True, status)

    def test_a_hundred_interim_answers_are_skipped(self) -> None:
        """Before each answer of a connection."""
        reader = AnswerReader()
        for _ in range(2):
            reader.begin()
            for _ in range(100):
                reader.feed(b"HTTP/1.1 100 C\r\n\r\n")
            reader.feed(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n")
            assert (reader.status, reader.is_over) == (200, False)
            reader.feed(b"a")
            assert reader.is_over

    def test_another_protocol_is_no_answer(self) -> None:
        """The lane that asks again is not told that one is complete."""
        reader = AnswerReader()
        with pytest.raises(ExchangeFault, match="another protocol"):
            reader.feed(b"HTTP/1.1 101 S\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n")
        assert (reader.is_over, reader.is_reusable) == (False, False)

    def test_a_head_has_a_limit(self) -> None:
        """Of 64 KiB, in as many pieces as it comes."""
        head = b"HTTP/1.1 200 OK\r\nX-A: "
        reader = read(head, b"a" * (64 * 1024 - len(head)))
        assert not reader.is_over
        with pytest.raises(ExchangeFault) as caught:
            reader.feed(b"a")
        assert (caught.value.kind, caught.value.detail) == (
            ExchangeFaultKind.TOO_LARGE,
            "the answer's head is larger than 65536 bytes",
        )

    def test_each_head_has_the_whole_limit(self) -> None:
        """Also after an interim answer, and between two pieces of a body."""
        head = b"HTTP/1.1 200 OK\r\nX-A: "
        reader = read(b"HTTP/1.1 100 C\r\n\r\n", head + b"a" * (64 * 1024 - len(head)))
        with pytest.raises(ExchangeFault, match="head is larger"):
            reader.feed(b"a")
        reader = read(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\na")
        reader.feed(b"\r\n1;" + b"x" * (64 * 1024 - 4))
        with pytest.raises(ExchangeFault, match="head is larger"):
            reader.feed(b"x")

    def test_nothing_is_known_of_the_next_answer(self) -> None:
        """A reader begins, and begins again, without one."""
        reader = read(answer("abc"))
        for _ in range(2):
            reader.begin()
            assert (reader.status, reader.headers, reader.chunks, reader.size) == (0, {}, [], 0)
            assert (reader.begun, reader.complete, reader.is_over) == (False, False, False)

    def test_what_frames_a_body_does_not_add_up(self) -> None:
        """The heads of chunks and interim answers have the limit of a head each, not together."""
        interim = b"HTTP/1.1 100 C\r\nX-A: " + b"a" * 40_000 + b"\r\n\r\n"
        reader = read(interim, interim, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(3):
            reader.feed(b"1;" + b"x" * 40_000)
            reader.feed(b"\r\na\r\n")
        reader.feed(b"0\r\n\r\n")
        assert (bytes(reader.answer().body), reader.is_reusable) == (b"aaa", True)

    def test_a_compressed_answer_is_not_given_out(self) -> None:
        """Whatever its bytes look like; a word that nobody knows is judged by them."""
        reader = read(answer("{}", 201, {"Content-Encoding": "gzip"}))
        with pytest.raises(
            ExchangeFault, match=r"^unreadable: the answer is compressed although the request did not allow it$"
        ) as caught:
            reader.answer()
        assert (caught.value.kind, caught.value.handed_over, caught.value.status_code) == (
            ExchangeFaultKind.UNREADABLE,
            True,
            201,
        )
        assert bytes(read(answer("{}", 201, {"Content-Encoding": "8bit"})).answer().body) == b"{}"
        with pytest.raises(ExchangeFault, match="compressed"):
            read(answer("\x00", 201, {"Content-Encoding": "8bit"})).answer()


@settings(max_examples=150)
@given(
    st.lists(
        st.binary(max_size=40) | st.sampled_from(PIECES),
        max_size=12,
    )
)
def test_any_bytes_are_an_answer_or_a_fault(pieces: list[bytes]) -> None:
    """No bytes raise anything but an `ExchangeFault`."""
    reader = AnswerReader()
    try:
        for piece in pieces:
            reader.feed(piece)
        reader.end()
    except ExchangeFault as fault:
        assert fault.handed_over  # noqa: PT017 - that it raises is not what is tested
    else:
        assert reader.status >= 200


@pytest.mark.parametrize(
    "encoding",
    ["", "identity", " IDENTITY ", "UTF-8", "utf8", "none", "None", "identity, identity", ",", "identity, UTF-8"],
)
def test_a_word_that_is_no_compression_is_accepted(encoding: str) -> None:
    """A gateway that writes its character set there, or nothing, sends a plain body."""
    refuse_encoding({"content-encoding": encoding}, 200)
    refuse_encoding({"content-encoding": encoding}, 200, b"\xff\x00")


def test_an_answer_without_the_header_is_accepted() -> None:
    """Whatever its bytes are."""
    refuse_encoding({}, 200, b"\xff\x00")


@pytest.mark.parametrize(
    "encoding",
    ["gzip", "GZIP", "x-gzip", "deflate", "br", "zstd", "compress", "identity, gzip", "UTF-8,br", "new, gzip"],
)
def test_a_compressed_answer_is_refused(encoding: str) -> None:
    """A compression is refused wherever it stands, before the body is read, and whatever the body looks like."""
    for body in (None, b"{}", b""):
        with pytest.raises(ExchangeFault, match="compressed") as caught:
            refuse_encoding({"content-encoding": encoding}, 200, body)
        assert (caught.value.kind, caught.value.status_code) == (ExchangeFaultKind.UNREADABLE, 200)


@pytest.mark.parametrize("encoding", ["x-unknown", "windows-1256", "json", "identity, 8bit"])
def test_an_unknown_word_is_judged_by_the_body(encoding: str) -> None:
    """A body of text is read; any other may be compressed in a new way."""
    headers = {"content-encoding": encoding}
    refuse_encoding(headers, 200)
    for body in (b"", b'{"a": 1}\r\n\t', "متن".encode(), b"\xef\xbb\xbf{}"):
        refuse_encoding(headers, 200, body)
    for body in (b"\x1f\x8b\x08", b"ab\x00", b"{\x0e}", b"\xff{}", b"\x7f"):
        with pytest.raises(ExchangeFault, match="compressed"):
            refuse_encoding(headers, 200, body)


def test_an_answer_is_read_up_to_its_limit() -> None:
    """The limit of a call applies to its body, not to the head."""
    reader = AnswerReader()
    reader.begin(5)
    reader.feed(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabcde")
    assert (reader.complete, reader.chunks) == (True, [b"abcde"])
    reader.begin(5)
    with pytest.raises(ExchangeFault, match=r"^too_large: the answer is larger than 5 bytes$") as caught:
        reader.feed(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabcdef")
    assert (caught.value.kind, caught.value.status_code) == (ExchangeFaultKind.TOO_LARGE, 200)


def test_an_error_is_read_whatever_the_limit() -> None:
    """From the first status of an error on: its text is quoted."""
    assert [answer_limit(status, 5) for status in (200, 399, 400, 503)] == [5, 5, 16 * 1024**2, 16 * 1024**2]
    reader = AnswerReader()
    reader.begin(5)
    reader.feed(b"HTTP/1.1 500 E\r\nContent-Length: 6\r\n\r\nabcdef")
    assert bytes(reader.answer().body) == b"abcdef"
