import contextlib
import copy
import enum
import math
import pickle
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from attrs import field, frozen
from hypothesis import given
from hypothesis import strategies as st

from wikipayam_async.core import converter as module
from wikipayam_async.core.converter import (
    OpenStrEnum,
    decode_json,
    encode_json,
    to_items,
    to_mapping,
    to_model,
)


@pytest.fixture(autouse=True)
def _fresh_converter() -> Iterator[None]:
    """Give every test a converter of its own, which has not made up its mind about any class."""
    kept, module.converter = module.converter, module._make_converter()
    yield
    module.converter = kept


class Word(OpenStrEnum):
    """Words that may grow."""

    WAITING = "WAITING"
    DONE = "DONE"


class Level(enum.IntEnum):
    """Numbers with a name."""

    LOW = 1
    HIGH = 2


@frozen
class Inner:
    """A part of a model."""

    name: str


@frozen
class Model:
    """A model with a field of every kind that answers have."""

    id: str
    count: int = 0
    share: float = 0.0
    good: bool | None = None
    word: Word = Word.WAITING
    level: Level = Level.LOW
    at: datetime | None = None
    inner: Inner | None = None
    inners: list[Inner] = field(factory=list)
    anything: Any = "nothing"
    numbers: list[int] = field(factory=list)
    note: str | None = "none yet"
    extra: Mapping[str, Any] = field(factory=dict)


@frozen
class Strict:
    """A model that needs both of its fields and keeps no others."""

    name: str
    size: int


@frozen
class Renamed:
    """A user's model, with fields that are called otherwise when it is made."""

    _private: int
    plain: str = field(alias="other", default="")
    made: list[int] = field(init=False, factory=list)
    maybe: Any = field(kw_only=True)


def test_a_whole_answer_is_read() -> None:
    """Every field of the right type arrives as it is."""
    data = {
        "id": "69e5",
        "count": 3,
        "share": 0.5,
        "good": True,
        "word": "DONE",
        "at": "2023-09-24 23:55:20",
        "inner": {"name": "a"},
        "inners": [{"name": "b"}],
        "anything": [1],
    }
    assert to_model(data, Model) == Model(
        "69e5",
        3,
        0.5,
        good=True,
        word=Word.DONE,
        at=datetime(2023, 9, 24, 23, 55, 20),  # noqa: DTZ001 - the gateway names no zone
        inner=Inner("a"),
        inners=[Inner("b")],
        anything=[1],
    )


@pytest.mark.parametrize(
    ("name", "came", "read"),
    [
        ("id", 17, "17"),
        ("id", 1.5, "1.5"),
        ("id", "", ""),
        ("count", "2", 2),
        ("count", " -2 ", -2),
        ("count", "۱۲", 12),
        ("count", "2.9", 2),
        ("count", 2.9, 2),
        ("count", -0.5, -1),
        ("count", "1e3", 1000),
        ("count", "9007199254740993", 9007199254740993),
        ("count", "+9007199254740993", 9007199254740993),
        ("count", " -9007199254740993", -9007199254740993),
        ("share", "0.25", 0.25),
        ("share", 3, 3.0),
        ("good", "true", True),
        ("good", " FALSE ", False),
        ("good", 1, True),
        ("good", 0, False),
        ("good", "0", False),
        ("good", None, None),
        ("word", "done", Word.DONE),
        ("word", "NEW", Word("NEW")),
        ("level", "2", Level.HIGH),
        ("level", 1.0, Level.LOW),
        ("at", " 2023-09-24T23:55:20Z ", datetime(2023, 9, 24, 23, 55, 20, tzinfo=UTC)),
        ("at", None, None),
        ("inner", None, None),
        ("note", None, None),
        ("note", 5, "5"),
        ("anything", None, None),
        ("anything", {"a": 1}, {"a": 1}),
    ],
)
def test_a_loosely_typed_field_is_read(name: str, came: Any, read: Any) -> None:
    """Numbers come as strings and strings as numbers; null is None where None is taken."""
    found = to_model({"id": "1", name: came}, Model)
    assert (getattr(found, name), found.extra) == (read, {})
    assert type(getattr(found, name)) is type(read)


