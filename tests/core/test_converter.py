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
    to_model_or_empty,
)


@pytest.fixture(autouse=True)
def _fresh_converter() -> Iterator[None]:
    """Give every test its own converter, which has no cached hooks."""
    original, module.converter = module.converter, module._make_converter()
    yield
    module.converter = original


class Word(OpenStrEnum):
    """An enum with unknown words."""

    WAITING = "WAITING"
    DONE = "DONE"


class Level(enum.IntEnum):
    """Named numbers."""

    LOW = 1
    HIGH = 2


@frozen
class Inner:
    """A nested model."""

    name: str


@frozen
class Model:
    """A model with a field of every kind in answers."""

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
    """A model with two required fields and no `extra`."""

    name: str
    size: int


@frozen
class Optionals:
    """A model whose fields all have defaults."""

    count: int | None = None


@frozen
class Renamed:
    """A caller's model whose constructor arguments differ from its fields."""

    _private: int
    plain: str = field(alias="other", default="")
    made: list[int] = field(init=False, factory=list)
    maybe: Any = field(kw_only=True)


def test_a_complete_object_is_read() -> None:
    """Values of the declared types are kept."""
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
        at=datetime.fromisoformat("2023-09-24 23:55:20"),
        inner=Inner("a"),
        inners=[Inner("b")],
        anything=[1],
    )


@pytest.mark.parametrize(
    ("name", "raw", "value"),
    [
        ("id", 17, "17"),
        ("id", 1.5, "1.5"),
        ("id", "", ""),
        ("id", 1000.0, "1000"),
        ("id", -1000.0, "-1000"),
        ("id", 0.0, "0"),
        ("id", 9007199254740993, "9007199254740993"),
        ("id", 123456789012345678901234, "123456789012345678901234"),
        ("id", 9007199254740992.0, "9007199254740992"),
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
        ("at", "2023-09-24", datetime.fromisoformat("2023-09-24")),
        ("at", "2023-09-24 23:55:20", datetime.fromisoformat("2023-09-24 23:55:20")),
        ("at", "۲۰۲۳-۰۹-۲۴ ۲۳:۵۵:۲۰", datetime.fromisoformat("2023-09-24 23:55:20")),
        ("at", "1900-01-01 00:00", datetime.fromisoformat("1900-01-01")),
        ("at", "2099-12-31T23:59:59.5+03:30", datetime.fromisoformat("2099-12-31T23:59:59.5+03:30")),
        ("inner", None, None),
        ("note", None, None),
        ("note", 12.0, "12"),
        ("note", 5, "5"),
        ("anything", None, None),
        ("anything", {"a": 1}, {"a": 1}),
    ],
)
def test_a_loosely_typed_field_is_read(name: str, raw: Any, value: Any) -> None:
    """Numbers may be strings and strings numbers; null is None where the field accepts it."""
    found = to_model({"id": "1", name: raw}, Model)
    assert (getattr(found, name), found.extra) == (value, {})
    assert type(getattr(found, name)) is type(value)


@pytest.mark.parametrize(
    ("name", "raw", "default"),
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
        ("at", 1695599720.5, None),
        ("at", True, None),
        ("at", "1402-05-01 10:00:00", None),
        ("at", "1402-05-01T10:00:00Z", None),
        ("at", "1402-05-01", None),
        ("at", "۱۴۰۲-۰۵-۰۱ ۱۰:۰۰:۰۰", None),
        ("at", "1402/05/01 10:00:00", None),
        ("at", "1402/05/01", None),
        ("at", "02-05-01 10:00:00", None),
        ("at", "02/05/01", None),
        ("at", "0002-05-01 10:00:00", None),
        ("at", "1899-12-31 23:59:59", None),
        ("at", "2100-01-01 00:00:00", None),
        ("at", "2566-05-01 10:00:00", None),
        ("at", "24/09/2023 10:00", None),
        ("at", "20230924T101010", None),
        ("at", "1901010112000", None),
        ("at", "1695599720", None),
        ("at", "1695599720000", None),
        ("at", "2023-09-24x10:00", None),
        ("at", "2023-13-01 10:00:00", None),
        ("at", "2023-09-24 10:" + "0" * 100_000, None),
        ("note", 9007199254740994.0, "none yet"),
        ("note", -1e22, "none yet"),
        ("inner", {"name": []}, None),
        ("inner", "a", None),
        ("inners", [{"name": "a"}, 5], []),
        ("inners", 5, []),
        ("numbers", 5, []),
        ("new", {"deep": [1]}, None),
    ],
)
def test_an_unreadable_field_keeps_its_default(name: str, raw: Any, default: Any) -> None:
    """The raw value of an unreadable or new field is stored in `extra`."""
    found = to_model({"id": "1", name: raw}, Model)
    assert (getattr(found, name, None), found.extra) == (default, {name: raw})


@pytest.mark.parametrize("name", ["count", "share", "word", "inners", "numbers"])
def test_null_gives_the_default_of_a_field_without_none(name: str) -> None:
    """A null field counts as missing."""
    assert to_model({"id": "1", name: None}, Model) == Model("1")


