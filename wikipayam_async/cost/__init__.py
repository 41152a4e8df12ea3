"""The cost of messages: tariffs, and estimates before sending."""

from wikipayam_async.cost.estimate import CostEstimate, CostShare, CostTally, estimate, estimate_text
from wikipayam_async.cost.money import MoneyLocale, MoneyUnit, format_money, read_money
from wikipayam_async.cost.tariff import Price, Tariff
from wikipayam_async.cost.tariff_file import read_tariff
from wikipayam_async.publish import publish
from wikipayam_async.pydantic_schema import add_schema

__all__ = [
    "CostEstimate",
    "CostShare",
    "CostTally",
    "MoneyLocale",
    "MoneyUnit",
    "Price",
    "Tariff",
    "estimate",
    "estimate_text",
    "format_money",
    "read_money",
    "read_tariff",
]

publish(__name__, __all__, globals())
for _model in (CostShare, CostEstimate):
    add_schema(_model)