@pytest.mark.parametrize(
    ("name", "came", "kept"),
    [
        ("count", "many", 0),
        ("count", True, 0),
        ("count", [], 0),
        ("count", "1e400", 0),
        ("count", "nan", 0),
        ("count", "+-5", 0),
        ("count", "9" * 5000, 0),
        ("share", "inf", 0.0),
        ("share", "x", 0.0),
        ("share", False, 0.0),
        ("share", 10**400, 0.0),
        ("share", math.inf, 0.0),
        ("good", "yes", None),
        ("good", 2, None),
        ("good", {}, None),
        ("word", ["DONE"], Word.WAITING),
        ("word", 5, Word.WAITING),
        ("level", 3, Level.LOW),
        ("level", "high", Level.LOW),
        ("at", "yesterday", None),
        ("at", "0000-00-00 00:00:00", None),
        ("at", 1695599720, None),
        ("inner", {"name": []}, None),
        ("inner", "a", None),
        ("inners", [{"name": "a"}, 5], []),
        ("inners", 5, []),
        ("numbers", 5, []),
        ("new", {"deep": [1]}, None),
    ],
)
def test_what_cannot_be_read_is_kept_as_it_came(name: str, came: Any, kept: Any) -> None:
    """A field that cannot be read keeps its default, and what came stands in `extra`; so does a new one."""
    found = to_model({"id": "1", name: came}, Model)
    assert (getattr(found, name, None), found.extra) == (kept, {name: came})


@pytest.mark.parametrize("name", ["count", "share", "word", "inners", "numbers"])
def test_null_is_the_default_where_none_is_not_taken(name: str) -> None:
    """A field that is null counts as missing."""
    assert to_model({"id": "1", name: None}, Model) == Model("1")


def test_a_value_of_a_plain_type_takes_no_detour(monkeypatch: pytest.MonkeyPatch) -> None:
    """Strings, whole numbers and booleans that come as such, nearly all that come, are taken without a hook."""
    asked: list[object] = []
    for name in ("_read_str", "_read_int", "_read_bool"):
        monkeypatch.setattr(module, name, lambda value, kind: asked.append(value))
    module.converter = module._make_converter()
    found = to_model({"id": "a", "count": 1, "good": True, "note": "b"}, Model)
    assert (found, asked) == (Model("a", 1, good=True, note="b"), [])
    to_model({"id": 1, "count": "1", "good": "true", "note": 2}, Model)
    assert asked == [1, "1", "true", 2]


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        ({}, "missing or unreadable: name, size"),
        ({"name": "a"}, "missing or unreadable: size"),
        ({"name": None, "size": 1}, "missing or unreadable: name"),
        ({"name": "a", "size": "x"}, "missing or unreadable: size"),
    ],
)
def test_a_field_without_a_default_is_needed(data: Any, complaint: str) -> None:
    """Without it there is no value, and the error names it but not what came."""
    with pytest.raises(ValueError, match="missing") as caught:
        to_model(data, Strict)
    assert str(caught.value) == complaint


def test_a_model_without_extra_drops_what_it_does_not_know() -> None:
    """A user's own class need not have a place for new fields."""
    assert to_model({"name": "a", "size": "1", "new": 1}, Strict) == Strict("a", 1)


@pytest.mark.parametrize("data", [None, 1, "x", [], [{"id": "1"}], True])
def test_only_an_object_is_a_model(data: Any) -> None:
    """Anything else is a `TypeError`."""
    with pytest.raises(TypeError) as caught:
        to_model(data, Model)
    assert str(caught.value) == "expected an object"


def test_fields_are_read_by_the_names_that_a_class_is_made_with() -> None:
    """Private fields, aliases and fields that are not given are no obstacle, and null is a value of `Any`."""
    found = to_model({"private": "5", "other": "b", "made": [1], "_private": 6, "maybe": None}, Renamed)
    assert found == Renamed(5, "b", maybe=None)


@pytest.mark.parametrize(
    ("data", "items"),
    [
        ([{"name": "a", "size": 1}, {"name": "b", "size": "2"}], (Strict("a", 1), Strict("b", 2))),
        ({"name": "a", "size": 1}, (Strict("a", 1),)),
        ([None, 1, "x", [], {}, {"name": "a"}, {"name": "b", "size": 2}], (Strict("b", 2),)),
        ([], ()),
        (None, ()),
        ("x", ()),
    ],
)
def test_items(data: Any, items: tuple[Strict, ...]) -> None:
    """What can be read of a list is read; one object counts as a list of one."""
    assert to_items(data, Strict) == items


def test_items_that_are_no_objects() -> None:
    """A list of plain values is read like one of objects."""
    assert to_items([1, "2", None, "x"], int) == (1, 2)


@pytest.mark.parametrize(("data", "fields"), [({"a": 1}, {"a": 1}), ([], {}), (None, {}), ("a", {}), (5, {})])
def test_a_mapping(data: Any, fields: dict[str, Any]) -> None:
    """Only an object has fields."""
    assert to_mapping(data) == fields


