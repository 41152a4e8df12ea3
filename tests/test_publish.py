"""`publish`: the public home of a name."""

from __future__ import annotations

import collections
import typing
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar

import attrs
import pydantic
import pytest

from wikipayam_async.core.converter import to_items, to_model
from wikipayam_async.publish import publish, publish_in_package

if typing.TYPE_CHECKING:
    from decimal import Decimal

HOME = "wikipayam_async.version"
"""A module that has none of the imports of this one."""


def make_model() -> type[Any]:
    """Return a new model whose annotations only this module can resolve."""

    @attrs.frozen
    class Model:
        kind: ClassVar[Mapping[str, int]] = {}

        id: Annotated[int, "extra"]
        names: collections.deque[str] | None = None
        extra: Mapping[str, Any] = attrs.field(factory=dict)

    return Model


def test_classes_and_functions_get_the_module() -> None:
    """Only the given names change, and values that are neither class nor function stay as they are."""
    named, other = make_model(), make_model()

    def function() -> None: ...

    publish(HOME, ["named", "function", "number"], {"named": named, "function": function, "other": other, "number": 1})
    assert (named.__module__, function.__module__, other.__module__) == (HOME, HOME, __name__)
    assert repr(named) == f"<class '{HOME}.{named.__qualname__}'>"


def test_annotations_stay_resolvable() -> None:
    """They are found in the module that defines the class, with their extras."""
    model = make_model()
    publish(HOME, ["model"], {"model": model})
    expected = {
        "kind": ClassVar[Mapping[str, int]],
        "id": Annotated[int, "extra"],
        "names": collections.deque[str] | None,
        "extra": Mapping[str, Any],
    }
    assert typing.get_type_hints(model, include_extras=True) == model.__annotations__ == expected


def test_a_subclass_keeps_to_its_own_annotations() -> None:
    """Those of its bases are not copied to it, and an unpublished base is found as before."""

    class Base:
        items: Iterator[int]

    class Sub(Base):
        name: str

    class Plain(Base): ...

    publish(HOME, ["Sub", "Plain"], {"Sub": Sub, "Plain": Plain})
    assert Sub.__annotations__ == {"name": str}
    assert typing.get_type_hints(Sub) == {"items": Iterator[int], "name": str}
    assert typing.get_type_hints(Plain) == {"items": Iterator[int]}


def test_names_that_only_type_checkers_import() -> None:
    """The class is published, and its annotations stay strings."""

    class Price:
        amount: Decimal

    publish(HOME, ["Price"], {"Price": Price})
    assert (Price.__module__, Price.__annotations__) == (HOME, {"amount": "Decimal"})


@pytest.mark.parametrize("first", ["resolve", "publish", "structure"])
def test_models_are_read_in_either_order(first: str) -> None:
    """The types are found by attrs and by the converter, before and after publication."""
    model = make_model()
    if first == "resolve":
        attrs.resolve_types(model)
    elif first == "structure":
        assert to_model({"id": "1"}, model) == model(1)
    publish(HOME, ["model"], {"model": model})
    attrs.resolve_types(model)
    assert [field.type for field in attrs.fields(model)] == [
        Annotated[int, "extra"],
        collections.deque[str] | None,
        Mapping[str, Any],
    ]
    assert to_model({"id": "2", "new": 3}, model) == model(2, extra={"new": 3})
    assert to_items([{"id": 4}, {"id": "5"}], model) == (model(4), model(5))


def test_models_of_the_package_are_known_to_pydantic() -> None:
    """An attrs class can be a field of a pydantic model; a function is only published."""
    model = make_model()

    def function() -> None: ...

    publish_in_package(["model", "function"], {"model": model, "function": function})
    assert (model.__module__, function.__module__) == ("wikipayam_async", "wikipayam_async")
    assert pydantic.TypeAdapter(model).validate_python({"id": 1}) == model(1)
