from wikipayam_async.core.fault import ExchangeFault, ExchangeFaultKind


def test_a_fault_keeps_its_attributes() -> None:
    """Kind, detail, status and `handed_over` are kept, and the text holds kind and detail."""
    fault = ExchangeFault(ExchangeFaultKind.TIMEOUT, "no answer", handed_over=True, status_code=200)
    assert (str(fault), fault.kind, fault.detail, fault.handed_over, fault.status_code) == (
        "timeout: no answer",
        ExchangeFaultKind.TIMEOUT,
        "no answer",
        True,
        200,
    )
