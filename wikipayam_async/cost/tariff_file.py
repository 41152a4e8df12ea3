"""Tariffs in files, in TOML."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from attrs import evolve

from wikipayam_async.checks import without_frames
from wikipayam_async.cost.money import read_money
from wikipayam_async.cost.tariff import Tariff
from wikipayam_async.errors import InvalidInputError
from wikipayam_async.redact.masks import shape_of

__all__ = ["read_tariff"]

_KEYS = frozenset({"persian", "latin", "vat", "lines", "operators"})
_TABLE = "expected a table with persian, latin, vat, lines and operators; only persian is required"


@without_frames
def read_tariff(path: str | os.PathLike[str]) -> Tariff:
    """Read a tariff from a TOML file, with the fields of `Tariff`.

    Prices are numbers, in rials, or strings that `read_money` accepts, such as `"89.5t"`. `[lines.3000]` and
    `[operators.Irancell]` are tables of the same form; they may leave out `persian`, and then have the outer price.

    Args:
        path: The file.

    Raises:
        InvalidInputError: The file cannot be read, or has another content. The error names the place in the file.
    """
    try:
        with open(path, encoding="utf-8-sig") as file:  # noqa: PTH123 - a path of any kind
            found = tomllib.loads(file.read(), parse_float=Decimal)
    except (OSError, UnicodeDecodeError, RecursionError) as error:
        failure = InvalidInputError("tariff", rule="expected a readable TOML file", got=type(error).__name__)
    except tomllib.TOMLDecodeError as error:
        failure = InvalidInputError("tariff", rule="expected a TOML file", got=str(error))
    else:
        return _tariff_of(found, "tariff", None)
    raise failure


def _tariff_of(found: object, place: str, outer: Tariff | None) -> Tariff:
    if not isinstance(found, Mapping) or not found.keys() <= _KEYS:
        raise InvalidInputError(place, rule=_TABLE, got=_keys_of(found))
    prices: dict[str, Any] = {"vat": found.get("vat", 0)}
    prices |= {name: _price(found, name, place) for name in ("persian", "latin") if name in found}
    if "persian" not in found:
        if outer is None:
            raise InvalidInputError(place, rule=_TABLE, got="a table without persian")
        prices = {"persian": outer.persian, "latin": outer.latin, **prices}
    try:
        own = Tariff(**prices)
        return evolve(own, lines=_tables(found, "lines", place, own), operators=_tables(found, "operators", place, own))
    except InvalidInputError as error:
        if error.field.startswith("tariff"):
            raise
        raise InvalidInputError(f"{place}.{error.field}", rule=error.rule, got=error.got) from None


def _price(found: Mapping[str, object], name: str, place: str) -> object:
    value = found[name]
    return read_money(value, field=f"{place}.{name}") if isinstance(value, str) else value


def _tables(found: Mapping[str, object], name: str, place: str, own: Tariff) -> dict[str, Tariff]:
    tables = found.get(name, {})
    if not isinstance(tables, Mapping):
        raise InvalidInputError(f"{place}.{name}", rule="expected tables", got=shape_of(tables))
    return {key: _tariff_of(table, f"{place}.{name}.{key}", own) for key, table in tables.items()}


def _keys_of(found: object) -> str:
    if not isinstance(found, Mapping):
        return shape_of(found)
    return f"a table with {', '.join(sorted(found.keys() - _KEYS))}"
