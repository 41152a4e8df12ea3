from __future__ import annotations

import contextlib
import gc
import importlib
import itertools
import json
import os
import re
import subprocess
import sys
import weakref
from collections.abc import Iterator
from pathlib import Path

import anyio
import prometheus_client
import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from tests.support.leaks import FAILURES, client_on
from tests.support.raw import raw_gateway
from tests.support.secrets import CALLS, CODE, NUMBER, TEXT, leaks
from wikipayam_async import (
    AsyncWikipayam,
    AttemptFinished,
    AttemptStarted,
    CallFinished,
    CallOutcome,
    Event,
    InvalidInputError,
    MessageOutcome,
    Phase,
    ReceivedMessage,
    RetryPolicy,
    RetryScheduled,
    SendStatus,
    UnknownOutcomeError,
    WikipayamError,
)
from wikipayam_async.emulator import DEFAULT_LINE, DEFAULT_TOKEN, Emulator, Fault, When, serve
from wikipayam_async.integrations.prometheus import PrometheusHook, chain

MODULE = "wikipayam_async.integrations.prometheus"
DOCS = Path(__file__).parents[2] / "docs"
Samples = dict[str, dict[tuple[tuple[str, str], ...], float]]


def samples_of(registry: CollectorRegistry) -> Samples:
    """Return the samples of a registry by name and labels, as its exposition has them."""
    found: Samples = {}
    for family in text_string_to_metric_families(generate_latest(registry).decode()):
        for sample in family.samples:
            found.setdefault(sample.name, {})[tuple(sorted(sample.labels.items()))] = sample.value
    return found


def labelled(**labels: str) -> tuple[tuple[str, str], ...]:
    """Return labels as the key of a sample."""
    return tuple(sorted(labels.items()))


@pytest.fixture
def registry() -> CollectorRegistry:
    """A registry of its own for each test."""
    return CollectorRegistry()


def test_events_become_metrics(registry: CollectorRegistry) -> None:
    """Each event is counted once, under labels of few values."""
    hook = PrometheusHook(registry)
    outcomes = tuple(MessageOutcome(str(number), status) for number, status in enumerate(SendStatus))
    for event in (
        AttemptStarted("c-1", "sms.send", 1),
        AttemptFinished("c-1", "sms.send", 1, Phase.CONNECTING, 0.5, None, "connect"),
        RetryScheduled("c-1", "sms.send", 1, 0.5, "connect"),
        AttemptFinished("c-1", "sms.send", 2, Phase.ANSWERED, 0.5, 429),
        RetryScheduled("c-1", "sms.send", 2, 0.5, "429"),
        AttemptFinished("c-1", "sms.send", 3, Phase.ANSWERED, 0.5, 200),
        CallFinished("c-1", "sms.send", CallOutcome.UNKNOWN, 1.5, (), messages=(*outcomes, outcomes[0])),
        CallFinished("c-2", f"GET users/{NUMBER}", CallOutcome.FAILED, 0.25, ()),
    ):
        hook(event)
    found = samples_of(registry)
    assert found["wikipayam_messages_total"] == {
        labelled(operation="sms.send", status=status.value): 2 if status is SendStatus.ACCEPTED else 1
        for status in SendStatus
    }
    assert found["wikipayam_attempts_total"] == {
        labelled(operation="sms.send", result=result): 1 for result in ("connect", "4xx", "2xx")
    }
    assert found["wikipayam_retries_total"] == {
        labelled(operation="sms.send", reason=reason): 1 for reason in ("connect", "4xx")
    }
    assert found["wikipayam_call_duration_seconds_sum"] == {
        labelled(operation="sms.send", outcome="unknown"): 1.5,
        labelled(operation="request", outcome="failed"): 0.25,
    }


