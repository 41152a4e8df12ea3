import itertools
from collections.abc import Sequence

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from wikipayam_async.bulk.chunker import MAX_BODY_BYTES, Chunk, chunks_of
from wikipayam_async.bulk.options import DEFAULT_BATCH_SIZE
from wikipayam_async.core.converter import encode_json
from wikipayam_async.messages import SmsMessage
from wikipayam_async.messages.payload import SmsPayload

SMALLEST = len(encode_json(SmsPayload("", "", msgspec.UNSET, msgspec.UNSET, "")))
"""The size of the smallest payload, in bytes."""


def payloads_of(*sizes: int) -> list[SmsPayload]:
    """Make payloads that are larger than the smallest by these numbers of bytes."""
    return [SmsPayload("x" * size, "", msgspec.UNSET, msgspec.UNSET, "") for size in sizes]


def messages_of(count: int) -> list[SmsMessage]:
    """Make different messages."""
    return [SmsMessage("09123456789", f"secret {index}") for index in range(count)]


def gather(sizes: Sequence[int], max_bytes: int = MAX_BODY_BYTES) -> list[Chunk]:
    """Divide messages of these sizes into chunks; their indexes start at 100."""
    return chunks_of(range(100, 100 + len(sizes)), messages_of(len(sizes)), payloads_of(*sizes), max_bytes)


def whole_of(sizes: Sequence[int]) -> Chunk:
    """Make one chunk of messages of these sizes."""
    (whole,) = gather(sizes)
    return whole


def indexes_of(chunks: Sequence[Chunk | None]) -> list[list[int]]:
    """Return the indexes of each chunk."""
    return [list(chunk.indexes) for chunk in chunks if chunk is not None]


def is_consistent(chunk: Chunk, sizes: Sequence[int]) -> bool:
    """Return whether indexes, messages, payloads and body of a chunk belong to the same messages."""
    messages, payloads = messages_of(len(sizes)), payloads_of(*sizes)
    positions = [index - 100 for index in chunk.indexes]
    batch = chunk.batch
    return (
        list(batch.messages) == [messages[position] for position in positions]
        and list(batch.payloads) == [payloads[position] for position in positions]
        and msgspec.json.decode(batch.body) == msgspec.to_builtins([payloads[position] for position in positions])
        and len(chunk) == len(positions)
    )


SIZES = st.lists(st.integers(0, 60), max_size=60)
SOME = st.lists(st.integers(0, 60), min_size=1, max_size=20)


@given(sizes=SIZES, max_bytes=st.integers(1, 300))
def test_chunks_hold_the_input_in_order_and_within_bounds(sizes: list[int], max_bytes: int) -> None:
    """No message is lost or moved, no chunk is empty or too large, and each body holds the messages of its chunk."""
    chunks = gather(sizes, max_bytes)
    assert [index for chunk in chunks for index in chunk.indexes] == list(range(100, 100 + len(sizes)))
    assert [is_consistent(chunk, sizes) for chunk in chunks] == [True] * len(chunks)
    assert all(len(chunk) >= 1 for chunk in chunks)
    assert all(len(chunk.batch.body) <= max_bytes or len(chunk) == 1 for chunk in chunks)


@given(sizes=SIZES, max_bytes=st.integers(1, 300))
def test_every_chunk_is_as_full_as_possible(sizes: list[int], max_bytes: int) -> None:
    """A chunk ends only where the next message would exceed the maximum size."""
    for chunk, following in itertools.pairwise(gather(sizes, max_bytes)):
        grown = len(chunk.batch.body) + len(encode_json(following.batch.payloads[0])) + 1
        assert grown > max_bytes


def test_messages_that_fit_into_one_request_are_one_chunk() -> None:
    """The messages are not copied."""
    messages, payloads = messages_of(3), payloads_of(1, 2, 3)
    (chunk,) = chunks_of(range(3), messages, payloads)
    assert (chunk.indexes, len(chunk)) == (range(3), 3)
    assert (chunk.batch.messages is messages, chunk.batch.payloads is payloads) == (True, True)


