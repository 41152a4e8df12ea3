"""The probes without a gateway: building messages, creating clients, decoding a page of received messages."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Mapping

import msgspec

from tests.benchmarks import payload
from tests.benchmarks.job import Job, Measurement

__all__ = ["PAGE_SIZE", "building", "clients", "decoding"]

PAGE_SIZE = 500

_LOOPS = 20


def _cpu(work: Callable[[], object], loops: int = 1) -> float:
    """Return the CPU seconds of one run."""
    gc.collect()
    begun = time.process_time()
    for _ in range(loops):
        work()
    return (time.process_time() - begun) / loops


def building(job: Job) -> list[Measurement]:
    """Build the messages of a bulk send in each implementation's type; µs per message, in `tasks` rounds."""
    from tests.benchmarks.implementations.near_limit import Message  # noqa: PLC0415 - only in the measuring process
    from wikipayam_async import SmsMessage  # noqa: PLC0415 - as above

    rows = [tuple(row.values()) for row in payload.rows(job.messages)]
    builders: Mapping[str, Callable[[], object]] = {
        "SmsMessage": lambda: [SmsMessage(to, text, track_id=track_id) for _, to, text, track_id in rows],
        "Struct": lambda: [Message(sender, to, text, track_id) for sender, to, text, track_id in rows],
        "dict": lambda: [
            {"sender": sender, "receiver": to, "message": text, "track_id": track_id}
            for sender, to, text, track_id in rows
        ],
    }
    return [
        Measurement(figures={name: _cpu(build) / job.messages * 1e6 for name, build in builders.items()})
        for _ in range(job.tasks)
    ]


def decoding(job: Job) -> list[Measurement]:
    """Decode a page of received messages as the service does, and with msgspec into the same classes."""
    from wikipayam_async.core.protocol import Answer, data_of, decode_answer  # noqa: PLC0415 - only in the measuring process
    from wikipayam_async.redact.sealed import SealedBytes  # noqa: PLC0415 - as above
    from wikipayam_async.services.receives.answers import read_page  # noqa: PLC0415 - as above
    from wikipayam_async.services.receives.models import ReceivesPage  # noqa: PLC0415 - as above

    body = payload.receives_answer(PAGE_SIZE)
    # Not strict, because the gateway writes some numbers as strings.
    decoder = msgspec.json.Decoder(dict[str, ReceivesPage], strict=False)

    def ours() -> ReceivesPage:
        return read_page(data_of(decode_answer(Answer(200, {}, SealedBytes(body)))), None)

    def theirs() -> ReceivesPage:
        return decoder.decode(body)["data"]

    assert ours().receives == theirs().receives
    assert ours().pagination == theirs().pagination
    decoders: list[tuple[str, Callable[[], object]]] = [("ours", ours), ("msgspec", theirs)]
    measurements = []
    for turn in range(job.messages):
        ordered = decoders if turn % 2 else decoders[::-1]
        measurements.append(Measurement(figures={name: _cpu(decode, _LOOPS) * 1e6 for name, decode in ordered}))
    return measurements


def clients(job: Job) -> list[Measurement]:
    """Create clients: the first of the process and later ones; and the TLS context, which a client creates on demand."""
    import httpx  # noqa: PLC0415 - only in the measuring process

    from wikipayam_async import AsyncWikipayam  # noqa: PLC0415 - as above

    def ours() -> AsyncWikipayam:
        return AsyncWikipayam(payload.TOKEN, sender=payload.SENDER)

    def measured(work: Callable[[], object]) -> float:
        begun = time.perf_counter()
        work()
        return (time.perf_counter() - begun) * 1e6

    first = measured(ours)
    later = statistics.median(measured(ours) for _ in range(job.messages))
    return [
        Measurement(
            figures={
                "first": first,
                "later": later,
                "tls": statistics.median(measured(lambda: httpx.create_ssl_context(trust_env=False)) for _ in range(5)),
                "httpx": statistics.median(measured(httpx.AsyncClient) for _ in range(5)),
            }
        )
    ]