def test_hooks_of_one_registry_share_their_metrics(registry: CollectorRegistry) -> None:
    """A second hook counts in the same metrics; one of another registry does not."""
    event = AttemptFinished("c-1", "sms.send", 1, Phase.ANSWERED, 0.5, 200)
    other = CollectorRegistry()
    for hook in (PrometheusHook(registry), PrometheusHook(registry), PrometheusHook(other)):
        hook(event)
    counts = [samples_of(one)["wikipayam_attempts_total"] for one in (registry, other)]
    assert [list(count.values()) for count in counts] == [[2], [1]]


def test_a_registry_is_not_kept_alive() -> None:
    """A registry of one's own, such as that of a test, is collected with its metrics."""
    registry = CollectorRegistry()
    PrometheusHook(registry)
    alive = weakref.ref(registry)
    del registry
    gc.collect()
    assert alive() is None


def test_the_global_registry_is_the_default() -> None:
    """Without an argument the metrics are where `prometheus_client.start_http_server` finds them."""
    PrometheusHook()(AttemptFinished("c-1", "test.global", 1, Phase.ANSWERED, 0.5, 200))
    labels = {"operation": "test.global", "result": "2xx"}
    assert prometheus_client.REGISTRY.get_sample_value("wikipayam_attempts_total", labels) == 1


def test_only_what_has_figures_can_be_observed(registry: CollectorRegistry) -> None:
    """Anything else raises at once, not when the metrics are read."""
    with pytest.raises(InvalidInputError, match=r"observed: expected a client, or a queue .*; got a number"):
        PrometheusHook(registry).observe(7)  # type: ignore[arg-type] # meant


async def run_everything(url: str, emulator: Emulator, registry: CollectorRegistry) -> Samples:
    """Use all of a client that has metrics: sends that succeed and fail, queues, a worker, retries; return the metrics."""
    hook = PrometheusHook(registry)
    handled = anyio.Event()

    async def handle(_: ReceivedMessage) -> None:
        handled.set()

    emulator.inbound(sender=NUMBER, message="text")
    emulator.faults.arm(Fault.status(503), on="GET /user/balance")
    emulator.faults.arm(Fault.reset(when=When.AFTER), on="POST /otp/sms/send")
    client = AsyncWikipayam(
        DEFAULT_TOKEN,
        sender=DEFAULT_LINE,
        otp_pattern_id=13,
        base_url=url,
        retry=RetryPolicy(initial_delay=0.0),
        on_event=hook,
    )
    async with (
        client,
        client.sms.outbox(linger=0) as outbox,
        client.sms.batcher(linger=30) as batcher,
        client.receives.worker(handle, poll_interval=0.01) as worker,
    ):
        hook.observe(client, outbox, batcher, worker)
        await client.balance()
        outbox.post(NUMBER, TEXT, track_id="ORDER-1001")
        await outbox.flush()
        with pytest.raises(UnknownOutcomeError):
            await client.otp.send(NUMBER, CODE)
        async with anyio.create_task_group() as group:
            group.start_soon(batcher.send, NUMBER, TEXT)
            await handled.wait()
            while not worker.health.handled or not batcher.waiting:  # noqa: ASYNC110 - they have no event
                await anyio.sleep(0.001)
            found = samples_of(registry)
            await batcher.flush()
    return found


@pytest.fixture
def gateway(emulator: Emulator) -> Iterator[str]:
    """The URL of an emulator on a port."""
    with serve(emulator) as server:
        yield server.url


@pytest.fixture
def emulator() -> Emulator:
    """A new emulator."""
    return Emulator()


