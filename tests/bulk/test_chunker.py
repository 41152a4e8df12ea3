import itertools
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from wikipayam_async.bulk.chunker import DEFAULT_BATCH_SIZE, MAX_BODY_BYTES, Chunk, Chunker, Item, chunk_of
from wikipayam_async.core.redact import SealedBytes
from wikipayam_async.messages import Prepared, SmsMessage, join_bodies


def items(*sizes: int) -> list[Item]:
    """Make items whose bodies have these sizes."""
    message = SmsMessage("09123456789", "hi")
    return [
        Item(index, Prepared(message, "09123456789", f"T{index}", SealedBytes(b"x" * size)))
        for index, size in enumerate(sizes)
    ]


def places(chunks: Sequence[Chunk | None]) -> list[list[int]]:
    """Return the indexes that each chunk holds."""
    return [[item.index for item in chunk.items] for chunk in chunks if chunk is not None]


def gather(chunker: Chunker, given_items: Sequence[Item]) -> list[Chunk]:
    """Put items in, and return every chunk that comes out."""
    chunks = [chunker.add(item) for item in given_items]
    return [chunk for chunk in [*chunks, chunker.flush()] if chunk is not None]


SIZES = st.lists(st.integers(2, 60), max_size=60)


@given(sizes=SIZES, batch_size=st.integers(1, 8), max_bytes=st.integers(1, 120))
def test_chunks_hold_the_input_in_order_and_within_bounds(sizes: list[int], batch_size: int, max_bytes: int) -> None:
    """Nothing is lost or moved, no chunk is empty or too large, and its size is that of the very body."""
    given_items = items(*sizes)
    chunks = gather(Chunker(batch_size, max_bytes), given_items)
    assert [item for chunk in chunks for item in chunk.items] == given_items
    assert [chunk.size for chunk in chunks] == [len(join_bodies(chunk.prepared)) for chunk in chunks]
    assert all(1 <= len(chunk.items) <= batch_size for chunk in chunks)
    assert all(chunk.size <= max_bytes or len(chunk.items) == 1 for chunk in chunks)


@given(sizes=SIZES, batch_size=st.integers(1, 8), max_bytes=st.integers(1, 120))
def test_no_chunk_is_smaller_than_it_must_be(sizes: list[int], batch_size: int, max_bytes: int) -> None:
    """A chunk ends only because it is full: the next message would have broken a bound."""
    chunks = gather(Chunker(batch_size, max_bytes), items(*sizes))
    for chunk, following in itertools.pairwise(chunks):
        grown = chunk.size + len(following.items[0].prepared.body) + 1
        assert (len(chunk.items) == batch_size or grown > max_bytes) is True


def test_a_full_chunk_comes_at_once() -> None:
    """By count, the message that fills a chunk brings it out; by bytes, the one that no longer fits does."""
    chunker = Chunker(2, 100)
    by_count = [chunker.add(item) for item in items(10, 10, 10)]
    assert places(by_count) == [[0, 1]]
    assert places([chunker.flush(), chunker.flush()]) == [[2]]
    by_bytes = [chunker.add(item) for item in items(60, 60)]
    assert (places(by_bytes), by_bytes[0]) == ([[0]], None)
    assert places([chunker.flush()]) == [[1]]


def test_a_body_of_exactly_the_most_bytes_is_one_chunk() -> None:
    """Two bodies of nine, a comma and two brackets are 21 bytes."""
    assert places(gather(Chunker(10, 21), items(9, 9))) == [[0, 1]]
    assert places(gather(Chunker(10, 20), items(9, 9))) == [[0], [1]]


def test_a_message_larger_than_a_request_goes_alone() -> None:
    """It is not lost and takes no other with it."""
    assert places(gather(Chunker(10, 20), items(5, 50, 5, 5))) == [[0], [1], [2, 3]]


def test_nothing_is_no_chunk() -> None:
    """An empty chunker has nothing to give."""
    assert (Chunker(5).flush(), chunk_of([])) == (None, None)


def test_the_defaults() -> None:
    """A hundred messages a request, and a body that web servers take."""
    assert (DEFAULT_BATCH_SIZE, MAX_BODY_BYTES) == (100, 1_000_000)


@given(sizes=st.lists(st.integers(2, 60), min_size=1, max_size=20), out=st.frozensets(st.integers(0, 25)))
def test_a_chunk_without_some_of_its_items(sizes: list[int], out: frozenset[int]) -> None:
    """What is left keeps its order and its size is that of the new body; if nothing is left, there is no chunk."""
    whole = chunk_of(items(*sizes))
    assert whole is not None
    rest = whole.without(out)
    left = [index for index in range(len(sizes)) if index not in out]
    assert places([rest]) == ([left] if left else [])
    assert rest is None or rest.size == len(join_bodies(rest.prepared))


@given(sizes=st.lists(st.integers(2, 60), min_size=1, max_size=20), most=st.integers(1, 25))
def test_a_chunk_cut_into_pieces(sizes: list[int], most: int) -> None:
    """The pieces hold the chunk in order, each as full as it may be, each with the size of its body."""
    whole = chunk_of(items(*sizes))
    assert whole is not None
    pieces = list(whole.cut(most))
    assert [item for piece in pieces for item in piece.items] == list(whole.items)
    assert [len(piece.items) for piece in pieces[:-1]] == [most] * (len(pieces) - 1)
    assert [piece.size for piece in pieces] == [len(join_bodies(piece.prepared)) for piece in pieces]


def test_a_chunk_shows_none_of_its_messages() -> None:
    """Its repr is its size."""
    assert repr(chunk_of(items(9, 9))) == "Chunk(size=21)"