def test_a_value_of_the_declared_type_needs_no_hook(monkeypatch: pytest.MonkeyPatch) -> None:
    """Strings, whole numbers and booleans of the declared type are taken without a hook."""
    asked: list[object] = []
    for name in ("_read_str", "_read_int", "_read_bool"):
        monkeypatch.setattr(module, name, lambda value, kind: asked.append(value))
    module.converter = module._make_converter()
    found = to_model({"id": "a", "count": 1, "good": True, "note": "b"}, Model)
    assert (found, asked) == (Model("a", 1, good=True, note="b"), [])
    to_model({"id": 1, "count": "1", "good": "true", "note": 2}, Model)
    assert asked == [1, "1", "true", 2]


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ({}, "missing or unreadable: name, size"),
        ({"name": "a"}, "missing or unreadable: size"),
        ({"name": None, "size": 1}, "missing or unreadable: name"),
        ({"name": "a", "size": "x"}, "missing or unreadable: size"),
    ],
)
def test_a_field_without_a_default_is_required(data: Any, text: str) -> None:
    """The error names the missing fields and not the data."""
    with pytest.raises(ValueError, match="missing") as caught:
        to_model(data, Strict)
    assert str(caught.value) == text


@frozen
class Timed:
    """A model whose lists msgspec reads."""

    id: str
    at: datetime | None = None


def test_a_list_with_a_jalali_timestamp_is_read_item_by_item() -> None:
    """Msgspec would read the year 1402 of the Jalali calendar as a Gregorian one."""
    data: list[Any] = [{"id": "1", "at": "2023-09-24 23:55:20"}, {"id": "2", "at": None}, {"id": "3"}]
    right = (Timed("1", datetime.fromisoformat("2023-09-24 23:55:20")), Timed("2"), Timed("3"))
    assert to_items(data, Timed) == right
    assert to_items([*data, {"id": "4", "at": "1402-05-01 10:00:00"}], Timed) == (*right, Timed("4"))


@pytest.mark.parametrize("data", [None, "", [], {}])
def test_no_content_is_an_object_of_defaults(data: Any) -> None:
    """No body, `null`, and PHP's spellings of an empty object."""
    assert to_model_or_empty(data, Optionals) == Optionals()


def test_content_is_read_as_by_to_model() -> None:
    """An object is read, and anything else refused."""
    assert to_model_or_empty({"count": "3"}, Optionals) == Optionals(3)
    for data in (False, 0, "x", [1]):
        with pytest.raises(TypeError):
            to_model_or_empty(data, Optionals)


def test_a_model_without_extra_drops_new_fields() -> None:
    """A caller's class needs no `extra`."""
    assert to_model({"name": "a", "size": "1", "new": 1}, Strict) == Strict("a", 1)


@pytest.mark.parametrize("data", [None, 1, "x", [], [{"id": "1"}], True])
def test_only_an_object_is_a_model(data: Any) -> None:
    """Any other value raises `TypeError`."""
    with pytest.raises(TypeError) as caught:
        to_model(data, Model)
    assert str(caught.value) == "expected an object"


def test_fields_are_read_by_the_names_of_constructor_arguments() -> None:
    """Private fields, aliases and fields without an argument work, and null is a value of `Any`."""
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
def test_a_list_of_objects_is_read(data: Any, items: tuple[Strict, ...]) -> None:
    """Unreadable items are left out, and a single object counts as a list of one."""
    assert to_items(data, Strict) == items


def test_a_list_of_plain_values_is_read() -> None:
    """Items may be of a plain type."""
    assert to_items([1, "2", None, "x"], int) == (1, 2)


@pytest.mark.parametrize(("data", "fields"), [({"a": 1}, {"a": 1}), ([], {}), (None, {}), ("a", {}), (5, {})])
def test_the_fields_of_an_object(data: Any, fields: dict[str, Any]) -> None:
    """Any value but an object gives an empty mapping."""
    assert to_mapping(data) == fields


@pytest.mark.parametrize(
    ("raw", "kind", "value"),
    [(True, bool, True), ("x", str, "x"), (5, int, 5), ("5", float, 5.0), ("done", Word, Word.DONE)],
)
def test_a_scalar_is_read(raw: Any, kind: Any, value: Any) -> None:
    """A value outside a model is read like a field."""
    found = module.converter.structure(raw, kind)
    assert (found, type(found)) == (value, kind)


