from __future__ import annotations

import pytest

from wikipayam_async import AttemptStarted, Event
from wikipayam_async.core.fault import ExchangeFaultKind
from wikipayam_async.integrations.hooks import chain, operation_of, result_of

EVENT = AttemptStarted("c-1", "sms.send", 1)


def test_a_chain_passes_every_event_on_in_order() -> None:
    """None is skipped, and a hook that raises takes no event from the others."""
    called: list[str] = []

    def broken(_: Event) -> None:
        called.append("broken")
        raise LookupError

    hook = chain(lambda _: called.append("first"), None, broken, lambda _: called.append("last"))
    with pytest.raises(LookupError):
        hook(EVENT)
    assert called == ["first", "broken", "last"]
    chain(None)(EVENT)
    chain()(EVENT)


@pytest.mark.parametrize(
    ("operation", "label"), [("sms.send", "sms.send"), ("GET users/09121112233", "request"), ("POST a/b c", "request")]
)
def test_a_path_is_no_label(operation: str, label: str) -> None:
    """A call of `client.request` is named by its path, which may hold a number or an id."""
    assert operation_of(operation) == label


@pytest.mark.parametrize(
    ("failure", "status", "result"),
    [
        (None, 200, "2xx"),
        (None, 404, "4xx"),
        (None, 503, "5xx"),
        (None, 302, "3xx"),
        ("503", None, "5xx"),
        ("429", None, "4xx"),
        ("interrupted", None, "interrupted"),
        ("too_large", 200, "too_large"),
        *((kind.value, None, kind.value) for kind in ExchangeFaultKind),
    ],
)
def test_a_result_is_a_class_of_status_or_a_word(failure: str | None, status: int | None, result: str) -> None:
    """There are few results, whatever statuses the gateway invents."""
    assert result_of(failure, status) == result
