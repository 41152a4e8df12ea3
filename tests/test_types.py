"""`wikipayam_async.types`: the public home of types for annotations."""

from __future__ import annotations

import pickle
import subprocess
import sys
import typing
from datetime import date

import pytest

import wikipayam_async
from wikipayam_async import Delivery, DeliveryStatus, ReceivedMessage, SendResult, SendStatus, SentMessage, SmsMessage
from wikipayam_async import types as public_types
from wikipayam_async.core.lanes import Connections
from wikipayam_async.services.account import CostCheck
from wikipayam_async.services.raw import RawResponse
from wikipayam_async.types import AnyMessage, HasId


def test_the_names_are_sorted_and_exist() -> None:
    """Each name of `__all__` can be imported."""
    assert public_types.__all__ == sorted(set(public_types.__all__))
    assert [name for name in public_types.__all__ if not hasattr(public_types, name)] == []


@pytest.mark.parametrize("cls", [AnyMessage, Connections, CostCheck, HasId, RawResponse])
def test_a_class_without_another_public_home_names_this_module(cls: type) -> None:
    """Its `repr` is what users import."""
    assert repr(cls) == f"<class 'wikipayam_async.types.{cls.__name__}'>"
    assert getattr(public_types, cls.__name__) is cls


def test_classes_name_this_module_whatever_is_imported() -> None:
    """This module need not be imported for it."""
    code = (
        "import sys; import wikipayam_async.client; from wikipayam_async.services.account import CostCheck; "
        "print(CostCheck, 'wikipayam_async.types' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)  # noqa: S603 - the code is above
    assert done.stdout == "<class 'wikipayam_async.types.CostCheck'> False\n"


def test_names_of_the_package_keep_their_home() -> None:
    """`BulkProgress` is imported from either module, and is one class."""
    assert public_types.BulkProgress is wikipayam_async.BulkProgress
    assert public_types.BulkProgress.__module__ == "wikipayam_async"


def test_values_are_pickled_by_their_public_path() -> None:
    """A pickle names no private module."""
    for value in (Connections(in_use=1, idle=2, waiting=3), RawResponse(200, {"a": "b"}, 7)):
        pickled = pickle.dumps(value)
        assert b"wikipayam_async.types" in pickled
        assert b"wikipayam_async.core" not in pickled
        assert pickle.loads(pickled) == value  # noqa: S301 - pickled above


@pytest.mark.parametrize(
    ("alias", "words"),
    [
        ("Dedupe", ("receiver", "receiver_and_text")),
        ("ReadStatus", ("all", "read", "unread")),
        ("SortBy", ("created_at", "sender", "message")),
        ("SortOrder", ("asc", "desc")),
    ],
)
def test_a_choice_lists_its_words(alias: str, words: tuple[str, ...]) -> None:
    """The words are those that the arguments accept."""
    assert typing.get_args(getattr(public_types, alias)) == words


def test_results_have_ids_and_messages_have_receivers() -> None:
    """The models have the attributes of the protocols that `Ids` and errors name."""
    message = SmsMessage("09123456789", "text")
    with_ids: list[HasId] = [
        SentMessage("1"),
        Delivery("1", DeliveryStatus.SENT),
        ReceivedMessage("1"),
        SendResult(0, message, SendStatus.ACCEPTED, id="1"),
    ]
    any_message: AnyMessage = message
    assert [one.id for one in with_ids] == ["1"] * 4
    assert (any_message.receiver, any_message.track_id) == ("09123456789", None)


def test_a_date_or_a_string_is_a_date() -> None:
    """`DateLike` has the types that date arguments accept."""
    assert set(typing.get_args(public_types.DateLike)) >= {date, str}
