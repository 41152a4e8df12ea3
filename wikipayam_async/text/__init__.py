"""Message texts: how many parts an SMS takes, where it is cut, and how the same text is written cheaper."""

from wikipayam_async.text.alphabet import Encoding
from wikipayam_async.text.parts import (
    SmsParts,
    Suggestion,
    Suggestions,
    count_parts,
    normalize_text,
    split_parts,
    suggest,
)
from wikipayam_async.text.spelling import SAFE_SPELLINGS, Spelling

__all__ = [
    "SAFE_SPELLINGS",
    "Encoding",
    "SmsParts",
    "Spelling",
    "Suggestion",
    "Suggestions",
    "count_parts",
    "normalize_text",
    "split_parts",
    "suggest",
]
