"""Run events: a loopback server in this process, the peer in a process of its own, and a time limit on both."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import unquote_plus

import attrs
import trustme
from anyio.from_thread import BlockingPortal, start_blocking_portal

from tests.peers.events import EVENTS, Event
from tests.peers.job import Job, Record, read, write
from tests.peers.peers import PEERS, VARIANTS, Peer, applies
from tests.support.net import authority, server_tls
from tests.support.raw import RawRequest, raw_gateway

__all__ = ["receiver_in", "run_all", "unused_port_url"]

ROOT = Path(__file__).parents[2]

_GRACE = 20.0
_PHONE = re.compile(r"[+0-9۰-۹][0-9۰-۹ ]{8,14}[0-9۰-۹]")


def receiver_in(request: RawRequest) -> str:
    """Return the receiver's number in a request of any form."""
    text = request.body.decode()
    if "json" in request.headers.get("content-type", ""):
        text = json.dumps(json.loads(text), ensure_ascii=False)
    else:
        text = unquote_plus(text)
    numbers = [found for found in _PHONE.findall(text) if found != "10002000"]
    return numbers[0] if numbers else ""


def run_all(log: Callable[[str], None], site: str, names: Collection[str]) -> Iterator[Record]:
    """Run every event with the named peers; the event `silence` runs concurrently with the others."""
    peers = [peer for peer in (PEERS | VARIANTS).values() if not names or peer.name in names]
    with TemporaryDirectory() as folder, start_blocking_portal() as portal, ThreadPoolExecutor(len(peers)) as pool:
        file = f"{folder}/authority.pem"
        _authority().cert_pem.write_to_path(file)
        run = partial(_run_event, portal, file, site)
        silence = EVENTS["silence"]
        log(f"silence, up to {silence.limit:.0f} seconds, concurrently with all others")
        waiting = pool.map(partial(run, silence), [peer for peer in peers if applies(silence, peer)])
        for event in EVENTS.values():
            if event is silence:
                continue
            log(event.name)
            yield from (run(event, peer) for peer in peers if applies(event, peer))
        log("waiting for the end of the silence")
        yield from waiting


_authority_lock = threading.Lock()


def _authority() -> trustme.CA:
    with _authority_lock:
        return authority()


def _run_event(portal: BlockingPortal, file: str, site: str, event: Event, peer: Peer) -> Record:
    """Run one event with one peer."""
    tls = server_tls() if peer.uses_tls else None
    with portal.wrap_async_context_manager(raw_gateway(event.handler(peer.distribution), tls=tls)) as gateway:
        job = Job(
            peer.name,
            unused_port_url(gateway.url) if event.refuses_connections else gateway.url,
            file,
            site,
            receiver=event.receiver,
            sends=event.sends,
            mode=event.mode,
            timeout=event.timeout if peer.has_timeout else None,
            limit=event.limit,
        )
        record = _in_a_process(job)
        return attrs.evolve(
            record,
            event=event.name,
            posts=len(gateway.requests),
            opened=gateway.opened,
            idempotency=any("idempotency-key" in request.headers for request in gateway.requests),
            received=receiver_in(gateway.requests[0]) if gateway.requests else "",
        )


def unused_port_url(url: str) -> str:
    """Return the URL with a loopback port that refuses connections."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"{url.rpartition(':')[0]}:{free.getsockname()[1]}"


def _in_a_process(job: Job) -> Record:
    with _process() as process:
        try:
            output, errors = process.communicate(write(job) + "\n", timeout=job.limit + _GRACE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            return Record(job.peer, "", note="still waiting", seconds=job.limit)
    lines = output.strip().splitlines()
    if process.returncode or not lines:
        return Record(job.peer, "", note=f"the process failed: {errors.strip().splitlines()[-1:]}")
    return read(Record, lines[-1])


@contextmanager
def _process() -> Iterator[subprocess.Popen[str]]:
    """Start a peer's process with this process's environment, without its proxies."""
    environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    with subprocess.Popen(
        [sys.executable, "-m", "tests.peers.child"],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    ) as process:
        yield process