@pytest.mark.anyio
async def test_a_run_over_a_socket(gateway: str, emulator: Emulator, registry: CollectorRegistry) -> None:
    """Counters, durations and gauges have the figures of the run, and no label holds a number, an id or a code."""
    found = await run_everything(gateway, emulator, registry)
    server = gateway.removeprefix("http://")
    assert found["wikipayam_messages_total"] == {
        labelled(operation="sms.send", status="accepted"): 1,
        labelled(operation="otp.send", status="unknown"): 1,
    }
    assert found["wikipayam_retries_total"] == {labelled(operation="account.balance", reason="5xx"): 1}
    assert found["wikipayam_queue_messages"] == {
        labelled(queue="outbox", state="waiting"): 0,
        labelled(queue="outbox", state="in_flight"): 0,
        labelled(queue="batcher", state="waiting"): 1,
        labelled(queue="batcher", state="in_flight"): 0,
    }
    assert found["wikipayam_queue_healthy"] == {labelled(queue="outbox"): 1, labelled(queue="batcher"): 1}
    assert found["wikipayam_worker_healthy"] == {labelled(worker="inbound"): 1}
    assert found["wikipayam_worker_handled_total"] == {labelled(worker="inbound"): 1}
    assert found["wikipayam_worker_failed_total"] == {labelled(worker="inbound"): 0}
    assert found["wikipayam_worker_last_poll_timestamp_seconds"][labelled(worker="inbound")] > 1.7e9
    assert found["wikipayam_waiting_requests"] == {labelled(server=server): 0}
    assert set(found["wikipayam_connections"]) == {labelled(server=server, state=state) for state in ("in_use", "idle")}
    assert (
        found["wikipayam_call_duration_seconds_count"][labelled(operation="account.balance", outcome="succeeded")] == 1
    )
    assert leaks([repr(found)]) == []
    assert "ORDER-1001" not in repr(found)


@pytest.mark.anyio
async def test_a_sick_queue_and_a_stopped_worker_show(
    gateway: str, emulator: Emulator, registry: CollectorRegistry
) -> None:
    """An outbox that cannot send, and a worker that does not run, are 0; one sick queue of a kind is enough."""
    hook = PrometheusHook(registry)
    emulator.faults.arm(Fault.status(401), on="POST /sms/send")
    async with (
        AsyncWikipayam(DEFAULT_TOKEN, sender=DEFAULT_LINE, base_url=gateway) as client,
        client.sms.outbox(linger=0) as sick,
        client.sms.outbox(linger=0) as well,
    ):
        worker = client.receives.worker(print, name="replies")
        hook.observe(sick, well, worker)
        sick.post(NUMBER, TEXT)
        await sick.flush()
        found = samples_of(registry)
    assert found["wikipayam_queue_healthy"] == {labelled(queue="outbox"): 0}
    assert found["wikipayam_worker_healthy"] == {labelled(worker="replies"): 0}
    assert "wikipayam_worker_last_poll_timestamp_seconds" not in found


class OwnQueue:
    """A queue with the one property that is required."""

    waiting = 3


def test_a_queue_of_ones_own(registry: CollectorRegistry) -> None:
    """A queue that knows only how many messages wait has nothing in flight, and counts as healthy."""
    queue = OwnQueue()
    PrometheusHook(registry).observe(queue)
    found = samples_of(registry)
    assert found["wikipayam_queue_messages"] == {
        labelled(queue="ownqueue", state="waiting"): 3,
        labelled(queue="ownqueue", state="in_flight"): 0,
    }
    assert found["wikipayam_queue_healthy"] == {labelled(queue="ownqueue"): 1}


@pytest.mark.anyio
@pytest.mark.parametrize("failure", ["302", "400", "422", "429", "502", "html", "reset"])
async def test_no_failure_puts_a_secret_into_a_label(failure: str, registry: CollectorRegistry) -> None:
    """Over a gateway that repeats the request in its answers, the exposition holds none of it."""
    async with raw_gateway(FAILURES[failure]) as raw, client_on("lanes", raw) as client:
        measured = client.with_options(on_event=PrometheusHook(registry))
        for call in CALLS.values():
            with contextlib.suppress(WikipayamError):
                await call(measured)
    text = generate_latest(registry).decode()
    assert text.count("wikipayam_call_duration_seconds_count{") >= 8
    assert leaks([text]) == []


@pytest.mark.anyio
async def test_a_broken_registry_does_not_fail_a_send(gateway: str, registry: CollectorRegistry) -> None:
    """A hook before it in a chain that raises takes neither the outcome nor the metrics."""

    def broken(_: Event) -> None:
        raise LookupError

    hook = chain(broken, PrometheusHook(registry))
    async with AsyncWikipayam(DEFAULT_TOKEN, sender=DEFAULT_LINE, base_url=gateway, on_event=hook) as client:
        await client.sms.send(NUMBER, TEXT)
    assert samples_of(registry)["wikipayam_messages_total"] == {labelled(operation="sms.send", status="accepted"): 1}