@pytest.mark.parametrize(
    ("raw", "kind", "error"),
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
def test_an_unreadable_scalar_is_an_error(raw: Any, kind: Any, error: Exception) -> None:
    """Outside a model, the error says what was expected."""
    with pytest.raises(type(error)) as caught:
        module.converter.structure(raw, kind)
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
    """No JSON value raises anything but `ValueError` and `TypeError`."""
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
    """A list of items is read from any JSON value without an error."""
    assert all(isinstance(item, Model) for item in to_items(data, Model))


@pytest.mark.parametrize(
    ("word", "member"),
    [("DONE", Word.DONE), ("done", Word.DONE), (" Done\n", Word.DONE), ("WAITING", Word.WAITING)],
)
def test_a_known_word_is_a_member(word: str, member: Word) -> None:
    """Case and surrounding spaces are ignored."""
    assert (Word(word) is member, member.known) == (True, True)


@given(st.text().filter(lambda word: word.strip().upper() not in {"DONE", "WAITING"}))
def test_an_unknown_word_is_kept(word: str) -> None:
    """It behaves like a member, equals its word and is not known."""
    found = Word(word)
    assert (type(found), found.value, found.name, str(found), found.known) == (Word, word, word, word, False)
    assert (found == word, hash(found) == hash(Word(word)), {word: 1}.get(found), found in set(Word)) == (
        True,
        True,
        1,
        False,
    )


def test_an_unknown_word_can_be_pickled_and_copied() -> None:
    """The result is an equal value of the enum."""
    found = [pickle.loads(pickle.dumps(Word("NEW"))), copy.deepcopy(Word("NEW"))]  # noqa: S301 - pickled here
    assert found == [Word("NEW"), Word("NEW")]
    assert [type(one) for one in found] == [Word, Word]


def test_an_unknown_word_is_not_added_to_the_enum() -> None:
    """The members of the enum stay the same."""
    Word("NEW")
    assert list(Word) == [Word.WAITING, Word.DONE]


@pytest.mark.parametrize("value", [5, None, ["DONE"], {}])
def test_only_a_string_is_a_word(value: Any) -> None:
    """Any other value raises `ValueError`."""
    with pytest.raises(ValueError, match="is not a valid Word"):
        Word(value)


class Safe(str):
    """A subclass of `str` with its own `__str__`."""

    __slots__ = ()

    def __str__(self) -> str:
        return "<safe>"


def test_a_subclass_of_str_is_encoded_with_its_content() -> None:
    """Template engines and translations create such strings."""
    assert encode_json([Safe("متن"), {"a": Safe("")}]) == '["متن",{"a":""}]'.encode()


def test_a_value_that_json_cannot_hold_is_an_error() -> None:
    """The error names the type."""
    with pytest.raises(TypeError) as caught:
        encode_json({"a": object()})
    assert str(caught.value) == "object cannot be encoded as JSON"


@pytest.mark.parametrize(
    "text", [b"NaN", b"Infinity", b"1e400", b"{", b"", b'"\xff"', b'"\\ud800"', b"{}{}", b"9" * 5000]
)
def test_invalid_json_is_a_value_error(text: bytes) -> None:
    """NaN, invalid Unicode, huge numbers and truncated JSON raise an error."""
    with pytest.raises(ValueError):
        decode_json(text)


@frozen
class Plain:
    """A typical model of strings, numbers, booleans and datetimes."""

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
def test_both_ways_to_read_a_list_give_the_same_result(data: list[Any]) -> None:
    """The hooks and msgspec agree for any list."""
    read = module.converter.get_structure_hook(Plain)
    one_by_one = []
    for item in data:
        with contextlib.suppress(ValueError, TypeError):
            one_by_one.append(read(item, Plain))
    assert to_items(data, Plain) == tuple(one_by_one)


def read_all(cls: type[Any], data: list[Any]) -> list[Any] | None:
    """Read objects with msgspec."""
    read = module.converter.get_structure_hook(cls)
    assert isinstance(read, module._ModelReader)
    return read.read_all(data)


@pytest.mark.parametrize(
    ("data", "read"),
    [
        ([USUAL], [Plain("69e5", "n", 3, datetime(2024, 1, 31, 10, 20, 30), True)]),  # noqa: DTZ001 - without a zone, as the gateway writes it
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
def test_msgspec_reads_only_lists_of_plain_objects(data: list[Any], read: list[Plain] | None) -> None:
    """New fields, other types, missing fields and other values are left to the hooks."""
    assert read_all(Plain, data) == read


@frozen(init=False)
class ByInit:
    """A class with its own `__init__`."""

    id: str

    def __init__(self, id: str) -> None:  # noqa: A002 - the field's name
        object.__setattr__(self, "id", id * 2)


def doubled(text: str) -> str:
    """Return a text twice."""
    return text * 2


@frozen
class ByConverter:
    """A class with a field converter."""

    id: str = field(converter=doubled)


@frozen
class ByHook:
    """A class with a pre-init hook."""

    id: str
    made: int = 0

    def __attrs_pre_init__(self) -> None:
        """Do nothing."""


@pytest.mark.parametrize("cls", [ByInit, ByConverter, ByHook, Renamed, Model])
def test_msgspec_does_not_read_a_class_with_its_own_code(cls: type[Any]) -> None:
    """It would bypass the class's own initialisation, or does not know its fields."""
    assert read_all(cls, [{"id": "1"}]) is None


def test_a_class_with_its_own_code_is_read_by_the_hook() -> None:
    """Its own initialisation runs for each item."""
    assert [one.id for one in to_items([{"id": "1"}, {"id": "2"}], ByInit)] == ["11", "22"]
