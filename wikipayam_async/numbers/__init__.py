"""Iranian phone numbers: every way people write them, brought to one form, and what can be told from their digits."""

from wikipayam_async.numbers.parsing import (
    NumberForm,
    PhoneNumber,
    is_mobile,
    normalize_number,
    normalize_receiver,
    parse_number,
)
from wikipayam_async.numbers.plan import NumberKind, Operator

__all__ = [
    "NumberForm",
    "NumberKind",
    "Operator",
    "PhoneNumber",
    "is_mobile",
    "normalize_number",
    "normalize_receiver",
    "parse_number",
]