@pytest.mark.parametrize(
    ("came", "kind", "read"),
    [(True, bool, True), ("x", str, "x"), (5, int, 5), ("5", float, 5.0), ("done", Word, Word.DONE)],
)
def test_a_scalar_is_read_outside_of_a_model(came: Any, kind: Any, read: Any) -> None:
    """By itself, what comes is read like a field."""
    found = module.converter.structure(came, kind)
    assert (found, type(found)) == (read, kind)


@pytest.mark.parametrize(
    ("came", "kind", "error"),
    [
        ("x", bool, KeyError("x")),
        (None, str, TypeError("expected a string")),
        (True, str, TypeError("expected a string")),
        ([], int, TypeError("expected a number")),
        (True, int, TypeError("expected a number")),
        ({}, float, TypeError("expected a number")),
        (False, float, TypeError("expected a number")),
        ("-inf", float, ValueError("expected a finite number")),
        (5, datetime, TypeError("expected a timestamp")),
    ],
)
def test_a_scalar_of_the_wrong_kind_is_an_error(came: Any, kind: Any, error: Exception) -> None:
    """By itself, outside of a model, what cannot be read is an error that says what was expected."""
    with pytest.raises(type(error)) as caught:
        module.converter.structure(came, kind)
    assert caught.value.args == error.args


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["id", "count", "share", "good", "word", "at", "inner", "inners", "name", "extra", "new"]),
            inner,
            max_size=6,
        )
    ),
    max_leaves=20,
)


@given(JSON)
def test_any_json_is_a_model_or_an_ordinary_error(data: Any) -> None:
    """Nothing but `ValueError` and `TypeError` comes of reading whatever a gateway may send."""
    try:
        found = to_model(data, Model)
    except (ValueError, TypeError):
        return
    known = {"id", "count", "share", "good", "word", "level", "at", "inner", "inners", "anything"}
    assert isinstance(found.id, str)
    assert {name: data[name] for name in found.extra} == found.extra
    assert set(data) - known <= set(found.extra)


@given(JSON)
def test_any_json_is_a_list_of_items(data: Any) -> None:
    """A list of items is read from whatever comes, without an error."""
    assert all(isinstance(item, Model) for item in to_items(data, Model))


@pytest.mark.parametrize(
    ("word", "member"),
    [("DONE", Word.DONE), ("done", Word.DONE), (" Done\n", Word.DONE), ("WAITING", Word.WAITING)],
)
def test_a_known_word(word: str, member: Word) -> None:
    """Case and spaces do not matter."""
    assert (Word(word) is member, member.known) == (True, True)


@given(st.text().filter(lambda word: word.strip().upper() not in {"DONE", "WAITING"}))
def test_an_unknown_word_keeps_itself(word: str) -> None:
    """A new word is a value like a member: equal to the word, printable, and in no way known."""
    found = Word(word)
    assert (type(found), found.value, found.name, str(found), found.known) == (Word, word, word, word, False)
    assert (found == word, hash(found) == hash(Word(word)), {word: 1}.get(found), found in set(Word)) == (
        True,
        True,
        1,
        False,
    )


def test_an_unknown_word_survives_a_pickle_and_a_copy() -> None:
    """It comes back as what it was."""
    found = [pickle.loads(pickle.dumps(Word("NEW"))), copy.deepcopy(Word("NEW"))]  # noqa: S301 - our own
    assert found == [Word("NEW"), Word("NEW")]
    assert [type(one) for one in found] == [Word, Word]


def test_an_unknown_word_becomes_no_member() -> None:
    """The enum itself does not grow."""
    Word("NEW")
    assert list(Word) == [Word.WAITING, Word.DONE]


@pytest.mark.parametrize("value", [5, None, ["DONE"], {}])
def test_only_a_word_is_a_word(value: Any) -> None:
    """What is no string is no word."""
    with pytest.raises(ValueError, match="is not a valid Word"):
        Word(value)


class Safe(str):
    """A string by inheritance, with an idea of its own of how to be shown."""

    __slots__ = ()

    def __str__(self) -> str:
        return "<safe>"


def test_a_string_by_inheritance_is_encoded_as_what_it_holds() -> None:
    """Template engines and translations make such strings."""
    assert encode_json([Safe("متن"), {"a": Safe("")}]) == '["متن",{"a":""}]'.encode()


