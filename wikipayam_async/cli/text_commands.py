"""`wikipayam parts` and `number`: what can be told without the gateway."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from wikipayam_async.cli.asking import read_text
from wikipayam_async.cli.exits import Exit
from wikipayam_async.cli.output import Output, counted
from wikipayam_async.cli.prices import tariff_of
from wikipayam_async.cli.session import Form, guarded
from wikipayam_async.cost.estimate import CostEstimate, estimate_text
from wikipayam_async.cost.tariff import format_money
from wikipayam_async.numbers import parse_number
from wikipayam_async.text.parts import count_parts, split_parts, suggest

__all__ = ["number", "parts"]


def parts(
    text: Annotated[str, Parameter(allow_leading_hyphen=True)],
    /,
    *,
    receivers: int = 1,
    price_persian: int | None = None,
    price_latin: int | None = None,
    split: bool = False,
    form: Form = Form(),
) -> Exit:
    """Count the parts of a text, and what they cost.

    Args:
        text: The text; - reads it from stdin.
        receivers: How many people get it.
        price_persian: Rials for a part of a text in Persian, or with any other character that GSM-7 lacks.
        price_latin: Rials for a part of a text in GSM-7; that of Persian if not given.
        split: Show where the text is cut.
        form: How to tell it.
    """
    out = Output(json=form.json)

    def count() -> Exit:
        body = read_text(text)
        told = {**_parts(out, body), **(_cut(out, body) if split else {}), **_better(out, body)}
        tariff = tariff_of(price_persian, price_latin)
        if tariff is not None:
            told |= _cost(out, estimate_text(body, tariff, receivers=receivers), receivers)
        out.emit(told)
        return Exit.OK

    return guarded(out, count)


def _parts(out: Output, text: str) -> dict[str, object]:
    found = count_parts(text)
    out.say(f"{counted(found.parts, 'part')} in {found.encoding}: {found.units} units, {found.remaining} left")
    return {
        "encoding": found.encoding,
        "parts": found.parts,
        "units": found.units,
        "remaining": found.remaining,
        "unit_limit": found.unit_limit,
        "characters_that_forced_unicode": sorted(found.characters_that_forced_unicode),
    }


def _cut(out: Output, text: str) -> dict[str, object]:
    pieces = split_parts(text)
    for place, piece in enumerate(pieces, 1):
        out.say(f"{place}: {piece}")
    return {"split": pieces}


def _better(out: Output, text: str) -> dict[str, object]:
    better = suggest(text)
    if not better:
        return {}
    rules = sorted(better.rules)
    out.say(f"spelt by the rules {', '.join(rules)} it takes {better.after.parts} in {better.after.encoding}")
    return {"suggestions": {"rules": rules, "parts": better.after.parts}}


def _cost(out: Output, cost: CostEstimate, receivers: int) -> dict[str, object]:
    money = f"{format_money(cost.cost)} ({format_money(cost.cost, 'toman')})"
    out.say(f"to {counted(receivers, 'receiver')}: {money}")
    return {"receivers": receivers, "cost": cost.cost, "currency": cost.currency}


def number(text: Annotated[str, Parameter(allow_leading_hyphen=True)], /, *, form: Form = Form()) -> Exit:
    """Tell what a phone number is, and its spellings.

    Args:
        text: The number, in any usual spelling.
        form: How to tell it.
    """
    out = Output(json=form.json)

    def read() -> Exit:
        found = parse_number(text)
        facts = {
            "local": found.local, "e164": found.e164, "international": found.international, "kind": found.kind,
            "operator": found.operator, "province": found.province,
        }  # fmt: skip
        out.table(("", ""), ([name, str(value)] for name, value in facts.items() if value is not None))
        out.emit(facts)
        return Exit.OK

    return guarded(out, read)
