from wikipayam_async.outcomes import CallOutcome, Phase, SendStatus


def test_the_values_of_the_enums_are_stable() -> None:
    """Dashboards and databases store these words, so they are part of the interface."""
    assert [phase.value for phase in Phase] == ["waiting", "connecting", "sending", "sent", "reading", "answered"]
    assert [status.value for status in SendStatus] == ["accepted", "rejected", "unknown", "not_attempted"]
    assert [outcome.value for outcome in CallOutcome] == ["succeeded", "failed", "unknown", "cancelled"]
