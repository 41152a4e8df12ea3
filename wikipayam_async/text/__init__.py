"""Message texts: counting and splitting the parts of an SMS, and rewriting a text so that it costs less."""

from wikipayam_async.publish import publish
from wikipayam_async.pydantic_schema import add_schema
from wikipayam_async.text.alphabet import Encoding
from wikipayam_async.text.parts import SmsParts, count_parts, split_parts
from wikipayam_async.text.remarks import TextRemark, remarks_on
from wikipayam_async.text.spelling import SAFE_SPELLINGS, Spelling
from wikipayam_async.text.suggestions import PartPrices, Suggestion, Suggestions, normalize_text, suggest

__all__ = [
    "SAFE_SPELLINGS",
    "Encoding",
    "PartPrices",
    "SmsParts",
    "Spelling",
    "Suggestion",
    "Suggestions",
    "TextRemark",
    "count_parts",
    "normalize_text",
    "remarks_on",
    "split_parts",
    "suggest",
]

publish(__name__, __all__, globals())
for _model in (SmsParts, Suggestion):
    add_schema(_model)
