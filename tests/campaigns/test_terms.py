"""What all processes of a run obey, as text and back."""

from __future__ import annotations

from decimal import Decimal

import pytest

from wikipayam_async import RateLimit
from wikipayam_async.campaigns import SendingHours, SpendingLimit
from wikipayam_async.campaigns.terms import RunTerms
from wikipayam_async.cost import Tariff

TARIFF = Tariff(
    persian=895,
    latin=Decimal("1790.5"),
    vat=10,
    lines={"3000": Tariff(persian=700, operators={"MCI": Tariff(persian=Decimal("710.25"))})},
    operators={"Irancell": Tariff(persian=900)},
)


@pytest.mark.parametrize(
    "terms",
    [
        RunTerms(),
        RunTerms(
            batch_size=5,
            stop_on_error=True,
            sending_hours=SendingHours("08:30", "24:00", "Asia/Tehran"),
            spending_limit=SpendingLimit(rials=5, tariff=TARIFF),
            rate_limit=RateLimit(messages_per_second=2.5, burst_seconds=0),
            timeout=3.5,
        ),
    ],
)
def test_terms_come_back_as_they_were(terms: RunTerms) -> None:
    """Tariffs with their lines, operators and taxes to the fraction of a rial, hours with their zone."""
    assert RunTerms.load(terms.dump()) == terms
