"""Iranian phone numbers: parsing of any spelling, normalisation, kind and operator."""

from wikipayam_async.numbers.parsing import (
    NumberForm,
    PhoneNumber,
    is_mobile,
    normalize_number,
    normalize_receiver,
    parse_number,
)
from wikipayam_async.numbers.plan import NumberKind, Operator
from wikipayam_async.publish import publish
from wikipayam_async.pydantic_schema import add_schema

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

publish(__name__, __all__, globals())
add_schema(PhoneNumber)
