"""`wikipayam parts` and `number`, which make no request."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from wikipayam_async.cli.exits import Exit
from wikipayam_async.cli.output import Output, counted
from wikipayam_async.cli.prices import PriceOptions
from wikipayam_async.cli.prompts import read_text
from wikipayam_async.cli.session import OutputOptions, guarded
from wikipayam_async.cli.values import WholeNumber
from wikipayam_async.cost.estimate import CostEstimate, estimate_text
from wikipayam_async.cost.money import format_money
from wikipayam_async.cost.tariff import Tariff
from wikipayam_async.messages.footer import footer_of
from wikipayam_async.numbers import parse_number
from wikipayam_async.text.parts import count_parts, split_parts
from wikipayam_async.text.suggestions import suggest

__all__ = ["number", "parts"]


def parts(
    text: Annotated[str, Parameter(allow_leading_hyphen=True)],
    /,
    *,
    receivers: WholeNumber = 1,
    footer: str | None = None,
    split: bool = False,
    prices: PriceOptions = PriceOptions(),
    output: OutputOptions = OutputOptions(),
) -> Exit:
    """Count the parts of a text, and their cost.

    Args:
        text: The text; - reads it from stdin.
        receivers: The number of receivers.
        footer: A line below every text that does not end with it already, such as how to opt out of advertising.
        split: Show the text of each part.
        prices: The price of a part.
        output: How to show the result.
    """
    out = Output(json=output.json)

    def count() -> None:
        body, tariff = read_text(text), prices.read()
        below = footer_of(footer, field="--footer")
        body = body if below is None else below.below(body)
        result = {**_parts(out, body), **(_split(out, body) if split else {}), **_suggestions(out, body, tariff)}
        if tariff is not None:
            result |= _cost(out, estimate_text(body, tariff, receivers=receivers), receivers)
        out.emit(result)

    return guarded(out, count)


def _parts(out: Output, text: str) -> dict[str, object]:
    found = count_parts(text)
    out.explain(f"{counted(found.parts, 'part')} in {found.encoding}: {found.units} units, {found.remaining} left")
    return {
        "encoding": found.encoding,
        "parts": found.parts,
        "units": found.units,
        "remaining": found.remaining,
        "unit_limit": found.unit_limit,
        "characters_that_forced_unicode": sorted(found.characters_that_forced_unicode),
    }


def _split(out: Output, text: str) -> dict[str, object]:
    pieces = split_parts(text)
    for place, piece in enumerate(pieces, 1):
        out.tell(f"{place}: {piece}")
    return {"split": pieces}


def _suggestions(out: Output, text: str, tariff: Tariff | None) -> dict[str, object]:
    better = suggest(text, tariff=tariff)
    if not better:
        return {}
    rules = sorted(better.rules)
    parts = counted(better.after.parts, "part")
    saved = f", which saves {format_money(better.saved_cost)} per message" if better.saved_cost else ""
    out.explain(f"with the {', '.join(rules)} replacements it takes {parts} in {better.after.encoding}{saved}")
    return {"suggestions": {"rules": rules, "parts": better.after.parts, "saved_cost": better.saved_cost}}


def _cost(out: Output, cost: CostEstimate, receivers: int) -> dict[str, object]:
    money = f"{format_money(cost.cost)} ({format_money(cost.cost, 'toman')})"
    out.explain(f"to {counted(receivers, 'receiver')}: {money}")
    return {"receivers": receivers, "cost": cost.cost, "currency": cost.currency}


def number(
    text: Annotated[str, Parameter(allow_leading_hyphen=True)], /, *, output: OutputOptions = OutputOptions()
) -> Exit:
    """Show the kind and the forms of a phone number.

    Args:
        text: The number, in any usual form.
        output: How to show the result.
    """
    out = Output(json=output.json)

    def read() -> None:
        found = parse_number(text)
        facts = {
            "local": found.local, "e164": found.e164, "international": found.international, "kind": found.kind,
            "operator": found.operator, "province": found.province,
        }  # fmt: skip
        out.facts({name: str(value) for name, value in facts.items() if value is not None})
        out.emit(facts)

    return guarded(out, read)
