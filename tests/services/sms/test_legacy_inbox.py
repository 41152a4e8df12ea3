from datetime import timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.received import RECEIVE, WIRE
from wikipayam_async.emulator import TEHRAN
from wikipayam_async.services.receives.models import ReceivedMessage
from wikipayam_async.services.sms.legacy_inbox import LegacyInbox, read_inbox


@pytest.mark.parametrize(
    ("data", "receives"),
    [
        ([WIRE, {"id": "2"}], (RECEIVE, ReceivedMessage("2"))),
        ({"count": 1, "ids": ["a"], "messages": [WIRE]}, (RECEIVE,)),
        (WIRE, (RECEIVE,)),
        ({"count": 0}, ()),
        ([], ()),
        (None, ()),
        ("x", ()),
    ],
)
def test_the_legacy_inbox(data: Any, receives: tuple[ReceivedMessage, ...]) -> None:
    """Messages are found in a list, in a list inside an object, or alone; the whole answer is kept."""
    found = read_inbox(data, None)
    assert (found, list(found), len(found)) == (LegacyInbox(receives, data), list(receives), len(receives))


def test_a_repr_does_not_show_the_answer() -> None:
    """Neither the text nor the raw answer is in a repr."""
    assert "secret" not in repr(read_inbox({"a": "secret", "b": [{"id": "1", "x": "secret"}]}, None))


def test_legacy_inboxes_are_values() -> None:
    """Legacy inboxes are equal by value, and hash without the raw answer."""
    assert len({LegacyInbox((RECEIVE,), {"a": []}), LegacyInbox((RECEIVE,), {"a": []})}) == 1


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["id", "message", "receives", "pagination", "filters", "total", "received_at", "x"]),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


@given(JSON, st.sampled_from([None, TEHRAN]))
def test_any_answer_is_read(data: Any, zone: timezone | None) -> None:
    """Any JSON value is read into a legacy inbox without an error."""
    assert type(read_inbox(data, zone)) is LegacyInbox


def test_its_repr() -> None:
    """The repr has only the number of messages."""
    assert repr(read_inbox([WIRE, {"id": "2"}], None)) == "<LegacyInbox 2 messages>"