def test_a_body_of_exactly_the_maximum_size_is_one_chunk() -> None:
    """The size counts two objects, a comma and two brackets."""
    maximum = 2 * (SMALLEST + 9) + 3
    assert indexes_of(gather([9, 9], maximum)) == [[100, 101]]
    assert indexes_of(gather([9, 9], maximum - 1)) == [[100], [101]]
    assert indexes_of(gather([9, 9, 9], maximum)) == [[100, 101], [102]]


def test_a_message_larger_than_a_request_gets_its_own_chunk() -> None:
    """It is not lost, and its chunk holds no other message."""
    maximum = 2 * (SMALLEST + 5) + 3
    assert indexes_of(gather([5, 500, 5, 5], maximum)) == [[100], [101], [102, 103]]
    assert indexes_of(gather([500], maximum)) == [[100]]


def test_a_size_is_counted_in_bytes() -> None:
    """A Persian letter takes two bytes in UTF-8, and a line break takes two in JSON."""
    payloads = [SmsPayload("1", "2", text, msgspec.UNSET, "3") for text in ("س" * 10, "\n" * 10)]
    maximum = len(encode_json(payloads))
    assert indexes_of(chunks_of([0, 1], messages_of(2), payloads, maximum)) == [[0, 1]]
    assert indexes_of(chunks_of([0, 1], messages_of(2), payloads, maximum - 1)) == [[0], [1]]


def test_no_messages_make_no_chunk() -> None:
    """Without messages there is nothing to send."""
    assert gather([]) == []


def test_the_defaults() -> None:
    """A request holds at most a hundred messages and a megabyte."""
    assert (DEFAULT_BATCH_SIZE, MAX_BODY_BYTES) == (100, 1_000_000)
    assert indexes_of(gather([600_000, 600_000])) == [[100], [101]]


@given(sizes=SOME, out=st.frozensets(st.integers(0, 25)))
def test_removing_messages_from_a_chunk(sizes: list[int], out: frozenset[int]) -> None:
    """The rest keeps its order and gets a new body; without a rest there is no chunk."""
    rest = whole_of(sizes).without(out)
    left = [100 + position for position in range(len(sizes)) if position not in out]
    assert indexes_of([rest]) == ([left] if left else [])
    assert rest is None or is_consistent(rest, sizes)


@given(sizes=SOME, size=st.integers(1, 25))
def test_cutting_a_chunk(sizes: list[int], size: int) -> None:
    """The pieces keep the order; each is as full as possible and has its own body."""
    pieces = list(whole_of(sizes).cut(size))
    assert [index for piece in pieces for index in piece.indexes] == list(range(100, 100 + len(sizes)))
    assert [len(piece) for piece in pieces[:-1]] == [size] * (len(pieces) - 1)
    assert [is_consistent(piece, sizes) for piece in pieces] == [True] * len(pieces)
    assert 1 <= len(pieces[-1]) <= size


@given(sizes=SOME, data=st.data())
def test_a_piece_of_a_piece_keeps_its_indexes(sizes: list[int], data: st.DataObject) -> None:
    """Positions refer to the chunk that is cut, indexes to the input, however often the chunk was cut."""
    picked = data.draw(st.lists(st.integers(0, len(sizes) - 1), unique=True, min_size=1).map(sorted))
    again = data.draw(st.lists(st.integers(0, len(picked) - 1), unique=True, min_size=1).map(sorted))
    piece = whole_of(sizes).pick(picked).pick(iter(again))
    assert indexes_of([piece]) == [[100 + picked[position] for position in again]]
    assert is_consistent(piece, sizes)


def test_the_repr_of_a_chunk_hides_its_messages() -> None:
    """The repr shows the size of the body alone."""
    chunk = whole_of([9, 9])
    assert repr(chunk) == f"Chunk(batch=Batch(body=<{2 * (SMALLEST + 9) + 3} bytes>))"
