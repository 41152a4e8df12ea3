"""The Persian of the help, by its English."""

from __future__ import annotations

__all__ = ["WORDS"]

WORDS = {
    "Commands": "دستورها",
}
