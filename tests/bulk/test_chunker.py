import itertools
from collections.abc import Sequence

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from wikipayam_async.bulk.chunker import DEFAULT_BATCH_SIZE, MAX_BODY_BYTES, Chunk, chunks_of
from wikipayam_async.core.converter import encode_json
from wikipayam_async.messages import SmsMessage
from wikipayam_async.messages.payload import SmsPayload

LEAST = len(encode_json(SmsPayload("", "", msgspec.UNSET, msgspec.UNSET, "")))
"""Bytes of the smallest object."""


def wires_of(*sizes: int) -> list[SmsPayload]:
    """Make messages whose JSON objects have these many bytes more than the smallest."""
    return [SmsPayload("x" * size, "", msgspec.UNSET, msgspec.UNSET, "") for size in sizes]


def messages_of(count: int) -> list[SmsMessage]:
    """Make so many messages that can be told apart."""
    return [SmsMessage("09123456789", f"secret {index}") for index in range(count)]


def gather(sizes: Sequence[int], max_bytes: int = MAX_BODY_BYTES) -> list[Chunk]:
    """Put messages of these sizes together; their places are counted from 100."""
    return chunks_of(range(100, 100 + len(sizes)), messages_of(len(sizes)), wires_of(*sizes), max_bytes)


def whole_of(sizes: Sequence[int]) -> Chunk:
    """Put messages of these sizes into one chunk."""
    (whole,) = gather(sizes)
    return whole


def places(chunks: Sequence[Chunk | None]) -> list[list[int]]:
    """Return the indexes that each chunk holds."""
    return [list(chunk.indexes) for chunk in chunks if chunk is not None]


def belongs_together(chunk: Chunk, sizes: Sequence[int]) -> bool:
    """Tell whether indexes, messages, payloads and body of a chunk are those of one another."""
    messages, payloads = messages_of(len(sizes)), wires_of(*sizes)
    inside = [index - 100 for index in chunk.indexes]
    batch = chunk.batch
    return (
        list(batch.messages) == [messages[place] for place in inside]
        and list(batch.payloads) == [payloads[place] for place in inside]
        and msgspec.json.decode(batch.body) == msgspec.to_builtins([payloads[place] for place in inside])
        and len(chunk) == len(inside)
    )


SIZES = st.lists(st.integers(0, 60), max_size=60)
SOME = st.lists(st.integers(0, 60), min_size=1, max_size=20)


@given(sizes=SIZES, max_bytes=st.integers(1, 300))
def test_chunks_hold_the_input_in_order_and_within_bounds(sizes: list[int], max_bytes: int) -> None:
    """Nothing is lost or moved, no chunk is empty or too large, and its body is that of its very messages."""
    chunks = gather(sizes, max_bytes)
    assert [index for chunk in chunks for index in chunk.indexes] == list(range(100, 100 + len(sizes)))
    assert [belongs_together(chunk, sizes) for chunk in chunks] == [True] * len(chunks)
    assert all(len(chunk) >= 1 for chunk in chunks)
    assert all(len(chunk.batch.body) <= max_bytes or len(chunk) == 1 for chunk in chunks)


@given(sizes=SIZES, max_bytes=st.integers(1, 300))
def test_no_chunk_is_smaller_than_it_must_be(sizes: list[int], max_bytes: int) -> None:
    """A chunk ends only because it is full: the next message would have broken the bound."""
    for chunk, following in itertools.pairwise(gather(sizes, max_bytes)):
        grown = len(chunk.batch.body) + len(encode_json(following.batch.payloads[0])) + 1
        assert grown > max_bytes


def test_what_fits_into_one_request_is_one_chunk() -> None:
    """However many messages there are, and they are not copied."""
    messages, payloads = messages_of(3), wires_of(1, 2, 3)
    (chunk,) = chunks_of(range(3), messages, payloads)
    assert (chunk.indexes, len(chunk)) == (range(3), 3)
    assert (chunk.batch.messages is messages, chunk.batch.payloads is payloads) == (True, True)


def test_a_body_of_exactly_the_most_bytes_is_one_chunk() -> None:
    """Two objects, a comma and two brackets."""
    most = 2 * (LEAST + 9) + 3
    assert places(gather([9, 9], most)) == [[100, 101]]
    assert places(gather([9, 9], most - 1)) == [[100], [101]]
    assert places(gather([9, 9, 9], most)) == [[100, 101], [102]]


def test_a_message_larger_than_a_request_goes_alone() -> None:
    """It is not lost and takes no other with it."""
    most = 2 * (LEAST + 5) + 3
    assert places(gather([5, 500, 5, 5], most)) == [[100], [101], [102, 103]]
    assert places(gather([500], most)) == [[100]]


def test_a_size_is_counted_in_bytes() -> None:
    """A Persian letter is two bytes on the payload, and a line break is two for JSON."""
    payloads = [SmsPayload("1", "2", text, msgspec.UNSET, "3") for text in ("س" * 10, "\n" * 10)]
    most = len(encode_json(payloads))
    assert places(chunks_of([0, 1], messages_of(2), payloads, most)) == [[0, 1]]
    assert places(chunks_of([0, 1], messages_of(2), payloads, most - 1)) == [[0], [1]]


def test_nothing_is_no_chunk() -> None:
    """Of no messages there is nothing to send."""
    assert gather([]) == []


def test_the_defaults() -> None:
    """A hundred messages a request, and a body that web servers take."""
    assert (DEFAULT_BATCH_SIZE, MAX_BODY_BYTES) == (100, 1_000_000)
    assert places(gather([600_000, 600_000])) == [[100], [101]]


@given(sizes=SOME, out=st.frozensets(st.integers(0, 25)))
def test_a_chunk_without_some_of_its_messages(sizes: list[int], out: frozenset[int]) -> None:
    """What is left keeps its order and has a body of its own; if nothing is left, there is no chunk."""
    rest = whole_of(sizes).without(out)
    left = [100 + place for place in range(len(sizes)) if place not in out]
    assert places([rest]) == ([left] if left else [])
    assert rest is None or belongs_together(rest, sizes)


@given(sizes=SOME, most=st.integers(1, 25))
def test_a_chunk_cut_into_pieces(sizes: list[int], most: int) -> None:
    """The pieces hold the chunk in order, each as full as it may be, each with a body of its own."""
    pieces = list(whole_of(sizes).cut(most))
    assert [index for piece in pieces for index in piece.indexes] == list(range(100, 100 + len(sizes)))
    assert [len(piece) for piece in pieces[:-1]] == [most] * (len(pieces) - 1)
    assert [belongs_together(piece, sizes) for piece in pieces] == [True] * len(pieces)
    assert 1 <= len(pieces[-1]) <= most


@given(sizes=SOME, data=st.data())
def test_a_piece_of_a_piece_keeps_its_places(sizes: list[int], data: st.DataObject) -> None:
    """Places are those in the chunk that is cut, indexes those in the input, however often it was cut before."""
    picked = data.draw(st.lists(st.integers(0, len(sizes) - 1), unique=True, min_size=1).map(sorted))
    again = data.draw(st.lists(st.integers(0, len(picked) - 1), unique=True, min_size=1).map(sorted))
    piece = whole_of(sizes).pick(picked).pick(iter(again))
    assert places([piece]) == [[100 + picked[place] for place in again]]
    assert belongs_together(piece, sizes)


def test_a_chunk_shows_none_of_its_messages() -> None:
    """Its repr is the size of its body."""
    chunk = whole_of([9, 9])
    assert repr(chunk) == f"Chunk(batch=Batch(body=<{2 * (LEAST + 9) + 3} bytes>))"
