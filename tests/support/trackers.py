"""What Sentry, Rollbar and rich would upload or print of an error, recorded without any network.

Frames of the tests are left out: their locals are the caller's own.
"""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import rollbar
import sentry_sdk
from sentry_sdk.envelope import Envelope
from sentry_sdk.integrations.httpx import HttpxIntegration
from sentry_sdk.integrations.logging import LoggingIntegration
from sentry_sdk.transport import Transport

from tests.support.secrets import locals_of

__all__ = ["Trackers", "trackers"]

_TESTS = Path(__file__).resolve().parents[1]


class _Recorder(Transport):
    """Keeps what Sentry would upload."""

    def __init__(self) -> None:
        super().__init__()
        self.items: list[Any] = []

    def capture_envelope(self, envelope: Envelope) -> None:
        """Keep the content of an envelope, as it would be written to the network."""
        self.items += [json.loads(item.get_bytes()) for item in envelope.items if item.type in {"event", "transaction"}]


class Trackers:
    """The tools, recording.

    Attributes:
        sent: What was recorded, as the texts that would be uploaded, one of each event.
    """

    def __init__(self, recorder: _Recorder) -> None:
        self._recorder = recorder
        self._payloads: list[Any] = []

    def catch(self, error: BaseException) -> list[str]:
        """Report an error with every tool; return what is uploaded or printed of it."""
        sentry_sdk.capture_exception(error)
        rollbar.report_exc_info((type(error), error, error.__traceback__))
        printed = list(locals_of(error))
        if isinstance(error, BaseExceptionGroup):
            printed += [line for member in error.exceptions for line in locals_of(member)]
        printed += traceback.format_exception(error)
        return [*self.taken(), *printed]

    def taken(self) -> list[str]:
        """Return what Sentry and Rollbar uploaded since the last time, as JSON."""
        uploads = [*self._recorder.items, *self._payloads]
        self._recorder.items.clear()
        self._payloads.clear()
        return [part for upload in uploads for part in _parts(_without_tests(upload))]

    def record(self, payload: dict[str, Any], _token: str) -> None:
        """Keep what Rollbar would upload."""
        self._payloads.append(json.loads(json.dumps(payload, default=str)))


@contextmanager
def trackers(patch: Callable[[object, str, object], None]) -> Iterator[Trackers]:
    """Switch Sentry and Rollbar on with their default settings, over transports that record.

    Args:
        patch: `monkeypatch.setattr`.
    """
    recorder = _Recorder()
    found = Trackers(recorder)
    sentry_sdk.init(
        dsn="https://key@sentry.invalid/1",
        transport=recorder,
        traces_sample_rate=1.0,
        auto_enabling_integrations=False,
        integrations=[HttpxIntegration(), LoggingIntegration()],
    )
    patch(rollbar, "send_payload", found.record)
    patch(rollbar, "_initialized", False)
    rollbar.init("token-of-rollbar", "tests", handler="blocking", allow_logging_basic_config=False)
    try:
        yield found
    finally:
        sentry_sdk.get_client().close()
        sentry_sdk.get_global_scope().set_client(None)


def _without_tests(value: Any) -> Any:
    """Return the same data without the frames of the tests."""
    if isinstance(value, dict):
        return {name: _without_tests(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_without_tests(inner) for inner in value if not _is_frame_of_tests(inner)]
    return value


def _is_frame_of_tests(value: Any) -> bool:
    path = (value.get("abs_path") or value.get("filename")) if isinstance(value, dict) else None
    return isinstance(path, str) and Path(path).is_relative_to(_TESTS)


def _parts(value: Any, path: str = "") -> Iterator[str]:
    """Yield every string of the data with its place, so that a failing test names it."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _parts(inner, f"{path}.{name}")
    elif isinstance(value, list):
        if all(isinstance(one, str | int) for one in value):
            yield f"{path}: {value}"
        else:
            for inner in value:
                yield from _parts(inner, path)
    else:
        yield f"{path}: {value}"
