"""Types shared by several request bodies."""

from __future__ import annotations

from functools import partial
from typing import Annotated, TypeAlias

from pydantic import AfterValidator, Field

from wikipayam_async.numbers import normalize_receiver

__all__ = ["Mobile"]

Mobile: TypeAlias = Annotated[
    str, AfterValidator(partial(normalize_receiver, field="mobile")), Field(examples=["09123456789"])
]
"""An Iranian mobile in any usual spelling, normalized to `09…`."""