def test_what_json_cannot_hold_is_an_error() -> None:
    """An object of another type is named by its type."""
    with pytest.raises(TypeError) as caught:
        encode_json({"a": object()})
    assert str(caught.value) == "object cannot be encoded as JSON"


@pytest.mark.parametrize(
    "text", [b"NaN", b"Infinity", b"1e400", b"{", b"", b'"\xff"', b'"\\ud800"', b"{}{}", b"9" * 5000]
)
def test_what_is_no_json_is_a_value_error(text: bytes) -> None:
    """NaN, broken Unicode, numbers without end and half an answer are not read as something else."""
    with pytest.raises(ValueError):
        decode_json(text)


@frozen
class Plain:
    """A model as most are: of strings, numbers, truths and times."""

    id: str
    name: str | None = None
    count: int = 0
    when: datetime | None = None
    fine: bool = False
    extra: Mapping[str, Any] = field(factory=dict)


PLAIN_FIELDS = {
    "id": st.text() | st.integers() | st.none(),
    "name": st.text() | st.none() | st.booleans() | st.floats(allow_nan=False),
    "count": st.integers(-(2**70), 2**70) | st.sampled_from(["7", " 8 ", "x", 2.5, True, None]),
    "when": st.datetimes().map(lambda when: when.isoformat(" "))
    | st.sampled_from(["2024-01-31", "2024-01-31T10:20:30Z", "2024-01-31T10:20:30+03:30", "1403", None, 5]),
    "fine": st.booleans() | st.sampled_from(["true", "0", None, 1]),
}
USUAL = {"id": "69e5", "name": "n", "count": 3, "when": "2024-01-31 10:20:30", "fine": True}


@given(st.lists(st.fixed_dictionaries({}, optional=PLAIN_FIELDS) | st.just({**USUAL, "new": 1}) | st.just(USUAL)))
def test_items_are_read_at_once_as_they_are_one_by_one(data: list[Any]) -> None:
    """The codec's short way and the hooks' long one come to the same."""
    read = module.converter.get_structure_hook(Plain)
    one_by_one = []
    for item in data:
        with contextlib.suppress(ValueError, TypeError):
            one_by_one.append(read(item, Plain))
    assert to_items(data, Plain) == tuple(one_by_one)


def read_at_once(cls: type[Any], data: list[Any]) -> list[Any] | None:
    """Read objects by the short way."""
    read = module.converter.get_structure_hook(cls)
    assert isinstance(read, module._ModelReader)
    return read.read_all(data)


@pytest.mark.parametrize(
    ("data", "read"),
    [
        ([USUAL], [Plain("69e5", "n", 3, datetime(2024, 1, 31, 10, 20, 30), True)]),  # noqa: DTZ001 - as it comes
        ([{"id": "1"}, USUAL], [Plain("1"), Plain("69e5", "n", 3, datetime(2024, 1, 31, 10, 20, 30), True)]),  # noqa: DTZ001
        ([{"id": "1", "name": None}], [Plain("1")]),
        ([], []),
        ([USUAL, {**USUAL, "new": 1}], None),
        ([USUAL, {**USUAL, "count": "3"}], None),
        ([USUAL, {**USUAL, "count": None}], None),
        ([{"name": "n"}], None),
        ([5], None),
        ([["id"]], None),
    ],
)
def test_only_what_is_usual_is_read_at_once(data: list[Any], read: list[Plain] | None) -> None:
    """A new field, a value of another type, a gap or no object at all: these take the long way."""
    assert read_at_once(Plain, data) == read


@frozen(init=False)
class ByInit:
    """Does something of its own when it is made."""

    id: str

    def __init__(self, id: str) -> None:  # noqa: A002 - the field's name
        object.__setattr__(self, "id", id * 2)


def doubled(text: str) -> str:
    """Return a text twice."""
    return text * 2


@frozen
class ByConverter:
    """So does this."""

    id: str = field(converter=doubled)


@frozen
class ByHook:
    """And this."""

    id: str
    made: int = 0

    def __attrs_pre_init__(self) -> None:
        """Do anything at all."""


@pytest.mark.parametrize("cls", [ByInit, ByConverter, ByHook, Renamed, Model])
def test_a_class_that_is_not_plain_is_read_one_by_one(cls: type[Any]) -> None:
    """The codec would go past what such a class does when it is made, or does not know its fields."""
    assert read_at_once(cls, [{"id": "1"}]) is None


def test_a_class_that_is_not_plain_is_read_all_the_same() -> None:
    """Its own code runs for each item."""
    assert [one.id for one in to_items([{"id": "1"}, {"id": "2"}], ByInit)] == ["11", "22"]
