"""The types of public calls, as type checkers see them. mypy and pyright check this file; nothing runs it."""

import csv
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from datetime import date
from decimal import Decimal
from typing import TextIO, assert_type

from wikipayam_async import InvalidInputError, SmsMessage
from wikipayam_async.cost import (
    CostEstimate,
    CostShare,
    CostTally,
    Tariff,
    estimate,
    estimate_text,
    format_money,
)
from wikipayam_async.dates import JalaliDate, parse_day
from wikipayam_async.numbers import (
    NumberKind,
    Operator,
    PhoneNumber,
    is_mobile,
    normalize_number,
    normalize_receiver,
    parse_number,
)
from wikipayam_async.optout import OPT_OUT_WORDS, OptOutList, is_opt_out
from wikipayam_async.templates import Rendering, Template, TemplatePreview, messages_from, preview, render
from wikipayam_async.text import (
    SAFE_SPELLINGS,
    Encoding,
    SmsParts,
    Spelling,
    Suggestion,
    Suggestions,
    count_parts,
    normalize_text,
    split_parts,
    suggest,
)


def numbers(cell: str | float, anything: object) -> None:
    """Numbers are parsed from strings and from cells of spreadsheets."""
    number = parse_number(cell, field="mobile")
    assert_type(number, PhoneNumber)
    assert_type(number.local, str)
    assert_type(number.e164, str | None)
    assert_type(number.international, str | None)
    assert_type(number.kind, NumberKind)
    assert_type(number.operator, Operator | None)
    assert_type(number.province, str | None)
    assert_type(normalize_number(cell), str)
    assert_type(normalize_number(cell, "e164", field="mobile"), str)
    assert_type(normalize_receiver("09123456789", field="mobile"), str)
    assert_type(is_mobile(anything), bool)


def texts(text: str) -> None:
    """Texts are counted, split and respelled."""
    counted = count_parts(text)
    assert_type(counted, SmsParts)
    assert_type(counted.encoding, Encoding)
    assert_type(counted.parts, int)
    assert_type(counted.characters_that_forced_unicode, AbstractSet[str])
    assert_type(split_parts(text), list[str])
    assert_type(normalize_text(text), str)
    assert_type(normalize_text(text, rules=Spelling), str)
    assert_type(normalize_text(text, rules=Spelling.QUOTES), str)
    assert_type(SAFE_SPELLINGS, frozenset[Spelling])
    found = suggest(text, rules=[Spelling.QUOTES])
    assert_type(found, Suggestions)
    assert_type(found.rules, frozenset[Spelling])
    assert_type(list(found), list[Suggestion])


def costs(messages: list[SmsMessage]) -> None:
    """Prices are keyword-only, and amounts are whole rials."""
    tariff = Tariff(persian=895, latin=1790, lines={"3000": Tariff(persian=700)})
    assert_type(tariff, Tariff)
    assert_type(Tariff.tomans(persian="89.5", latin=Decimal(179)), Tariff)
    assert_type(tariff.price(Encoding.GSM7, "3000"), int)
    cost = estimate(messages, tariff, sender="3000")
    assert_type(cost, CostEstimate)
    assert_type(cost.cost, int)
    assert_type(cost.by_parts, Mapping[int, int])
    assert_type(cost.by_line, Mapping[str | None, CostShare])
    assert_type(cost.first_skipped, InvalidInputError | None)
    assert_type(estimate_text("hello", tariff, receivers=2), CostEstimate)
    tally = CostTally(tariff, sender="3000")
    tally.add(messages[0])
    assert_type(tally.estimate(), CostEstimate)
    assert_type(format_money(cost.cost, "toman", locale="fa"), str)
    Tariff(895, 1790)  # type: ignore[call-arg] # pyright: ignore[reportCallIssue]
    format_money(895, "dollar")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]


def templates(file: TextIO) -> None:
    """Rows are mappings of fields, such as those of a `csv.DictReader`."""
    template = Template("{name}", defaults={"name": ""})
    assert_type(template.fields, tuple[str, ...])
    assert_type(template.render({"name": 1}), str)
    assert_type(render("{name}", {"name": 1}), str)
    found = preview(template, csv.DictReader(file))
    assert_type(found, TemplatePreview)
    assert_type(found.longest, Rendering | None)
    messages = messages_from(template, csv.DictReader(file), receiver_field="mobile", track_id_field="order")
    assert_type(messages, Iterator[SmsMessage])
    messages_from(template, [], receiver="mobile")  # type: ignore[call-arg] # pyright: ignore[reportCallIssue]


def opting_out(text: str) -> None:
    """An opt-out list is a mutable set of numbers."""
    assert_type(is_opt_out(text), bool)
    assert_type(is_opt_out(text, words=OPT_OUT_WORDS | {"خاموش"}, code=None), bool)
    numbers = OptOutList.read("opted-out.txt")
    assert_type(numbers, OptOutList)
    numbers.add("09123456789")
    assert_type("09123456789" in numbers, bool)
    assert_type(list(numbers), list[str])
    assert_type(OptOutList(["09123456789"]) | numbers, AbstractSet[str])


def dates(jalali: JalaliDate) -> None:
    """Days are read from strings and from date objects of either calendar."""
    assert_type(parse_day("1403/01/15", field="from_date"), date)
    assert_type(parse_day(jalali, field="from_date"), date)