def test_several_processes_are_summed(tmp_path: Path) -> None:
    """In prometheus-client's multiprocess mode counters of all processes add up, and gauges are left out."""
    code = """
import sys
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from wikipayam_async import AsyncWikipayam, AttemptFinished, Phase
from wikipayam_async.integrations.prometheus import PrometheusHook
hook = PrometheusHook()
client = AsyncWikipayam("token")
hook.observe(client)
hook(AttemptFinished("c-1", "sms.send", 1, Phase.ANSWERED, 0.5, 200))
registry = CollectorRegistry()
MultiProcessCollector(registry)
print(generate_latest(registry).decode())
"""
    environ = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    for _ in range(2):
        done = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=True)  # noqa: S603 - the code is in this test
    assert 'wikipayam_attempts_total{operation="sms.send",result="2xx"} 2.0' in done.stdout
    assert "wikipayam_connections" not in done.stdout


NAME = re.compile(r"\bwikipayam_\w+")
BY = re.compile(r"\bby \(([^)]*)\)")
MATCHED = re.compile(r"[{,](\w+)=~?")
LEGEND = re.compile(r"{{(\w+)}}")


@pytest.mark.anyio
async def test_the_dashboard_shows_what_a_run_exports(
    gateway: str, emulator: Emulator, registry: CollectorRegistry
) -> None:
    """Every metric and every label of the Grafana dashboard is in the exposition of a run, and every metric is shown."""
    found = await run_everything(gateway, emulator, registry)
    dashboard = json.loads((DOCS / "examples" / "grafana" / "wikipayam.json").read_text("utf-8"))
    shown: set[str] = set()
    for panel in dashboard["panels"]:
        for target in panel["targets"]:
            names = set(NAME.findall(target["expr"]))
            shown |= names
            assert names - found.keys() == set(), panel["title"]
            labels = {name for key in itertools.chain.from_iterable(found[one] for one in names) for name, _ in key}
            used = {word.strip() for words in BY.findall(target["expr"]) for word in words.split(",")}
            used |= {*MATCHED.findall(target["expr"]), *LEGEND.findall(target["legendFormat"])}
            assert used - labels - {"job"} == set(), panel["title"]
    (variable,) = [one for one in dashboard["templating"]["list"] if one["name"] == "job"]
    assert set(NAME.findall(variable["query"]["query"])) <= found.keys()
    unshown = {name for name in found if not name.endswith("_created")} - shown
    assert unshown == set()


@pytest.mark.anyio
async def test_the_page_names_every_metric_and_label(
    gateway: str, emulator: Emulator, registry: CollectorRegistry
) -> None:
    """What is exported is documented."""
    found = await run_everything(gateway, emulator, registry)
    page = (DOCS / "en" / "observability.md").read_text("utf-8")
    names = {re.sub(r"_(bucket|sum|count)$", "", name) for name in found if not name.endswith("_created")}
    labels = {label for series in found.values() for key in series for label, _ in key} - {"le"}
    assert sorted(name for name in names | labels if f"`{name}`" not in page) == []


def test_without_prometheus_client_the_import_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the extra."""
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    monkeypatch.delitem(sys.modules, MODULE)
    with pytest.raises(ImportError, match=re.escape("pip install 'wikipayam_async[prometheus]'")):
        importlib.import_module(MODULE)


def test_prometheus_needs_no_opentelemetry_and_the_package_needs_neither() -> None:
    """Who does not ask for an integration does not load what it needs."""
    code = (
        "import sys, wikipayam_async as w; w.AsyncWikipayam; print('prometheus_client' in sys.modules); "
        "import wikipayam_async.integrations.prometheus; print('opentelemetry' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)  # noqa: S603 - the code is in this file
    assert done.stdout.split() == ["False", "False"]
