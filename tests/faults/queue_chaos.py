"""Task queues whose workers are killed and stopped at random: `python -m tests.faults.queue_chaos --tasks 500`.

Each task sends one message under an idempotency key. The gateway refuses some messages, and loses the answers of others;
workers end by SIGKILL and SIGTERM while they send, and what they had begun is delivered again. At the end the store is
asked about every key, as a further delivery would, and what it says is compared with the gateway's ledger.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any

import anyio
from anyio.abc import ByteStream
from anyio.from_thread import start_blocking_portal
from attrs import frozen

from tests.faults.queues.settings import RECEIVER, TEXT, Queue, client_of, key_of
from tests.support.net import TOKEN
from tests.support.raw import RawRequest, answer, closed_port, raw_gateway, sent_items
from tests.support.servers import postgres_server, redis_server
from wikipayam_async import APIConnectionError, APIStatusError, SendStatus, UnknownOutcomeError

__all__ = ["QUEUES", "LossyGateway", "QueueChaos", "Told", "audit", "chaos", "main"]

_LONGEST_WAIT = 100.0

_FAULTS: Mapping[str, float] = {"lost": 0.05, "closed": 0.03, "busy": 0.03, "refused": 0.02}
"""The probabilities of an accepted message without an answer, of a closed connection, and of the statuses 429 and 422."""


@frozen(kw_only=True)
class QueueChaos:
    """The settings of one experiment.

    Attributes:
        queue: A name of `QUEUES`.
        tasks: The number of tasks.
        signals: How often a worker is ended, by SIGKILL and SIGTERM in turn at first, then at random.
        workers: The number of workers at a time.
        latency: Seconds that every request takes.
        seed: Determines the faults, the signals and their times.
    """

    queue: str
    tasks: int = 500
    signals: int = 20
    workers: int = 2
    latency: float = 0.3
    seed: int = 1


class LossyGateway:
    """A gateway that has random faults, and a ledger.

    Attributes:
        ledger: The ids of the messages that were accepted, by track id.
        seen: The track ids of all requests.
        faults: How often each fault happened.
    """

    def __init__(self, latency: float, seed: int) -> None:
        self.ledger: dict[str, list[str]] = {}
        self.seen: set[str] = set()
        self.faults: Counter[str] = Counter()
        self._latency = latency
        self._chance = random.Random(seed)

    async def __call__(self, request: RawRequest, stream: ByteStream) -> object:
        """Answer a request of one message."""
        track_id: str = request.json[0]["track_id"]
        fault = self._fault()
        self.seen.add(track_id)
        if fault == "closed":
            return False
        if fault == "busy":
            return answer({"message": "Later."}, 429, headers={"Retry-After": "0"})
        if fault == "refused":
            return answer({"message": "No."}, 422)
        items = sent_items(request)
        items[0]["id"] = f"{self._chance.getrandbits(96):024x}"
        self.ledger.setdefault(track_id, []).append(str(items[0]["id"]))
        await anyio.sleep(self._latency)
        return False if fault == "lost" else answer({"data": items})

    def _fault(self) -> str:
        [fault] = self._chance.choices([*_FAULTS, ""], [*_FAULTS.values(), 1 - sum(_FAULTS.values())])
        self.faults[fault] += 1
        return fault


@frozen
class Told:
    """What the store says about a key.

    Attributes:
        status: The outcome.
        id: The gateway's id of an accepted message.
    """

    status: SendStatus
    id: str | None = None


def _arq(url: str) -> Queue:
    from tests.faults.queues.arq_worker import ArqQueue  # noqa: PLC0415 - not installed everywhere

    return ArqQueue(url)


def _procrastinate(url: str) -> Queue:
    from tests.faults.queues.procrastinate_worker import ProcrastinateQueue  # noqa: PLC0415 - as above

    return ProcrastinateQueue(url)


QUEUES: Mapping[str, tuple[Callable[[], AbstractContextManager[str]], Callable[[str], Queue]]] = {
    "arq": (redis_server, _arq),
    "procrastinate": (postgres_server, _procrastinate),
}
"""The server of each queue, and its interface. The server keeps the idempotency keys, too."""


class _Workers:
    """The processes of the workers."""

    def __init__(self, queue: str, environment: Mapping[str, str], chance: random.Random) -> None:
        self._command = [sys.executable, "-m", f"tests.faults.queues.{queue}_worker"]
        self._environment = {**os.environ, **environment, "PYTHONPATH": os.pathsep.join(sys.path)}
        self._chance = chance
        self._running: list[subprocess.Popen[bytes]] = []
        self.ended: Counter[signal.Signals] = Counter()

    def start(self) -> None:
        """Start one more."""
        self._running.append(
            subprocess.Popen(  # noqa: S603 - own code
                self._command, env=self._environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
        )

    def end_one(self) -> None:
        """End the oldest of them: by SIGKILL first, then by SIGTERM, then by either."""
        kinds = [one for one in (signal.SIGKILL, signal.SIGTERM) if one not in self.ended]
        kind = kinds[0] if kinds else self._chance.choice([signal.SIGKILL, signal.SIGTERM])
        process = self._running.pop(0)  # the one that has run for longest, so that it has begun to send
        process.send_signal(kind)
        process.wait(_LONGEST_WAIT)
        self.ended[kind] += 1

    @contextmanager
    def open(self, count: int) -> Iterator[None]:
        """Start some; stop all after the block."""
        try:
            for _ in range(count):
                self.start()
            yield
            for process in self._running:
                process.terminate()
                process.wait(_LONGEST_WAIT)
        finally:
            for process in self._running:
                process.kill()
                process.wait()


def _wait_until(is_met: Callable[[], bool], pause: float) -> None:
    deadline = time.monotonic() + _LONGEST_WAIT
    while not is_met():
        if time.monotonic() > deadline:
            raise TimeoutError("the workers made no progress")
        time.sleep(pause)


def _run(settings: QueueChaos, queue: Queue, workers: _Workers, gateway: LossyGateway, chance: random.Random) -> None:
    """Enqueue the tasks, end workers while they send, and wait until every task has ended."""
    anyio.run(queue.enqueue, [f"ORDER-{number}" for number in range(settings.tasks)])

    def has_ended() -> bool:
        anyio.run(queue.redeliver)
        return anyio.run(queue.is_empty)

    with workers.open(settings.workers):
        for number in range(settings.signals):
            # The goals are spread over the tasks, so that the last signal is not after their end.
            goal = settings.tasks * (number + 1) // (settings.signals + 2)
            _wait_until(lambda goal=goal: len(gateway.seen) >= goal, 0.01)  # type: ignore[misc]
            time.sleep(chance.uniform(0, settings.latency))
            workers.end_one()
            workers.start()
            anyio.run(queue.redeliver)
        _wait_until(has_ended, 0.2)


async def _ask(queue: Queue, tasks: int) -> dict[str, Told]:
    """Return what a further delivery of each task is told. Nothing is sent: the gateway of this process is closed."""
    told: dict[str, Told] = {}
    async with client_of(queue.store()) as client:
        for order in (f"ORDER-{number}" for number in range(tasks)):
            try:
                sent = await client.sms.send(RECEIVER, TEXT, track_id=order, idempotency_key=key_of(order))
            except UnknownOutcomeError:
                told[order] = Told(SendStatus.UNKNOWN)
            except APIStatusError:
                told[order] = Told(SendStatus.REJECTED)
            except APIConnectionError:  # it would be sent now
                told[order] = Told(SendStatus.NOT_ATTEMPTED)
            else:
                told[order] = Told(SendStatus.ACCEPTED, sent.id)
    return told


def audit(told: Mapping[str, Told], ledger: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """Compare what a store says about each message with the ids that a gateway gave them."""
    statuses = {order: one.status for order, one in told.items()}
    may_be_there = {SendStatus.ACCEPTED, SendStatus.UNKNOWN}
    return {
        "doubled": sum(len(ids) > 1 for ids in ledger.values()),
        "lost": sum(status is SendStatus.NOT_ATTEMPTED for status in statuses.values()),
        "accepted_but_neither_accepted_nor_unknown": sum(statuses.get(order) not in may_be_there for order in ledger),
        "accepted_in_the_store_alone": sum(
            one.status is SendStatus.ACCEPTED and one.id not in ledger.get(order, ()) for order, one in told.items()
        ),
    }


def chaos(settings: QueueChaos) -> dict[str, Any]:
    """Run one experiment, and return its figures."""
    chance = random.Random(settings.seed)
    gateway = LossyGateway(settings.latency, settings.seed)
    server, interface = QUEUES[settings.queue]
    with ExitStack() as stack:
        url = stack.enter_context(server())
        portal = stack.enter_context(start_blocking_portal())
        raw = stack.enter_context(portal.wrap_async_context_manager(raw_gateway(gateway)))
        environment = {"SMS_AUTH_TOKEN": TOKEN, "SMS_SENDER": "10002000", "BROKER_URL": url}
        queue = interface(url)
        workers = _Workers(settings.queue, {**environment, "WIKIPAYAM_SMS_API_BASE_URL": raw.url}, chance)
        _run(settings, queue, workers, gateway, chance)
        with _environment({**environment, "WIKIPAYAM_SMS_API_BASE_URL": f"http://127.0.0.1:{closed_port()}"}):
            told = anyio.run(_ask, queue, settings.tasks)
        requests = len(raw.requests)
    counts = Counter(one.status for one in told.values())
    return {
        "tasks": settings.tasks,
        "SIGKILL": workers.ended[signal.SIGKILL],
        "SIGTERM": workers.ended[signal.SIGTERM],
        **audit(told, gateway.ledger),
        "accepted": counts[SendStatus.ACCEPTED],
        "rejected": counts[SendStatus.REJECTED],
        "unknown": counts[SendStatus.UNKNOWN],
        "unknown_and_accepted": sum(told[order].status is SendStatus.UNKNOWN for order in gateway.ledger),
        "requests": requests,
        "lost_answers": gateway.faults["lost"],
    }


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the experiment with every queue and print the figures; return 1 if anything was doubled or lost."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.faults.queue_chaos", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--tasks", type=int, default=500)
    parser.add_argument("--signals", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--record", help="what the names of the tables in docs/en/reliability.md begin with")
    options = vars(parser.parse_args(arguments))
    name = options.pop("record")
    found = {queue: chaos(QueueChaos(queue=queue, **options)) for queue in QUEUES}
    print(json.dumps(found, indent=1))  # noqa: T201 - the figures
    if name:
        from tests.support.figures import record  # noqa: PLC0415 - only here

        for queue, figures in found.items():
            record(f"{name}.{queue}", figures)
    wrong = audit({}, {})
    return int(any(figures[one] for figures in found.values() for one in wrong))


if __name__ == "__main__":
    sys.exit(main())
