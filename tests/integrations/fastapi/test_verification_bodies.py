from __future__ import annotations

from wikipayam_async.integrations.fastapi.bodies import WIKIPAYAM_RESPONSES
from wikipayam_async.integrations.fastapi.verification_bodies import (
    RESPONSES,
    CheckCode,
    CodeRefused,
    StartVerification,
    TooManyRequests,
)


def test_each_route_documents_its_failures() -> None:
    """A check sends nothing, so that no failure of the gateway belongs to it."""
    assert {route: sorted(map(int, responses)) for route, responses in RESPONSES.items()} == {
        "start": [422, 429, 500, 502, 503, 504],
        "resend": [401, 422, 429, 500, 502, 503, 504],
        "check": [401, 422, 429, 503],
    }
    assert (RESPONSES["check"][401]["model"], RESPONSES["start"][429]["model"]) == (CodeRefused, TooManyRequests)
    assert RESPONSES["start"][502] is WIKIPAYAM_RESPONSES[502]


def test_examples_are_those_of_a_user() -> None:
    """Numbers in several spellings, and a code in Persian digits."""
    assert StartVerification.model_fields["receiver"].examples == ["09123456789", "+98 912 345 6789"]
    assert CheckCode.model_fields["code"].examples == ["۱۲۳۴۵۶"]
